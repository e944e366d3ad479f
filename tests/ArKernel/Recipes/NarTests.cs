using ArKernel.Backbones;
using ArKernel.Heads;
using ArKernel.Recipes;
using TorchSharp.Modules;
using static ArKernel.Tests.TestTensors;
using static TorchSharp.torch;

namespace ArKernel.Tests.Recipes;

public sealed class NarTests
{
    [Fact]
    public void On_a_line_with_one_head_it_is_raster_autoregression_bit_for_bit()
    {
        using var scope = NewDisposeScope();
        DecoderConfiguration shape = VisualSystems.Raster(5, 1, 6);
        AutoregressiveModel raster = LlamaGen.Compose(shape, 3).Randomized(1), nar = Nar.Compose(shape, [6], 3).Randomized(2);
        raster.CopyTo(nar, ("head.output.", "head.outputs.0."));
        Tensor tokens = RandomIds(3, 5, 4, 6), labels = RandomIds(4, 3, 4);
        AssertSame(raster.NegativeLogLikelihood(tokens, labels), nar.NegativeLogLikelihood(tokens, labels));
    }

    /// <summary>The rule on logits made by hand: the head for the right and the one below read one constant each.</summary>
    [Fact]
    public void A_token_gets_the_mean_of_the_logits_of_its_neighbours_along_the_axes()
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        foreach (int[] sides in (int[][])[[2, 2], [2, 2, 2]])
        {
            int count = sides.Aggregate((a, b) => a * b), axes = sides.Length;
            AutoregressiveModel model = Nar.Compose(VisualSystems.Raster(3, 1, count) with { HeadChannels = 12, Rotary = new() { Shape = sides, ClassPositions = 1 } }, sides, 0, extraLayers: 0).Randomized(5);
            var head = (AxisHeads)model.Head;
            Tensor tokens = RandomIds(6, 3, 2, count), hidden = model.Hidden(tokens);
            long[] sequence = model.Order.Permutation(0, model.Order.StepCount);
            List<Tensor> logits = VisualSystems.TeacherForced(model, tokens);
            Tensor flat = cat(logits, 1);
            for (int place = 0; place < count; place++)
            {
                long position = sequence[place];
                var parts = new List<Tensor>();
                for (int axis = 0; axis < axes; axis++)
                {
                    int stride = 1 << (axes - 1 - axis);
                    if (position == 0 || (position / stride) % 2 == 1)
                    {
                        int row = position == 0 ? 0 : 1 + Array.IndexOf(sequence, position - stride);
                        parts.Add(hidden.select(1, row).matmul(head.Outputs[axis].Weight.t()));
                    }
                }

                AssertNear(stack([.. parts]).mean([0]), flat.select(1, place), 1e-4);
            }
        }
    }

    [Fact]
    public void Transposing_the_image_the_heads_and_the_rotations_transposes_the_prediction()
    {
        using var scope = NewDisposeScope();
        const int side = 3;
        AutoregressiveModel model = Nar.Compose(VisualSystems.Raster(4, side, side), [side, side], 0, extraLayers: 0).Randomized(7);
        AutoregressiveModel swapped = Nar.Compose(VisualSystems.Raster(4, side, side), [side, side], 0, extraLayers: 0).Randomized(8);
        model.CopyTo(swapped, ("head.outputs.0.", "head.outputs.x."), ("head.outputs.1.", "head.outputs.0."), ("head.outputs.x.", "head.outputs.1."));
        using (no_grad())
        {
            foreach ((string name, Parameter weight) in swapped.named_parameters().Where(entry => entry.name.EndsWith("queryKeyValue.weight", StringComparison.Ordinal)))
            {
                // Of each query and key head the channels that rows rotate and those that columns rotate change places.
                long[] rows = [.. Enumerable.Range(0, 4).SelectMany(head => Enumerable.Range(0, 8).Select(channel => (long)(head * 8 + (channel + 4) % 8))), .. Enumerable.Range(32, 16).Select(row => (long)row)];
                weight.copy_(weight.index_select(0, tensor(rows)));
            }
        }

        Tensor tokens = RandomIds(9, 4, 2, side * side), transposed = tokens.view(2, side, side).transpose(1, 2).reshape(2, side * side);
        Tensor expected = ByPosition(model, tokens).view(2, side, side).transpose(1, 2).reshape(2, side * side);
        AssertNear(expected, ByPosition(swapped, transposed), 1e-4);

        static Tensor ByPosition(AutoregressiveModel model, Tensor tokens) =>
            zeros(tokens.shape).scatter(1, tensor(model.Order.Permutation(0, model.Order.StepCount)).expand(tokens.shape), model.NegativeLogLikelihood(tokens));
    }
}
