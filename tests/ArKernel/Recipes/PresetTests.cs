using ArKernel.Backbones;
using ArKernel.Codecs;
using ArKernel.Recipes;
using ArKernel.Tests.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace ArKernel.Tests.Recipes;

/// <summary>The full presets have the sizes their papers state. Models are made on the meta device, which has shapes and no memory; its setting is global.</summary>
[Collection(nameof(RunsAlone))]
public sealed class PresetTests
{
    /// <summary>The trainable parameters of a model, in millions; the frozen tokenizer is none of them.</summary>
    private static double Millions(Func<AutoregressiveModel> make)
    {
        Device device = Compute.Device, was = get_default_device();
        set_default_device(META);
        Compute.Device = META;
        try
        {
            using var scope = NewDisposeScope();
            using AutoregressiveModel model = make();
            Assert.All(model.parameters(), parameter => Assert.Equal(DeviceType.META, parameter.device_type));
            return model.parameters().Where(parameter => parameter.requires_grad).DistinctBy(parameter => parameter.Handle).Sum(parameter => parameter.numel()) / 1e6;
        }
        finally
        {
            set_default_device(was);
            Compute.Device = device;
        }
    }

    private static double Var(int depth) => Millions(() =>
        ArKernel.Recipes.Var.Compose(ArKernel.Recipes.Var.Configuration(depth), new MultiScaleQuantizer(new CodebookConfiguration(4096, 32), ScaleList.Var, 16), 1000));

    [Fact]
    public void LlamaGen_has_its_published_sizes()
    {
        Assert.Equal(343, Millions(() => LlamaGen.Compose(LlamaGen.Full, 1000)), 0.5);
        Assert.Equal(111, Millions(() => LlamaGen.Compose(LlamaGen.Configuration(16_384, 768, 12, 12, 16, 16), 1000)), 0.5);
        Assert.Equal(775, Millions(() => LlamaGen.Compose(LlamaGen.Configuration(16_384, 1280, 36, 20, 16, 16), 1000)), 0.5);
    }

    [Fact]
    public void Nar_has_its_published_sizes()
    {
        Assert.Equal(816, Millions(() => Nar.Compose(Nar.Full, [16, 16], 1000)), 0.5);
        Assert.InRange(Millions(() => Nar.Compose(LlamaGen.Configuration(16_384, 1024, 25, 16, 16, 16), [16, 16], 1000)), 369, 373);
    }

    [Fact]
    public void Var_has_its_published_sizes()
    {
        Assert.Equal(310, Var(16), 0.5);
        Assert.Equal(600, Var(20), 5.0);
        Assert.InRange(Var(24), 950, 1050);
        Assert.InRange(Var(30), 1950, 2050);
    }

    [Fact]
    public void The_second_network_of_coarse_to_fine_has_its_published_size()
    {
        (DecoderConfiguration coarse, DecoderConfiguration fine) = CoarseToFine.Full;
        Assert.Equal(343, fine.ParameterCount / 1e6 + 1, 1.5);
        Assert.Equal((512, 16_384), (coarse.VocabularySize, fine.VocabularySize));
    }

    [Fact]
    public void Token_shuffle_has_its_published_size() => Assert.InRange(Millions(() => ShuffledTokens.Compose(ShuffledTokens.Full, 128, 2, 0)), 2400, 3000);

    [Fact]
    public void Xar_has_its_published_sizes()
    {
        double Of(int layers, int channels, int heads) => Millions(() =>
            Xar.Compose(Xar.Configuration(layers, channels, heads, 16), ArKernel.Orders.GenerationOrder.Cells(16, 16, 8), 16, 1000));
        Assert.Equal(172, Of(16, 768, 12), 1.0);
        Assert.InRange(Of(32, 1024, 16), 600, 612); // 608
        Assert.InRange(Of(40, 1280, 16), 1178, 1190); // the paper's 1.1B; 18 d² a block, as in the two above, make 1.18B
    }

    /// <summary>The paper's network predicts a variance too: 16 channels more, 16 thousand parameters.</summary>
    [Fact]
    public void Mar_has_its_published_size() => Assert.Equal(208, Millions(() => Mar.Compose(Mar.Full, 256, 16, 64, 1000, 1024, 6)), 1.5);
}
