using static TorchSharp.torch;

namespace ArKernel.Codecs;

/// <summary>
/// One token a latent pixel without a codebook: each channel is bounded and rounded to a few levels, and the token numbers the combination (Mentzer et al.
/// 2024, "Finite Scalar Quantization"). It cannot collapse and needs no loss of its own.
/// </summary>
public sealed class FiniteScalarQuantizer : Quantizer
{
    private const double Margin = 1e-3; // keeps the outermost level off the very end of the bounding function

    private readonly Tensor levels; // [C]
    private readonly Tensor basis; // [C]: what one level of the channel adds to the token

    /// <summary>Creates the quantizer.</summary>
    /// <param name="levels">The number of levels of each channel, at least 2; [8, 5, 5, 5] gives 1000 tokens.</param>
    /// <param name="height">Rows of the latent.</param>
    /// <param name="width">Columns of the latent.</param>
    /// <exception cref="ArgumentException">A channel has fewer than two levels, or the product exceeds 2²⁴.</exception>
    public FiniteScalarQuantizer(IReadOnlyList<int> levels, int height, int width)
        : base(nameof(FiniteScalarQuantizer), levels.Count, height, width, Product(levels), height * width)
    {
        float[] weights = new float[levels.Count];
        float weight = 1;
        for (int channel = 0; channel < levels.Count; channel++)
        {
            weights[channel] = weight;
            weight *= levels[channel];
        }

        this.levels = tensor(levels.Select(count => (float)count).ToArray()).DetachFromDisposeScope();
        basis = tensor(weights).DetachFromDisposeScope();
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Quantization Quantize(Tensor latent)
    {
        CheckLatent(latent);
        Tensor bounded = Bound(latent.permute(0, 2, 3, 1));
        Tensor rounded = bounded + (bounded.round() - bounded).detach();
        return new Quantization((rounded / Half()).permute(0, 3, 1, 2), Number(rounded.detach()), zeros(1, latent.dtype, latent.device).sum());
    }

    /// <inheritdoc/>
    public override Tensor Encode(Tensor latent)
    {
        CheckLatent(latent);
        using IDisposable noGradient = no_grad();
        return Number(Bound(latent.permute(0, 2, 3, 1)).round());
    }

    /// <inheritdoc/>
    public override Tensor Decode(Tensor tokens)
    {
        CheckTokens(tokens);
        Backbones.TokenEmbedding.Check(tokens, VocabularySize, GetName());
        Tensor digits = (tokens.unsqueeze(-1).to(ScalarType.Float32) / basis).floor().remainder(levels);
        return ToMap((digits - Half()) / Half(), tokens.shape[0], Height, Width);
    }

    /// <summary>Levels of a channel that stand below zero.</summary>
    private Tensor Half() => (levels / 2).floor();

    /// <summary>
    /// Bounds channel i to what rounds to its L_i levels: tanh scaled by (L_i − 1)/2, shifted by half a level where L_i is even, so that zero stays zero.
    /// </summary>
    private Tensor Bound(Tensor x)
    {
        Tensor half = (levels - 1) * ((1 + Margin) / 2);
        Tensor offset = where(levels.remainder(2) == 0, full_like(levels, 0.5), zeros_like(levels));
        Tensor shift = (offset / half).atanh();
        return (x + shift).tanh() * half - offset;
    }

    private Tensor Number(Tensor rounded) => ((rounded + Half()) * basis).sum(-1).round().to(ScalarType.Int64).view(-1, TokenCount);

    private static int Product(IReadOnlyList<int> levels)
    {
        long product = 1;
        foreach (int count in levels)
        {
            product *= count >= 2 ? count : throw new ArgumentException($"FiniteScalarQuantizer: the levels are {string.Join(", ", levels)}; each must be at least 2.", nameof(levels));
            if (product > 1 << 24)
            {
                throw new ArgumentException($"FiniteScalarQuantizer: the levels {string.Join(", ", levels)} give more than {1 << 24} tokens; use fewer.", nameof(levels));
            }
        }

        return (int)product;
    }
}
