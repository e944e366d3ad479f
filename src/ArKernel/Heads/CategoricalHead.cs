using ArKernel.Backbones;
using ArKernel.Decoding;
using TorchSharp.Modules;
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

    /// <summary>Whether guidance applies; else sampling takes the prediction with the condition.</summary>
    protected virtual bool IsGuided => true;

    /// <summary>Leaves out tokens that cannot be, after guidance, which has to subtract finite numbers.</summary>
    /// <param name="logits">[batch, targets, vocabulary].</param>
    /// <param name="prediction">The tokens to predict.</param>
    /// <returns>The same with −∞ where a token is impossible.</returns>
    protected virtual Tensor Restrict(Tensor logits, Prediction prediction) => logits;

    /// <inheritdoc/>
    public override Tensor Loss(Prediction prediction)
    {
        Tensor logits = Restrict(Logits(prediction), prediction), tokens = prediction.Targets;
        TokenEmbedding.Check(tokens, logits.shape[^1], GetName()); // cross_entropy would take −100 for a token to leave out
        return nn.functional.cross_entropy(logits.flatten(0, 1), tokens.flatten(), reduction: nn.Reduction.None).view(tokens.shape);
    }

    /// <inheritdoc/>
    public override Tensor Sample(Prediction prediction, SamplingOptions options, Generator generator)
    {
        Tensor ofRows = Logits(prediction);
        Tensor logits = Restrict(IsGuided ? prediction.Guided(ofRows) : ofRows.narrow(0, 0, prediction.Draft.Tokens.shape[0]), prediction);
        Tensor? history = prediction.History?.repeat_interleave(logits.shape[1], 0);
        return LogitsSampler.Draw(logits.flatten(0, 1), history, options, generator).view(logits.shape[0], logits.shape[1]);
    }
}

/// <summary>A softmax over the vocabulary for each row of the backbone.</summary>
public sealed class CategoricalHead : LogitsHead
{
    private readonly TokenEmbedding output;
    private readonly Parameter? bias; // [vocabulary]

    /// <summary>Creates the head.</summary>
    /// <param name="output">[vocabulary, channels] the output matrix; the token embedding itself where it is tied.</param>
    /// <param name="hasBias">Whether a bias is added to the logits (VAR).</param>
    public CategoricalHead(TokenEmbedding output, bool hasBias = false)
        : base(nameof(CategoricalHead))
    {
        this.output = output;
        if (hasBias)
        {
            bias = new Parameter(zeros(output.Weight.shape[0]));
            bias.DetachFromDisposeScope();
        }

        RegisterComponents();
    }

    /// <summary>The logits of hidden states.</summary>
    /// <param name="hidden">[batch, time, channels].</param>
    /// <returns>[batch, time, vocabulary].</returns>
    public Tensor Logits(Tensor hidden) => bias is null ? output.Logits(hidden) : output.Logits(hidden) + bias;

    /// <inheritdoc/>
    public override Tensor Logits(Prediction prediction) => Logits(prediction.TargetRows(prediction.Hidden(), nameof(CategoricalHead)));
}
