using ArKernel.Backbones;
using ArKernel.Decoding;
using static TorchSharp.torch;

namespace ArKernel.Heads;

/// <summary>What distribution a group gets.</summary>
public abstract class Head : nn.Module
{
    /// <summary>Creates a head.</summary>
    /// <param name="name">The name shown for it.</param>
    protected Head(string name)
        : base(name)
    {
    }

    /// <summary>The negative log-likelihood of tokens.</summary>
    /// <param name="hidden">[batch, time, channels] from the backbone.</param>
    /// <param name="tokens">[batch, time].</param>
    /// <returns>[batch, time], in nats.</returns>
    public abstract Tensor NegativeLogLikelihood(Tensor hidden, Tensor tokens);

    /// <summary>Draws a group.</summary>
    /// <param name="hidden">[batch, time, channels] from the backbone.</param>
    /// <param name="unconditional">The same without the condition, to be guided away from; or null.</param>
    /// <param name="history">[batch, generated] the tokens so far, for penalties.</param>
    /// <param name="options">How to draw.</param>
    /// <param name="generator">The source of randomness.</param>
    /// <returns>[batch, time].</returns>
    public abstract Tensor Sample(Tensor hidden, Tensor? unconditional, Tensor history, SamplingOptions options, Generator generator);
}

/// <summary>A softmax over the vocabulary for each position.</summary>
public sealed class CategoricalHead : Head
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

    /// <summary>The logits.</summary>
    /// <param name="hidden">[batch, time, channels].</param>
    /// <returns>[batch, time, vocabulary].</returns>
    public Tensor Logits(Tensor hidden) => output.Logits(hidden);

    /// <inheritdoc/>
    public override Tensor NegativeLogLikelihood(Tensor hidden, Tensor tokens)
    {
        // cross_entropy would take −100 for a token to leave out.
        TokenEmbedding.Check(tokens, output.Weight.shape[0], nameof(CategoricalHead));
        return nn.functional.cross_entropy(Logits(hidden).flatten(0, 1), tokens.flatten(), reduction: nn.Reduction.None).view(tokens.shape);
    }

    /// <inheritdoc/>
    public override Tensor Sample(Tensor hidden, Tensor? unconditional, Tensor history, SamplingOptions options, Generator generator)
    {
        Tensor logits = Logits(hidden);
        if (unconditional is not null)
        {
            // Classifier-free guidance (Ho & Salimans 2022, eq. 6): l = l_∅ + s (l_c − l_∅).
            Tensor without = Logits(unconditional);
            logits = without + (logits - without) * options.GuidanceScale;
        }

        return LogitsSampler.Draw(logits.flatten(0, 1), history.repeat_interleave(hidden.shape[1], 0), options, generator).view(hidden.shape[0], hidden.shape[1]);
    }
}
