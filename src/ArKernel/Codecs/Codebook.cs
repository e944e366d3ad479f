using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ArKernel.Codecs;

/// <summary>How the codes follow the vectors that are assigned to them.</summary>
public enum CodebookLearning
{
    /// <summary>A code is the moving average of its vectors (van den Oord et al. 2017, appendix A.1).</summary>
    MovingAverage,

    /// <summary>A code is a parameter, and follows the gradient of ‖sg(z) − e‖² (ibid., eq. 3).</summary>
    Gradient,
}

/// <summary>What the nearest code is.</summary>
public enum CodebookGeometry
{
    /// <summary>That of least Euclidean distance.</summary>
    Euclidean,

    /// <summary>That of least angle; it is looked up as it is.</summary>
    Cosine,

    /// <summary>That of least angle; vectors and codes have unit length, and such a code is looked up (LlamaGen).</summary>
    Sphere,
}

/// <summary>The shape of a codebook, and how it learns.</summary>
/// <param name="Size">The number of codes (V).</param>
/// <param name="Channels">The channels of a code (C).</param>
public sealed record CodebookConfiguration(int Size, int Channels)
{
    /// <summary>How the codes follow their vectors.</summary>
    public CodebookLearning Learning { get; init; } = CodebookLearning.MovingAverage;

    /// <summary>What the nearest code is.</summary>
    public CodebookGeometry Geometry { get; init; } = CodebookGeometry.Euclidean;

    /// <summary>The decay rate of the moving averages, of use as of codes.</summary>
    public double Decay { get; init; } = 0.99;

    /// <summary>A code is dead when no vector was assigned to it for this many training steps.</summary>
    public int DeadAfter { get; init; } = 100;

    /// <summary>Whether a dead code is put on a random vector of the batch. The first training step places every code that it does not use so.</summary>
    public bool Revive { get; init; } = true;

    internal void Validate()
    {
        Require(Size >= 1, nameof(Size), Size, "at least 1");
        Require(Channels >= 1, nameof(Channels), Channels, "at least 1");
        Require(Decay is > 0 and < 1, nameof(Decay), Decay, "between 0 and 1");
        Require(DeadAfter >= 1, nameof(DeadAfter), DeadAfter, "at least 1");
    }

    private static void Require(bool holds, string name, object value, string what)
    {
        if (!holds)
        {
            throw new ArgumentException($"CodebookConfiguration.{name} is {value}; it must be {what}.");
        }
    }
}

/// <summary>How a codebook is used: what shows a collapse while it happens.</summary>
/// <param name="Perplexity">e to the entropy of the codes' use over the last hundred or so training steps: among how many codes the encoder seems to choose.</param>
/// <param name="DeadCodes">The codes that were dead after the last step, those that it placed anew included.</param>
/// <param name="Reinitialisations">The codes placed anew since the codebook was made, those of the first step apart.</param>
public sealed record CodebookUsage(double Perplexity, int DeadCodes, long Reinitialisations)
{
    /// <summary>The same by name, as <see cref="Training.TrainingRun.Measure"/> takes it.</summary>
    public IReadOnlyDictionary<string, double> ToMeasures() => new Dictionary<string, double>(StringComparer.Ordinal)
    {
        ["codebook perplexity"] = Perplexity,
        ["dead codes"] = DeadCodes,
        ["codes re-initialised"] = Reinitialisations,
    };
}

/// <summary>The codes of a vector quantizer: finds the nearest, looks codes up, and follows the vectors while it is in training mode.</summary>
public sealed class Codebook : nn.Module
{
    private const long MaximumDistances = 1 << 24; // computed at once: 64 MiB

    private readonly Tensor codes; // [V, C], a parameter when learned by gradient, else a buffer
    private readonly Tensor sums; // [V, C]: the moving sum of each code's vectors (m), unused when learned by gradient
    private readonly Tensor uses; // [V]: the moving number of vectors assigned to each code (N)
    private readonly Tensor idle; // [V]: training steps since a vector was assigned to the code
    private readonly Tensor reinitialisations; // [1]
    private readonly Tensor dead; // [1]

