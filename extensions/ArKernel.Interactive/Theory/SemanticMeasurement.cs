using ArKernel.Codecs;
using ArKernel.Heads;
using ArKernel.Theory;
using ArKernel.Theory.Semantic;
using TorchSharp;
using static TorchSharp.torch;

namespace ArKernel.Interactive;

/// <summary>Measures the information that flows in a trained model, with the theory tools' types.</summary>
public static class SemanticMeasurement
{
    /// <summary>
    /// The information that a text before tells of the text after: the answer's predictions with the prompt and alone. The model must have been trained on
    /// texts that begin anywhere, or it does not know how to do without the prompt.
    /// </summary>
    /// <param name="model">A raster model with a categorical head.</param>
    /// <param name="prompts">[texts, prompt tokens] int64.</param>
    /// <param name="answers">[texts, answer tokens] int64.</param>
    /// <exception cref="ArgumentException">A shape does not fit, or the head gives no logits.</exception>
    public static SemanticFlow Flow(AutoregressiveModel model, Tensor prompts, Tensor answers)
    {
        if (prompts.dim() != 2 || answers.dim() != 2 || prompts.shape[0] != answers.shape[0])
        {
            throw new ArgumentException($"The prompts are [{string.Join(", ", prompts.shape)}] and the answers [{string.Join(", ", answers.shape)}]; they must be [texts, tokens] of as many texts.");
        }

        using DisposeScope scope = NewDisposeScope();
        return Trace(LogPredictions(model, cat([prompts, answers], 1), null, (int)prompts.shape[1]), LogPredictions(model, answers, null, 0), answers);
    }

    /// <summary>The information that a class tells of a sample, as in <see cref="Flow"/>.</summary>
    /// <param name="model">A conditional raster model with a categorical head, trained with label dropout.</param>
    /// <param name="answers">[samples, tokens] int64.</param>
    /// <param name="labels">The class of each sample.</param>
    /// <param name="noLabel">The label that stands for no class: the number of classes.</param>
    /// <exception cref="ArgumentException">A shape does not fit, or the head gives no logits.</exception>
    public static SemanticFlow FlowOfLabel(AutoregressiveModel model, Tensor answers, int[] labels, int noLabel)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor with = tensor([.. labels.Select(label => (long)label)]), without = full_like(with, noLabel);
        return Trace(LogPredictions(model, answers, with, 0), LogPredictions(model, answers, without, 0), answers);
    }

    /// <summary>
    /// What each layer has made of the text before a token, as symbols: the residual stream before the first block and after each, scaled to the unit
    /// sphere and grouped by k-means. The symbol before a token depends on nothing but the tokens before it.
    /// </summary>
    /// <param name="model">A raster model with a transformer.</param>
    /// <param name="texts">[texts, tokens] int64.</param>
    /// <param name="from">The first position counted; states before it have read less.</param>
    /// <param name="clusters">The number of symbols.</param>
    /// <param name="seed">The seed of k-means.</param>
    /// <returns>A layer: the symbols before the tokens from..end of text after text.</returns>
    /// <exception cref="ArgumentException">A shape does not fit, or the model has no transformer.</exception>
    public static IReadOnlyList<Symbols> LayerSymbols(AutoregressiveModel model, Tensor texts, int from, int clusters, int seed = 1)
    {
        using DisposeScope scope = NewDisposeScope();
        IReadOnlyList<Tensor> states = model.LayerStates(texts);
        if (states.Count == 0 || from < 0 || from >= texts.shape[1])
        {
            throw new ArgumentException(states.Count == 0
                ? $"Model '{model.GetName()}' has no transformer whose layers could be read."
                : $"Position {from} is not inside texts of {texts.shape[1]} tokens.");
        }

        return [.. states.Select(state =>
        {
            Tensor rows = nn.functional.normalize(state.narrow(1, from, state.shape[1] - from).flatten(0, 1), dim: -1);
            return new Symbols([.. CodebookClustering.Fit(rows, clusters, iterations: 15, seed).CoarseOf], clusters);
        })];
    }

    /// <summary>ln P of every token of the vocabulary at every position from one on, [samples, positions, vocabulary] in float64.</summary>
    private static Tensor LogPredictions(AutoregressiveModel model, Tensor tokens, Tensor? labels, int from)
    {
        if (model.Head is not LogitsHead head)
        {
            throw new ArgumentException($"Model '{model.GetName()}' has the head {model.Head.GetName()}, which gives no logits.");
        }

        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        bool wasTraining = model.training;
        model.eval();
        try
        {
            using Draft draft = model.DraftOf(tokens, labels);
            Tensor logits = head.Logits(model.Predict(draft, 0, (int)tokens.shape[1]));
            return logits.narrow(1, from, logits.shape[1] - from).to(ScalarType.Float64).log_softmax(-1).cpu().MoveToOuterDisposeScope();
        }
        finally
        {
            model.train(wasTraining);
        }
    }

    private static SemanticFlow Trace(Tensor with, Tensor without, Tensor answers)
    {
        Tensor places = answers.cpu().unsqueeze(2);
        return SemanticFlow.Trace(
            ToArray(with.gather(2, places).squeeze(2)),
            ToArray(without.gather(2, places).squeeze(2)),
            ToArray((with.exp() * (with - without)).sum(-1)));
    }

    private static double[,] ToArray(Tensor matrix)
    {
        double[] flat = matrix.contiguous().data<double>().ToArray();
        double[,] array = new double[matrix.shape[0], matrix.shape[1]];
        Buffer.BlockCopy(flat, 0, array, 0, flat.Length * sizeof(double));
        return array;
    }
}
