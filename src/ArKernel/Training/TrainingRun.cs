using System.Diagnostics;
using ArKernel.Data;
using ArKernel.Objectives;
using TorchSharp;
using static TorchSharp.torch;

namespace ArKernel.Training;

/// <summary>
/// One training of a model: create it, call <see cref="Run"/>, and watch it through <see cref="TrainingView.Default"/> or the events.
/// A step is a pure function of the parameters, the seed and the step's number, so a run resumed from a checkpoint repeats the
/// uninterrupted run's losses exactly.
/// </summary>
public sealed class TrainingRun
{
    // A step leaves thousands of small handles behind. Left alone, the collector lets them fill a young generation as large as the
    // processor's cache (a hundred megabytes and more), and the memory of a long run looks as if it leaked.
    private const int StepsBetweenCollections = 50;

    private readonly List<TrainingStep> history = [];
    private readonly Stopwatch clock = new();
    private long tokensOfThisRun;
    private int startStep;
    private int sinceBest; // evaluations since the best one
    private bool started;

    /// <summary>Describes the training of an autoregressive model; <see cref="Run"/> starts it.</summary>
    /// <param name="model">The model, on the device it is to be trained on.</param>
    /// <param name="objective">What is minimised.</param>
    /// <param name="batches">What is learned from. Batches may stand on any device: they are moved to the model's.</param>
    /// <param name="options">How to train.</param>
    /// <param name="evaluation">Held-out batches. With them, the model ends with the parameters that did best on them.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public TrainingRun(
        AutoregressiveModel model,
        IObjective objective,
        IBatchSource batches,
        TrainingOptions options,
        IBatchSource? evaluation = null)
        : this(model, batch => objective.Loss(model, batch), batches, options, evaluation)
    {
    }

    /// <summary>Describes the training of any module, such as a tokenizer or a classifier; <see cref="Run"/> starts it.</summary>
    /// <param name="model">The module, on the device it is to be trained on.</param>
    /// <param name="loss">What is minimised: the scalar loss of a batch, differentiable with respect to the module's parameters.</param>
    /// <param name="batches">What is learned from. Batches may stand on any device: they are moved to the model's.</param>
    /// <param name="options">How to train.</param>
    /// <param name="evaluation">Held-out batches. With them, the model ends with the parameters that did best on them.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public TrainingRun(
        nn.Module model,
        Func<Batch, Tensor> loss,
        IBatchSource batches,
        TrainingOptions options,
        IBatchSource? evaluation = null)
    {
        TrainingOptions.Validate(options);
        (Model, Loss, Batches, Options, Evaluation) = (model, loss, batches, options, evaluation);
    }

    /// <summary>Gives the token that cancels a <see cref="Run"/> called without one; a notebook host sets it to its interrupt.</summary>
    public static Func<CancellationToken> DefaultCancellation { get; set; } = () => CancellationToken.None;

    /// <summary>The model being trained.</summary>
    public nn.Module Model { get; }

    /// <summary>What is minimised.</summary>
    public Func<Batch, Tensor> Loss { get; }

    /// <summary>What is learned from.</summary>
    public IBatchSource Batches { get; }

    /// <summary>Held-out batches, or null.</summary>
    public IBatchSource? Evaluation { get; }

    /// <summary>How to train.</summary>
    public TrainingOptions Options { get; }

    /// <summary>Shows the run, as <see cref="TrainingView.Default"/> does; null shows nothing.</summary>
    public Func<TrainingRun, IDisposable>? View { get; init; } = TrainingView.Default;

    /// <summary>Makes something to show every <see cref="TrainingOptions.SampleEvery"/> steps, such as a text or an image the model wrote.</summary>
    public Func<object>? Sample { get; init; }

    /// <summary>What the loss is measured in, as it is shown.</summary>
    public string LossUnit { get; init; } = "nats/token";

    /// <summary>
    /// Reads what else is worth watching after a step, by name, such as the perplexity of a codebook; it is recorded as <see cref="TrainingStep.Measures"/>.
    /// </summary>
    public Func<IReadOnlyDictionary<string, double>>? Measure { get; init; }

    /// <summary>The newest sample, or null.</summary>
    public object? LatestSample { get; private set; }

    /// <summary>The steps so far, those before a resumed checkpoint included. To be read from event handlers, or after the run.</summary>
    public IReadOnlyList<TrainingStep> History => history;

    /// <summary>The number of updates made so far.</summary>
    public int StepsDone { get; private set; }

    /// <summary>The number of updates after which the evaluation loss was best so far, or null.</summary>
    public int? BestStep { get; private set; }

    /// <summary>The best evaluation loss so far, in nats per token, or null.</summary>
    public double? BestEvaluationLoss { get; private set; }

    /// <summary>The time since <see cref="Run"/> began.</summary>
    public TimeSpan Elapsed => clock.Elapsed;

    /// <summary>The time still needed at the pace so far, or null before the first step.</summary>
    public TimeSpan? TimeLeft =>
        StepsDone > startStep ? clock.Elapsed / (StepsDone - startStep) * (Options.Steps - StepsDone) : null;

    /// <summary>How the run ended, or null while it has not.</summary>
    public TrainingResult? Result { get; private set; }

    /// <summary>Raised on the training thread after every step, evaluation included.</summary>
    public event Action<TrainingStep>? StepCompleted;

    /// <summary>Raised on the training thread when <see cref="LatestSample"/> is new.</summary>
    public event Action<object>? SampleTaken;

    /// <summary>Raised on the training thread when the run has ended and <see cref="Result"/> is set.</summary>
    public event Action<TrainingResult>? Ended;

    /// <summary>
    /// Trains to the end. Cancelling ends the run after the current step, without an exception. However the run ends, the model keeps the
    /// parameters that did best on the evaluation batches; without evaluation batches, those of the last good step.
    /// </summary>
    /// <param name="cancellationToken">Cancels; when it cannot, <see cref="DefaultCancellation"/> gives the token.</param>
    /// <returns>How it ended; <see cref="TrainingResult.End"/> says why.</returns>
    /// <exception cref="InvalidOperationException">The run was started before.</exception>
    /// <exception cref="CheckpointException">A checkpoint is unreadable, belongs to another model or run, or stands in the way.</exception>
    public TrainingResult Run(CancellationToken cancellationToken = default)
    {
        if (started)
        {
            throw new InvalidOperationException("A TrainingRun runs once; create another, with Resume = true to continue from its checkpoint.");
        }

        started = true;
        CancellationToken cancellation = cancellationToken.CanBeCanceled ? cancellationToken : DefaultCancellation();
        using DisposeScope scope = NewDisposeScope();
        using var parameters = new FlatParameters(Model);
        using var optimizer = new FlatAdamW(parameters, Options.Beta1, Options.Beta2, Options.Epsilon, Options.WeightDecay);
        BestState? best = Evaluation is null ? null : new BestState(Model, parameters);
        Checkpoint? checkpoint = Options.CheckpointPath is null ? null : new Checkpoint(Options.CheckpointPath, Model, parameters, optimizer, best);
        Resume(checkpoint);
        bool wasTraining = Model.training;
        using IDisposable? view = View?.Invoke(this);
        try
        {
            startStep = StepsDone;
            clock.Start();
            (TrainingEnd end, double loss) = Loop(parameters, optimizer, best, checkpoint, cancellation);
            clock.Stop();
            if (end != TrainingEnd.NotANumber)
            {
                Save(checkpoint);
            }

            int parametersOfStep = StepsDone;
            if (best is not null && BestStep is int bestStep && bestStep != StepsDone)
            {
                best.Restore();
                parametersOfStep = bestStep;
            }

            Result = Describe(end, loss, parametersOfStep);
            Ended?.Invoke(Result);
            return Result;
        }
        finally
        {
            Model.train(wasTraining);
        }
    }

    private void Resume(Checkpoint? checkpoint)
    {
        if (checkpoint is null || checkpoint.NewestStep is not int newest)
        {
            return;
        }

        if (!Options.Resume)
        {
            throw new CheckpointException(
                $"'{Options.CheckpointPath}' holds a checkpoint of step {newest}. Set Resume = true to continue from it, or give another CheckpointPath.");
        }

        RunState state = checkpoint.Load();
        (StepsDone, BestStep, BestEvaluationLoss, sinceBest) = (state.StepsDone, state.BestStep, state.BestEvaluationLoss, state.EvaluationsSinceBest);
        history.AddRange(state.History);
    }

    private void Save(Checkpoint? checkpoint)
    {
        if (checkpoint is not null && StepsDone > 0 && checkpoint.NewestStep != StepsDone)
        {
            checkpoint.Save(new RunState(StepsDone, BestStep, BestEvaluationLoss, sinceBest, Options, Model.GetType().Name, history));
        }
    }

    private (TrainingEnd End, double Loss) Loop(
        FlatParameters parameters,
        FlatAdamW optimizer,
        BestState? best,
        Checkpoint? checkpoint,
        CancellationToken cancellation)
    {
        double loss = history.Count > 0 ? history[^1].Loss : double.NaN;
        while (StepsDone < Options.Steps)
        {
            if (cancellation.IsCancellationRequested)
            {
                return (TrainingEnd.Cancelled, loss);
            }

            int step = StepsDone;
            long begin = Stopwatch.GetTimestamp();
            Model.train();
            using Generator dropout = manual_seed(Seeds.Mix(Options.Seed, step));
            (loss, double norm, long tokens) = Gradient(parameters, step);
            if (!double.IsFinite(loss) || !double.IsFinite(norm))
            {
                return (TrainingEnd.NotANumber, loss); // before the update: the parameters are still those of the last good step
            }

            if (IsDue(Options.CheckpointEvery) && StepsDone > startStep)
            {
                Save(checkpoint); // only now, as the loss of these parameters is known to be finite
            }

            if (norm > Options.GradientClipping)
            {
                using IDisposable noGradient = no_grad();
                parameters.Gradients.mul_(Options.GradientClipping / norm);
            }

            double learningRate = Options.LearningRateAt(step);
            optimizer.Update(step, learningRate);
            StepsDone = step + 1;
            tokensOfThisRun += tokens;
            var record = new TrainingStep(step, loss, learningRate, norm, tokens / Stopwatch.GetElapsedTime(begin).TotalSeconds, Measures: Measure?.Invoke());

            if (Evaluation is not null && (IsDue(Options.EvaluateEvery) || StepsDone == Options.Steps))
            {
                double evaluationLoss = Evaluate(Evaluation);
                record = record with { EvaluationLoss = evaluationLoss };
                if (BestEvaluationLoss is null || evaluationLoss < BestEvaluationLoss)
                {
                    (BestEvaluationLoss, BestStep, sinceBest) = (evaluationLoss, StepsDone, 0);
                    best!.Keep();
                }
                else
                {
                    sinceBest++;
                }
            }

            if (StepsDone % StepsBetweenCollections == 0)
            {
                GC.Collect(0);
            }

            history.Add(record);
            StepCompleted?.Invoke(record);
            if (Sample is not null && IsDue(Options.SampleEvery))
            {
                TakeSample(Sample);
            }

            if (Options.Patience > 0 && sinceBest >= Options.Patience)
            {
                return (TrainingEnd.EarlyStopped, loss);
            }
        }

        return (TrainingEnd.Completed, loss);
    }

    private bool IsDue(int every) => every > 0 && StepsDone % every == 0;

    /// <summary>Leaves the mean gradient of the step's batches in the flat storage. The one transfer from the device is of loss and norm together.</summary>
    private (double Loss, double GradientNorm, long Tokens) Gradient(FlatParameters parameters, int step)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor? sum = null;
        long tokens = 0;
        for (int part = 0; part < Options.AccumulationSteps; part++)
        {
            Batch batch = OnDevice(Batches.GetBatch((long)step * Options.AccumulationSteps + part));
            tokens += batch.Tokens.numel();
            Tensor loss = Loss(batch) / Options.AccumulationSteps;
            loss.backward();
            sum = sum is null ? loss.detach() : sum + loss.detach();
        }

        using IDisposable noGradient = no_grad();
        Tensor both = stack([sum!.to(ScalarType.Float32), parameters.Gradients.norm().to(ScalarType.Float32)]).cpu();
        ReadOnlySpan<float> values = both.data<float>().ToArray();
        return (values[0], values[1], tokens);
    }

    /// <summary>The mean loss over the first batches of a source, in nats per token, with dropout off.</summary>
    private double Evaluate(IBatchSource source)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        using Generator dropout = manual_seed(Seeds.Mix(Options.Seed, -1));
        Model.eval();
        Tensor? sum = null;
        for (int number = 0; number < Options.EvaluationBatches; number++)
        {
            using DisposeScope inner = NewDisposeScope();
            Tensor loss = Loss(OnDevice(source.GetBatch(number)));
            sum = (sum is null ? loss.detach().clone() : sum + loss).MoveToOuterDisposeScope();
        }

        return sum!.to(ScalarType.Float64).item<double>() / Options.EvaluationBatches;
    }

    private void TakeSample(Func<object> sample)
    {
        using IDisposable noGradient = no_grad();
        Model.eval();
        LatestSample = sample();
        SampleTaken?.Invoke(LatestSample);
    }

    private Batch OnDevice(Batch batch)
    {
        Device device = Model.parameters().First().device;
        return new Batch(batch.Tokens.to(device), batch.Condition?.to(device));
    }

    private TrainingResult Describe(TrainingEnd end, double loss, int parametersOfStep)
    {
        double seconds = clock.Elapsed.TotalSeconds;
        string how = end switch
        {
            TrainingEnd.Completed => $"Completed {StepsDone} steps",
            TrainingEnd.EarlyStopped => $"Stopped early after {StepsDone} of {Options.Steps} steps ({Options.Patience} evaluations without a new best)",
            TrainingEnd.Cancelled => $"Cancelled after {StepsDone} of {Options.Steps} steps",
            _ => $"Stopped at step {StepsDone}: the loss is {loss} or the gradient is not finite; a lower learning rate or longer warm-up usually helps",
        };
        string kept = BestStep is int best
            ? $"the model holds the parameters after step {best}, the best on the evaluation batches ({BestEvaluationLoss:0.####} {LossUnit})"
            : $"the model holds the parameters after step {parametersOfStep}";
        return new TrainingResult(
            end,
            StepsDone,
            loss,
            BestStep,
            BestEvaluationLoss,
            parametersOfStep,
            seconds,
            tokensOfThisRun / Math.Max(seconds, 1e-9),
            $"{how} in {seconds:0.0} s; {kept}.")
        {
            LossUnit = LossUnit,
        };
    }
}
