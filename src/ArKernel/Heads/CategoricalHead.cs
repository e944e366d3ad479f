using ArKernel.Backbones;
using ArKernel.Decoding;
using static TorchSharp.torch;

namespace ArKernel.Heads;

/// <summary>A head that gives every token logits over a vocabulary. Those of one group are independent given the groups before.</summary>
public abstract class LogitsHead : Head
{
    /// <summary>Creates a head.</summary>
    /// <param name="name">The name shown for it.</param>
    protected LogitsHead(string name)
        : base(name)
    {
    }

    /// <summary>The logits of the tokens to predict.</summary>
    /// <param name="prediction">What the model makes of the tokens before.</param>
    /// <returns>[rows of the draft, targets, vocabulary].</returns>
    public abstract Tensor Logits(Prediction prediction);

    /// <inheritdoc/>
    public override Tensor Loss(Prediction prediction)
    {
        Tensor logits = Logits(prediction), tokens = prediction.Targets;
        TokenEmbedding.Check(tokens, logits.shape[^1], GetName()); // cross_entropy would take −100 for a token to leave out
        return nn.functional.cross_entropy(logits.flatten(0, 1), tokens.flatten(), reduction: nn.Reduction.None).view(tokens.shape);
    }

    /// <inheritdoc/>
    public override Tensor Sample(Prediction prediction, SamplingOptions options, Generator generator)
    {
        Tensor logits = prediction.Guided(Logits(prediction));
        Tensor? history = prediction.History?.repeat_interleave(logits.shape[1], 0);
        return LogitsSampler.Draw(logits.flatten(0, 1), history, options, generator).view(logits.shape[0], logits.shape[1]);
    }
}

/// <summary>A softmax over the vocabulary for each row of the backbone.</summary>
public sealed class CategoricalHead : LogitsHead
{
    private readonly TokenEmbedding output;

    /// <summary>Creates the head.</summary>
    /// <param name="output">[vocabulary, channels] the output matrix; the token embedding itself where it is tied.</param>
    public CategoricalHead(TokenEmbedding output)
        : base(nameof(CategoricalHead))
    {
        this.output = output;
        RegisterComponents();
    }

    /// <summary>The logits of hidden states.</summary>
    /// <param name="hidden">[batch, time, channels].</param>
    /// <returns>[batch, time, vocabulary].</returns>
    public Tensor Logits(Tensor hidden) => output.Logits(hidden);

    /// <inheritdoc/>
    public override Tensor Logits(Prediction prediction) => Logits(prediction.TargetRows(prediction.Hidden(), nameof(CategoricalHead)));
}
