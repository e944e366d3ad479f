using ArKernel.Backbones;
using ArKernel.Codecs;
using ArKernel.Heads;
using ArKernel.Recipes;
using TorchSharp.Modules;
using static ArKernel.Tests.TestTensors;
using static TorchSharp.torch;

namespace ArKernel.Tests.Recipes;

/// <summary>A discrete system small enough to enumerate its samples.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Make">Composes it, unconditional or with classes.</param>
/// <param name="Tokens">Random samples: [batch, positions].</param>
/// <param name="All">Every possible sample.</param>
/// <param name="Calls">The model calls a sample takes.</param>
public sealed record VisualSystem(
    string Name, Func<int, AutoregressiveModel> Make, Func<ulong, long, Tensor> Tokens, Func<Tensor> All, int Calls)
{
    public override string ToString() => Name;
}

/// <summary>The discrete visual systems, tiny, for properties that all of them have.</summary>
public static class VisualSystems
{
    public static DecoderConfiguration Raster(int vocabularySize, int height, int width) =>
        LlamaGen.Configuration(vocabularySize, channels: 16, layers: 2, heads: 2, height, width) with { FeedForwardChannels = 20, Dropout = 0 };

    public static MultiScaleQuantizer Quantizer(int vocabularySize, params int[] sides) =>
        new MultiScaleQuantizer(new CodebookConfiguration(vocabularySize, 3), new ScaleList(sides), sides[^1]).Randomized(99, 0.7);

    public static CodebookClustering Clustering { get; } = CodebookClustering.Fit(tensor(new float[,] { { 0 }, { 0.1f }, { 5 }, { 5.1f } }), 2);

    public static DecoderConfiguration Scales { get; } = Var.Configuration(layers: 2, channels: 16, heads: 2);

    public static IReadOnlyList<VisualSystem> All { get; } =
    [
        Of("LlamaGen", 3, 6, 6, classes => LlamaGen.Compose(Raster(3, 2, 3), classes)),
        Of("NAR", 3, 6, 4, classes => Nar.Compose(Raster(3, 2, 3) with { Layers = 3 }, [2, 3], classes)),
        Of("NAR with heads of one depth", 3, 6, 4, classes => Nar.Compose(Raster(3, 3, 2), [3, 2], classes, extraLayers: 0)),
        Of("NAR of a video", 2, 8, 4, classes => Nar.Compose(Raster(2, 2, 4) with { Layers = 4, HeadChannels = 12, Rotary = new() { Shape = [2, 2, 2], ClassPositions = 1 } }, [2, 2, 2], classes)),
        Of("Token-Shuffle", 2, 16, 4, classes => ShuffledTokens.Compose(Raster(2, 2, 2), 4, 2, classes)),
        new("CTF", classes => CoarseToFine.Compose(Raster(2, 2, 2), Raster(4, 2, 2) with { Channels = 24 }, Clustering, classes),
            (seed, batch) => CoarseToFine.Tokens(Clustering, RandomIds(seed, 4, batch, 4)), () => CoarseToFine.Tokens(Clustering, Every(4, 4)), 5),
        Of("VAR", 3, 5, 2, classes => Var.Compose(Scales, Quantizer(3, 1, 2), classes)),
        Of("VAR of three scales", 2, 14, 3, classes => Var.Compose(Scales, Quantizer(2, 1, 2, 3), classes)),
        Of("NFIG", 3, 5, 2, classes => Var.Compose(Scales, MultiScaleQuantizer.Frequency(new CodebookConfiguration(3, 3), new ScaleList(1, 2), 2).Randomized(99, 0.7), classes)),
    ];

    public static TheoryData<string> Names => [.. All.Select(system => system.Name)];

    public static VisualSystem Named(string name) => All.Single(system => system.Name == name);

    /// <summary>Every sequence over a vocabulary: [V^positions, positions].</summary>
    public static Tensor Every(int vocabularySize, int positions) =>
        cartesian_prod([.. Enumerable.Repeat(arange(vocabularySize), positions)]).view(-1, positions);

    /// <summary>The logits of every step, all tokens being known: [batch, targets of the step, vocabulary] each.</summary>
    public static List<Tensor> TeacherForced(AutoregressiveModel model, Tensor tokens, Tensor? labels = null)
    {
        using Draft draft = model.DraftOf(tokens, labels);
        var steps = new List<Tensor>();
        for (int i = 0; i < model.Stages.Count; i++)
        {
            (int from, int to) = (model.Stages[i].FirstStep, i + 1 < model.Stages.Count ? model.Stages[i + 1].FirstStep : model.Order.StepCount);
            Tensor logits = ((LogitsHead)model.Stages[i].Head).Logits(model.Predict(draft, from, to));
            steps.AddRange(logits.split([.. Enumerable.Range(from, to - from).Select(step => (long)model.Order.Groups[step].Length)], 1));
        }

        return steps;
    }

    /// <summary>The same step by step with caches, as sampling does it.</summary>
    public static List<Tensor> StepByStep(AutoregressiveModel model, Tensor tokens, Tensor? labels = null, long? nullLabel = null)
    {
        using var draft = new Draft(model.Order, tokens, labels, nullLabel);
        var steps = new List<Tensor>();
        Stage? stage = null;
        KeyValueCache? cache = null;
        for (int step = 0, cached = 0; step < model.Order.StepCount; step++)
        {
            if (model.StageOf(step) is Stage current && current != stage)
            {
                cache?.Dispose();
                (stage, cached, cache) = (current, 0, current.Backbone.NewCache(draft.RowCount));
            }

            var prediction = new Prediction(model, draft, step, step + 1, cache, cached);
            steps.Add(prediction.Guided(((LogitsHead)stage!.Head).Logits(prediction)));
            cached = prediction.Cached;
        }

        cache?.Dispose();
        return steps;
    }

    /// <summary>Copies parameters of one model to those of another with the same names, or the names they are mapped to.</summary>
    public static void CopyTo(this nn.Module from, nn.Module to, params (string From, string To)[] renamed)
    {
        using IDisposable noGradient = no_grad();
        Dictionary<string, Parameter> target = to.named_parameters().ToDictionary(entry => entry.name, entry => entry.parameter);
        foreach ((string name, Parameter parameter) in from.named_parameters())
        {
            string other = renamed.Aggregate(name, (current, pair) => current.Replace(pair.From, pair.To, StringComparison.Ordinal));
            target[other].copy_(parameter);
        }
    }

    private static VisualSystem Of(string name, int vocabularySize, int positions, int calls, Func<int, AutoregressiveModel> make) =>
        new(name, make, (seed, batch) => RandomIds(seed, vocabularySize, batch, positions), () => Every(vocabularySize, positions), calls);
}