    /// <summary>Creates a codebook with codes drawn from U(−1/V, 1/V); the first training step places the unused ones on vectors of its batch.</summary>
    /// <param name="configuration">Its shape.</param>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    public Codebook(CodebookConfiguration configuration)
        : base(nameof(Codebook))
    {
        configuration.Validate();
        Configuration = configuration;
        (int size, int channels) = (configuration.Size, configuration.Channels);
        using (NewDisposeScope())
        {
            Tensor initial = (rand(size, channels) * 2 - 1) / size;
            codes = (configuration.Learning == CodebookLearning.Gradient ? new Parameter(initial) : initial).DetachFromDisposeScope();
            sums = zeros(configuration.Learning == CodebookLearning.Gradient ? 0 : size, channels).DetachFromDisposeScope();
            uses = zeros(size).DetachFromDisposeScope();
            idle = full(size, (float)configuration.DeadAfter).DetachFromDisposeScope(); // so that the first step counts unused codes as dead
            reinitialisations = full(1, -1f).DetachFromDisposeScope(); // before the first step
            dead = zeros(1).DetachFromDisposeScope();
        }

        RegisterComponents();
    }

    /// <summary>Its shape, and how it learns.</summary>
    public CodebookConfiguration Configuration { get; }

    /// <summary>[size, channels]: the codes as they are looked up, of unit length where <see cref="CodebookGeometry.Sphere"/> asks for it.</summary>
    public Tensor Codes => Configuration.Geometry == CodebookGeometry.Sphere ? Unit(codes) : codes.alias();

    /// <summary>How the codes are used; before any training the perplexity is NaN.</summary>
    public CodebookUsage Usage
    {
        get
        {
            using IDisposable noGradient = no_grad();
            using var scope = NewDisposeScope();
            Tensor share = uses.to(ScalarType.Float64) / uses.sum(ScalarType.Float64);
            double entropy = -share.xlogy(share).sum().item<double>();
            return new CodebookUsage(Math.Exp(entropy), (int)dead.item<float>(), Math.Max(0, (long)reinitialisations.item<float>()));
        }
    }

    /// <summary>Puts given codes in place, such as published ones or zero among them.</summary>
    /// <param name="values">[size, channels].</param>
    public void Set(Tensor values)
    {
        if (!values.shape.SequenceEqual(codes.shape))
        {
            throw new ArgumentException($"Codebook: the codes are [{string.Join(", ", values.shape)}]; they must be [{string.Join(", ", codes.shape)}].", nameof(values));
        }

        using IDisposable noGradient = no_grad();
        codes.copy_(values);
        sums.zero_();
        uses.zero_();
        idle.zero_();
        reinitialisations.zero_();
    }

    /// <summary>What a vector is before it is compared: itself, or of unit length where <see cref="CodebookGeometry.Sphere"/> asks for it.</summary>
    /// <param name="vectors">[..., channels].</param>
    internal Tensor Project(Tensor vectors) => Configuration.Geometry == CodebookGeometry.Sphere ? Unit(vectors) : vectors;

    /// <summary>The nearest code to each vector; of equally near ones the first.</summary>
    /// <param name="vectors">[count, channels].</param>
    /// <returns>[count] int64.</returns>
    public Tensor Nearest(Tensor vectors)
    {
        if (vectors.dim() != 2 || vectors.shape[1] != Configuration.Channels)
        {
            throw new ArgumentException($"Codebook: the vectors are [{string.Join(", ", vectors.shape)}]; they must be [count, {Configuration.Channels}].", nameof(vectors));
        }

        using IDisposable noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor compared = (Configuration.Geometry == CodebookGeometry.Euclidean ? codes : Unit(codes)).t();
        // argmin ‖z − e‖² = argmin ½‖e‖² − z·e; of unit length, argmax z·e
        Tensor offset = Configuration.Geometry == CodebookGeometry.Euclidean ? compared.square().sum(dim: 0) / 2 : zeros(1, device: codes.device);
        long rows = Math.Max(1, MaximumDistances / Configuration.Size);
        Tensor[] parts = [.. vectors.split(rows, 0).Select(part => (offset - part.matmul(compared)).argmin(1))];
        return (parts.Length == 1 ? parts[0] : cat(parts, 0)).MoveToOuterDisposeScope();
    }

