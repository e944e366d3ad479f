namespace ArKernel.Training;

/// <summary>What one optimizer step showed.</summary>
/// <param name="Step">The number of the step, from 0.</param>
/// <param name="Loss">The training loss before the step's update, in nats per token.</param>
/// <param name="LearningRate">The learning rate of the update.</param>
/// <param name="GradientNorm">The Euclidean norm of the whole gradient before clipping.</param>
/// <param name="TokensPerSecond">Tokens learned from, by the time the step took (evaluation, samples and checkpoints apart).</param>
/// <param name="EvaluationLoss">The loss on the evaluation batches after the update, in nats per token, where it was measured.</param>
/// <param name="Measures">What else the run watches, by name, after the update; or null.</param>
public sealed record TrainingStep(
    int Step,
    double Loss,
    double LearningRate,
    double GradientNorm,
    double TokensPerSecond,
    double? EvaluationLoss = null,
    IReadOnlyDictionary<string, double>? Measures = null);

/// <summary>Why training ended.</summary>
public enum TrainingEnd
{
    /// <summary>All steps were done.</summary>
    Completed,

    /// <summary>The evaluation loss had not improved for <see cref="TrainingOptions.Patience"/> evaluations.</summary>
    EarlyStopped,

    /// <summary>Training was cancelled.</summary>
    Cancelled,

    /// <summary>The loss or the gradient was not a finite number.</summary>
    NotANumber,
}

/// <summary>How a training run ended.</summary>
/// <param name="End">Why training ended.</param>
/// <param name="StepsDone">The number of updates made, those before a resumed checkpoint included.</param>
/// <param name="FinalLoss">The last training loss, in <see cref="LossUnit"/>; NaN when no step was made.</param>
/// <param name="BestStep">The number of updates after which the evaluation loss was best, or null without evaluation.</param>
/// <param name="BestEvaluationLoss">The best evaluation loss, in <see cref="LossUnit"/>, or null without evaluation.</param>
/// <param name="ParametersOfStep">The number of updates that the parameters now in the model have had: <paramref name="BestStep"/> when there is one.</param>
/// <param name="Seconds">The time this run took, in seconds.</param>
/// <param name="TokensPerSecond">Tokens learned from in this run, by <paramref name="Seconds"/>.</param>
/// <param name="Message">One sentence that says all this.</param>
public sealed record TrainingResult(
    TrainingEnd End,
    int StepsDone,
    double FinalLoss,
    int? BestStep,
    double? BestEvaluationLoss,
    int ParametersOfStep,
    double Seconds,
    double TokensPerSecond,
    string Message)
{
    /// <summary>What losses are measured in.</summary>
    public string LossUnit { get; init; } = "nats/token";

    /// <summary>The best evaluation loss in bits per token, or null without evaluation.</summary>
    public double? BestBitsPerToken => BestEvaluationLoss / Math.Log(2);

    /// <inheritdoc/>
    public override string ToString() => Message;
}
