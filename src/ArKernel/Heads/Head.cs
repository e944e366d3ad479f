using ArKernel.Decoding;
using static TorchSharp.torch;

namespace ArKernel.Heads;

/// <summary>What a head's negative log-likelihood is.</summary>
public enum LikelihoodKind
{
    /// <summary>That of the model, exactly.</summary>
    Exact,

    /// <summary>An upper bound on it (a variational one, in expectation over the noise drawn).</summary>
    Bound,

    /// <summary>Not to be had: the head is trained by another loss.</summary>
    None,
}

/// <summary>What distribution a group gets.</summary>
public abstract class Head : nn.Module
{
    /// <summary>Creates a head.</summary>
    /// <param name="name">The name shown for it.</param>
    protected Head(string name)
        : base(name)
    {
    }

    /// <summary>The channels of a continuous token; 0 for discrete ones.</summary>
    public virtual int TokenChannels => 0;

    /// <summary>What <see cref="NegativeLogLikelihood"/> gives.</summary>
    public virtual LikelihoodKind Likelihood => LikelihoodKind.Exact;

    /// <summary>What training minimises: the negative log-likelihood, or what stands for it.</summary>
    /// <param name="prediction">The tokens to score, which are known, and what the model makes of those before.</param>
    /// <returns>[batch, targets], in nats where it is a likelihood.</returns>
    public abstract Tensor Loss(Prediction prediction);

    /// <summary>The negative log-likelihood of tokens, or a bound: see <see cref="Likelihood"/>.</summary>
    /// <param name="prediction">The tokens to score, which are known, and what the model makes of those before.</param>
    /// <returns>[batch, targets], in nats.</returns>
    public virtual Tensor NegativeLogLikelihood(Prediction prediction) => Loss(prediction);

    /// <summary>Draws a group.</summary>
    /// <param name="prediction">The one step to draw.</param>
    /// <param name="options">How to draw.</param>
    /// <param name="generator">The source of randomness.</param>
    /// <returns>[batch, targets] int64, or [batch, targets, token channels].</returns>
    public abstract Tensor Sample(Prediction prediction, SamplingOptions options, Generator generator);
}
