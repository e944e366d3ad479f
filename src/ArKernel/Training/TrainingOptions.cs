namespace ArKernel.Training;

/// <summary>How a model is trained. The defaults are those of small GPT-style models.</summary>
public sealed record TrainingOptions
{
    /// <summary>The number of optimizer steps.</summary>
    public int Steps { get; init; } = 1000;

    /// <summary>The learning rate after warm-up.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>Steps of linear warm-up from zero; null means a twentieth of <see cref="Steps"/>.</summary>
    public int? WarmUpSteps { get; init; }

    /// <summary>The fraction of <see cref="LearningRate"/> that the cosine decay ends at.</summary>
    public double MinimumLearningRateFraction { get; init; } = 0.1;

    /// <summary>Decoupled weight decay of AdamW, applied to matrices (two or more axes) only.</summary>
    public double WeightDecay { get; init; } = 0.1;

    /// <summary>Decay rate of the gradient's running mean (β₁).</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay rate of the squared gradient's running mean (β₂).</summary>
    public double Beta2 { get; init; } = 0.95;

    /// <summary>Added to the denominator of the update (ε).</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>The largest Euclidean norm of the whole gradient; a longer one is scaled down to it. Infinity switches clipping off.</summary>
    public double GradientClipping { get; init; } = 1.0;

    /// <summary>Batches whose mean gradient makes one step.</summary>
    public int AccumulationSteps { get; init; } = 1;

    /// <summary>Determines dropout and every other random choice of a step, together with the step's number.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Steps between evaluations; 0 evaluates after the last step only.</summary>
    public int EvaluateEvery { get; init; } = 100;

    /// <summary>The number of batches of the evaluation source that an evaluation averages over, always its first ones.</summary>
    public int EvaluationBatches { get; init; } = 8;

    /// <summary>Evaluations in a row without a new best after which training stops; 0 never stops early.</summary>
    public int Patience { get; init; }

    /// <summary>Steps between samples shown in the live view; 0 shows none.</summary>
    public int SampleEvery { get; init; }

    /// <summary>The folder that checkpoints are written to, or null for none.</summary>
    public string? CheckpointPath { get; init; }

    /// <summary>Steps between checkpoints; 0 writes one at the end only.</summary>
    public int CheckpointEvery { get; init; }

    /// <summary>Whether to continue from the newest checkpoint in <see cref="CheckpointPath"/>, where there is one.</summary>
    public bool Resume { get; init; }

    /// <summary>The learning rate of a step: linear warm-up, then half a cosine.</summary>
    /// <param name="step">The number of the step, from 0.</param>
    public double LearningRateAt(int step)
    {
        int warmUp = WarmUpSteps ?? Steps / 20;
        if (step < warmUp)
        {
            return LearningRate * (step + 1) / warmUp;
        }

        double progress = Math.Min(1, (step - warmUp) / (double)Math.Max(1, Steps - 1 - warmUp));
        double cosine = 0.5 * (1 + Math.Cos(Math.PI * progress));
        return LearningRate * (MinimumLearningRateFraction + (1 - MinimumLearningRateFraction) * cosine);
    }

    internal static void Validate(TrainingOptions options)
    {
        Require(options, options.Steps > 0, nameof(Steps), options.Steps, "positive");
        Require(options, double.IsFinite(options.LearningRate) && options.LearningRate > 0, nameof(LearningRate), options.LearningRate, "positive and finite");
        Require(options, options.WarmUpSteps is null or >= 0, nameof(WarmUpSteps), options.WarmUpSteps ?? 0, "at least 0");
        Require(options, options.MinimumLearningRateFraction is >= 0 and <= 1, nameof(MinimumLearningRateFraction), options.MinimumLearningRateFraction, "between 0 and 1");
        Require(options, options.WeightDecay >= 0, nameof(WeightDecay), options.WeightDecay, "at least 0");
        Require(options, options.Beta1 is >= 0 and < 1, nameof(Beta1), options.Beta1, "in [0, 1)");
        Require(options, options.Beta2 is >= 0 and < 1, nameof(Beta2), options.Beta2, "in [0, 1)");
        Require(options, options.Epsilon > 0, nameof(Epsilon), options.Epsilon, "positive");
        Require(options, options.GradientClipping > 0, nameof(GradientClipping), options.GradientClipping, "positive (infinity for no clipping)");
        Require(options, options.AccumulationSteps > 0, nameof(AccumulationSteps), options.AccumulationSteps, "positive");
        Require(options, options.EvaluateEvery >= 0, nameof(EvaluateEvery), options.EvaluateEvery, "at least 0");
        Require(options, options.EvaluationBatches > 0, nameof(EvaluationBatches), options.EvaluationBatches, "positive");
        Require(options, options.Patience >= 0, nameof(Patience), options.Patience, "at least 0");
        Require(options, options.SampleEvery >= 0, nameof(SampleEvery), options.SampleEvery, "at least 0");
        Require(options, options.CheckpointEvery >= 0, nameof(CheckpointEvery), options.CheckpointEvery, "at least 0");
        if (options.CheckpointPath is null && (options.Resume || options.CheckpointEvery > 0))
        {
            throw new ArgumentException("TrainingOptions: Resume and CheckpointEvery need a CheckpointPath, the folder that checkpoints stand in.", nameof(options));
        }
    }

    private static void Require(TrainingOptions options, bool holds, string name, object value, string what)
    {
        if (!holds)
        {
            throw new ArgumentException($"TrainingOptions.{name} is {value}; it must be {what}.", nameof(options));
        }
    }
}
