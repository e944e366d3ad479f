using ArKernel.Heads.Flow;
using static TorchSharp.torch;

namespace ArKernel.Decoding;

/// <summary>
/// Tokens that sampling keeps: whatever is drawn at their positions is replaced before the next group is predicted. Of a model with scales
/// this is VAR's zero-shot in- and out-painting, for binary masks give the same whether tokens or their vectors are replaced.
/// </summary>
/// <param name="Tokens">[batch, positions] int64 or [batch, positions, token channels], by position.</param>
/// <param name="Keep">[batch, positions] bool, true where the token is known.</param>
public sealed record KnownTokens(Tensor Tokens, Tensor Keep);

/// <summary>
/// How tokens are drawn. The filters apply in the order penalties, temperature, top-k, top-p, min-p, typical; each keeps at least one
/// token. The defaults draw from the model's own distribution.
/// </summary>
public sealed record SamplingOptions
{
    /// <summary>Divides the logits (τ); 0 takes the most likely token.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Keeps the k most likely tokens; 0 keeps all.</summary>
    public int TopK { get; init; }

    /// <summary>Keeps the most likely tokens whose predecessors' mass is below p (nucleus sampling, Holtzman et al. 2020); 1 keeps all.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Keeps tokens of at least this fraction of the largest probability; 0 keeps all.</summary>
    public double MinP { get; init; }

    /// <summary>Keeps this mass of the tokens whose information is nearest the entropy (Meister et al. 2023); 1 keeps all.</summary>
    public double Typical { get; init; } = 1;

    /// <summary>Divides positive logits of tokens seen and multiplies negative ones (Keskar et al. 2019); 1 does nothing.</summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>Bans a token that would complete a sequence of this many tokens a second time; 0 bans none.</summary>
    public int NoRepeatNGram { get; init; }

    /// <summary>How far to go from the unconditional towards and beyond the conditional logits (s): l_∅ + s (l_c − l_∅); 1 is the conditional model.</summary>
    public double GuidanceScale { get; init; } = 1;

    /// <summary>How the guidance grows with the steps.</summary>
    public GuidanceSchedule GuidanceSchedule { get; init; } = Guidance.Constant;

    /// <summary>Steps of the solver for every group of continuous tokens.</summary>
    public int FlowSteps { get; init; } = 25;

    /// <summary>The solver for continuous tokens.</summary>
    public FlowSolver FlowSolver { get; init; } = FlowSolver.Heun;

    /// <summary>Tokens that are known beforehand, for in-painting and editing; or null.</summary>
    public KnownTokens? Known { get; init; }

    /// <summary>Determines every draw.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Whether keys and values of earlier steps are kept; without, every step sees the whole sequence again.</summary>
    public bool UseCache { get; init; } = true;

    /// <summary>
    /// Tokens after which a row is finished, such as an end of text: it repeats that token while other rows go on, and sampling ends early
    /// once all are finished. Raster order only; tokens of the prompt stop nothing.
    /// </summary>
    public IReadOnlyList<long> StopTokens { get; init; } = [];

    /// <summary>Called after each step with the number of steps done.</summary>
    public Action<int>? StepCompleted { get; init; }

    /// <summary>The most likely token at every step.</summary>
    public static SamplingOptions Greedy { get; } = new() { Temperature = 0 };

    internal bool HasPenalties => RepetitionPenalty != 1 || NoRepeatNGram > 0;

    internal void Validate()
    {
        Require(Temperature >= 0 && double.IsFinite(Temperature), nameof(Temperature), Temperature, "finite and at least 0");
        Require(TopK >= 0, nameof(TopK), TopK, "at least 0");
        Require(TopP is > 0 and <= 1, nameof(TopP), TopP, "in (0, 1]");
        Require(MinP is >= 0 and <= 1, nameof(MinP), MinP, "in [0, 1]");
        Require(Typical is > 0 and <= 1, nameof(Typical), Typical, "in (0, 1]");
        Require(RepetitionPenalty > 0 && double.IsFinite(RepetitionPenalty), nameof(RepetitionPenalty), RepetitionPenalty, "positive and finite");
        Require(NoRepeatNGram >= 0, nameof(NoRepeatNGram), NoRepeatNGram, "at least 0");
        Require(FlowSteps >= 1, nameof(FlowSteps), FlowSteps, "at least 1");
        Require(double.IsFinite(GuidanceScale), nameof(GuidanceScale), GuidanceScale, "finite");
    }

    private static void Require(bool holds, string name, double value, string what)
    {
        if (!holds)
        {
            throw new ArgumentException($"SamplingOptions.{name} is {value}; it must be {what}.");
        }
    }
}
