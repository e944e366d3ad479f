namespace ArKernel.Decoding;

/// <summary>How far a sampling has come when a step begins.</summary>
/// <param name="Step">The step about to be predicted, from 0.</param>
/// <param name="Steps">The number of steps.</param>
/// <param name="TokensBefore">The share of the tokens that stands before the step, 0 to 1.</param>
/// <param name="TokensAfter">The share that stands after it.</param>
public readonly record struct SamplingProgress(int Step, int Steps, double TokensBefore, double TokensAfter);

/// <summary>The share of the guidance in force at a step: with share a and scale s the guidance is 1 + (s − 1) a.</summary>
/// <param name="progress">How far the sampling has come.</param>
public delegate double GuidanceSchedule(SamplingProgress progress);

/// <summary>The schedules of published systems.</summary>
public static class Guidance
{
    /// <summary>The whole guidance at every step.</summary>
    public static GuidanceSchedule Constant { get; } = _ => 1;

    /// <summary>k/(K − 1) at step k of K: none at first, all at the last (VAR, xAR); all where there is one step.</summary>
    public static GuidanceSchedule Linear { get; } = progress => progress.Steps == 1 ? 1 : progress.Step / (progress.Steps - 1.0);

    /// <summary>The share of the tokens that stand once the step is done (MAR).</summary>
    public static GuidanceSchedule LinearInTokens { get; } = progress => progress.TokensAfter;

    /// <summary>Rises with the tokens to the whole at half of them and stays (Token-Shuffle).</summary>
    public static GuidanceSchedule HalfLinear { get; } = progress => Math.Min(1, 2 * progress.TokensBefore);
}