    /// <summary>The codes of tokens.</summary>
    /// <param name="tokens">[...] int64.</param>
    /// <returns>[..., channels]; differentiable with respect to the codes where they are learned by gradient.</returns>
    /// <exception cref="ArgumentException">A token is not in the codebook.</exception>
    public Tensor Lookup(Tensor tokens)
    {
        // The gradient of the division by the length needs the codes as they are now; a revival before it writes into them.
        Tensor table = Configuration.Geometry == CodebookGeometry.Sphere ? Unit(codes.clone()) : codes;
        return Backbones.TokenEmbedding.Look(table, tokens, nameof(Codebook));
    }

    /// <summary>In training mode, records which codes were used, moves codes learned by moving average, and places dead codes anew.</summary>
    /// <param name="vectors">[count, channels], as they were compared.</param>
    /// <param name="tokens">[count]: the code of each.</param>
    internal void Learn(Tensor vectors, Tensor tokens)
    {
        if (!training)
        {
            return;
        }

        using IDisposable noGradient = no_grad();
        using var scope = NewDisposeScope();
        vectors = vectors.detach();
        if (!vectors.isfinite().all().item<bool>())
        {
            return; // training will stop at the loss of this batch, and the codes must stay those of the last good step
        }

        Tensor counts = bincount(tokens, minlength: Configuration.Size).to(uses.dtype);
        Tensor isUsed = counts > 0;
        idle.copy_((idle + 1).masked_fill(isUsed, 0));
        uses.mul_(Configuration.Decay).add_(counts * (1 - Configuration.Decay));
        if (Configuration.Learning == CodebookLearning.MovingAverage)
        {
            Tensor batchSums = zeros_like(sums).index_add_(0, tokens, vectors.to(sums.dtype), 1);
            sums.mul_(Configuration.Decay).add_(batchSums * (1 - Configuration.Decay));
            codes.copy_(where(isUsed.unsqueeze(1), sums / uses.clamp_min(1e-20).unsqueeze(1), codes));
        }

        ReviveDead(vectors);
    }

    private void ReviveDead(Tensor vectors)
    {
        bool isFirst = reinitialisations.item<float>() < 0;
        Tensor places = (idle >= Configuration.DeadAfter).nonzero().flatten();
        long count = places.shape[0];
        dead.fill_(isFirst && Configuration.Revive ? 0 : count);
        if (isFirst)
        {
            reinitialisations.zero_();
        }

        if (count == 0 || !Configuration.Revive)
        {
            return;
        }

        // The global generator: training seeds it from the seed and the number of the step.
        Tensor chosen = count <= vectors.shape[0]
            ? randperm(vectors.shape[0], device: vectors.device).narrow(0, 0, count)
            : randint(0, vectors.shape[0], [count], device: vectors.device);
        Tensor placed = vectors.index_select(0, chosen).to(codes.dtype);
        codes.index_copy_(0, places, placed);
        idle.index_fill_(0, places, 0);
        if (Configuration.Learning == CodebookLearning.MovingAverage)
        {
            // As if one average code's worth of vectors had been assigned, so that the next batch moves the code and does not replace it.
            Tensor weight = uses.mean().expand(count);
            uses.index_copy_(0, places, weight);
            sums.index_copy_(0, places, placed * weight.unsqueeze(1));
        }

        if (!isFirst)
        {
            reinitialisations.add_(count);
        }
    }

    private static Tensor Unit(Tensor x) => nn.functional.normalize(x, dim: -1);
}
