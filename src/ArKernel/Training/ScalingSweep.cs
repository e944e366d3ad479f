using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ArKernel.Backbones;
using ArKernel.Data;
using ArKernel.Metrics;
using ArKernel.Objectives;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ArKernel.Training;

/// <summary>
/// Trains one recipe at several sizes, each on several budgets of tokens and so of compute, C = 6 N D: what scaling laws are fitted to. Every run
/// has its own learning-rate schedule, which ends with its budget, as a loss read in the middle of a longer schedule is too high (Hoffmann et al. 2022,
/// section 3). Finished rows are kept in a file under a digest of all that they depend on: a sweep that was ended goes on where it was, and a row
/// is never taken for one of other settings or data.
/// </summary>
public sealed class ScalingSweep
{
    private const int SampledBatches = 32; // that stand for the training data in a row's key

    private readonly Func<DecoderConfiguration, AutoregressiveModel> compose;
    private readonly Func<DecoderConfiguration, TrainingOptions> options;
    private readonly IBatchSource training;
    private readonly IBatchSource evaluation;
    private readonly int evaluationBatches;
    private readonly ScalingCache cache;
    private readonly Stopwatch clock = new();
    private readonly List<ScalingRow> rows = [];
    private readonly long tokensPerStep;
    private readonly Lazy<string> evaluationDigest;
    private long trainedTokens; // by this call of Run, the running one apart

    /// <summary>Describes the sweep; <see cref="Run"/> starts it.</summary>
    /// <param name="name">What is trained, such as <c>text</c>.</param>
    /// <param name="compose">Makes the model of a size, such as <c>NextToken.Compose</c>.</param>
    /// <param name="sizes">The shapes of the transformers.</param>
    /// <param name="budgets">The tokens each size is trained on, once for every budget; rounded up to whole batches.</param>
    /// <param name="training">What is learned from. All batches must be of one size.</param>
    /// <param name="evaluation">Held-out batches.</param>
    /// <param name="evaluationBatches">How many of them, its first ones, the loss is measured on.</param>
    /// <param name="options">How a size is trained; the steps follow from the budget, and the seed is also that of the initial weights.</param>
    /// <param name="cachePath">The file that finished rows are kept in and taken from (JSON, one row a line); null for none.</param>
    /// <exception cref="ArgumentException">There are no sizes or budgets, or a budget is not positive.</exception>
    public ScalingSweep(
        string name,
        Func<DecoderConfiguration, AutoregressiveModel> compose,
        IReadOnlyList<DecoderConfiguration> sizes,
        IReadOnlyList<long> budgets,
        IBatchSource training,
        IBatchSource evaluation,
        int evaluationBatches,
        Func<DecoderConfiguration, TrainingOptions> options,
        string? cachePath = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(evaluationBatches, 1);
        if (sizes.Count == 0 || budgets.Count == 0 || budgets.Any(budget => budget < 1))
        {
            throw new ArgumentException($"Sweep '{name}' has {sizes.Count} sizes and the budgets [{string.Join(", ", budgets)}]; there must be one of each at least, and every budget above 0.");
        }

        (Name, this.compose, Sizes, Budgets) = (name, compose, [.. sizes], [.. budgets]);
        (this.training, this.evaluation, this.evaluationBatches, this.options) = (training, evaluation, evaluationBatches, options);
        cache = new ScalingCache(cachePath);
        using Batch first = training.GetBatch(0);
        tokensPerStep = first.Tokens.numel();
        evaluationDigest = new Lazy<string>(() => Digest(evaluation, Enumerable.Range(0, evaluationBatches).Select(number => (long)number)));
    }

    /// <summary>
    /// Called as a sweep starts; what it returns is disposed when the sweep has ended or thrown. It subscribes to <see cref="Progressed"/>. The
    /// default is a line on standard error; a notebook host puts a live view in its place; null shows nothing.
    /// </summary>
    public static Func<ScalingSweep, IDisposable>? DefaultView { get; set; } = sweep => new ScalingProgressLine(sweep, Console.Error, !Console.IsErrorRedirected);

    /// <summary>What is trained.</summary>
    public string Name { get; }

    /// <summary>The shapes of the transformers.</summary>
    public IReadOnlyList<DecoderConfiguration> Sizes { get; }

    /// <summary>The tokens that each size is trained on.</summary>
    public IReadOnlyList<long> Budgets { get; }

    /// <summary>The rows so far.</summary>
    public IReadOnlyList<ScalingRow> Rows => rows;

    /// <summary>The number of rows when all is done.</summary>
    public int RowCount => Sizes.Count * Budgets.Count;

    /// <summary>The run under way, or null.</summary>
    public TrainingRun? Current { get; private set; }

    /// <summary>The share of all tokens that are trained on or known from the cache, 0 to 1.</summary>
    public double Done => Math.Min(1, (rows.Sum(row => row.Tokens) + CurrentTokens) / (double)(Sizes.Count * Budgets.Sum(TokensOf)));

    /// <summary>The time since <see cref="Run"/> began.</summary>
    public TimeSpan Elapsed => clock.Elapsed;

    /// <summary>The time still needed at the pace so far; null before the first step.</summary>
    public TimeSpan? TimeLeft => trainedTokens + CurrentTokens is var tokens and > 0
        ? clock.Elapsed / tokens * Math.Max(0, Sizes.Count * Budgets.Sum(TokensOf) - rows.Sum(row => row.Tokens) - CurrentTokens)
        : null;

    /// <summary>Raised on the training thread after every step, and when a row is done.</summary>
    public event Action? Progressed;

    private long CurrentTokens => (Current?.StepsDone ?? 0) * tokensPerStep;

    /// <summary>Trains every size on every budget, or takes the row from the cache.</summary>
    /// <param name="cancellationToken">Cancels; when it cannot, <see cref="TrainingRun.DefaultCancellation"/> gives the token. Finished rows stay in the cache.</param>
    /// <returns>A row for every size and budget, size by size.</returns>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="ArgumentException">The options gather several batches a step.</exception>
    /// <exception cref="InvalidOperationException">A loss became NaN.</exception>
    public IReadOnlyList<ScalingRow> Run(CancellationToken cancellationToken = default)
    {
        rows.Clear();
        trainedTokens = 0;
        clock.Restart();
        using IDisposable? view = DefaultView?.Invoke(this);
        foreach (DecoderConfiguration size in Sizes)
        {
            foreach (long budget in Budgets)
            {
                rows.Add(Row(size, budget, view: null, cancellationToken));
                Progressed?.Invoke();
            }
        }

        clock.Stop();
        return [.. rows];
    }

    /// <summary>Trains one size on one budget, in the sweep's grid or outside of it, or takes the row from the cache.</summary>
    /// <param name="size">The shape of the transformer.</param>
    /// <param name="budget">Tokens.</param>
    /// <param name="cancellationToken">Cancels; when it cannot, <see cref="TrainingRun.DefaultCancellation"/> gives the token.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="ArgumentException">The options gather several batches a step.</exception>
    /// <exception cref="InvalidOperationException">The loss became NaN.</exception>
    public ScalingRow Train(DecoderConfiguration size, long budget, CancellationToken cancellationToken = default) =>
        Row(size, budget, TrainingView.Default, cancellationToken);

    /// <summary>N as scaling laws count it: the weights of the backbone's linear maps, each of which multiplies every token. No embeddings, biases and gains.</summary>
    /// <param name="model">A model.</param>
    public static long ParametersOf(AutoregressiveModel model) =>
        model.Stages.Select(stage => stage.Backbone).Distinct().SelectMany(backbone => backbone.modules()).OfType<Linear>().Sum(linear => linear.weight!.numel());

    private ScalingRow Row(DecoderConfiguration size, long budget, Func<TrainingRun, IDisposable>? view, CancellationToken cancellationToken)
    {
        CancellationToken cancellation = cancellationToken.CanBeCanceled ? cancellationToken : TrainingRun.DefaultCancellation();
        TrainingOptions settings = options(size) with { Steps = (int)(TokensOf(budget) / tokensPerStep) };
        if (settings.AccumulationSteps != 1)
        {
            throw new ArgumentException($"Sweep '{Name}': AccumulationSteps is {settings.AccumulationSteps}; a sweep counts one batch a step. Make the batches larger instead.");
        }

        using DisposeScope scope = NewDisposeScope();
        manual_seed(settings.Seed).Dispose();
        using AutoregressiveModel model = compose(size);
        string key = KeyOf(size, settings, model);
        if (cache.Find(key) is ScalingRow known)
        {
            return known;
        }

        var run = new TrainingRun(model, new Likelihood(), training, settings) { View = view };
        run.StepCompleted += _ => Progressed?.Invoke();
        Current = run;
        try
        {
            TrainingResult result = run.Run(cancellation);
            if (result.End != TrainingEnd.Completed)
            {
                cancellation.ThrowIfCancellationRequested();
                throw new InvalidOperationException($"Sweep '{Name}', {size.Layers} layers of {size.Channels} channels on {budget} tokens: {result.Message}");
            }

            ScalingRow row = Measure(model, size, cancellation) with { Key = key };
            cache.Add(row);
            trainedTokens += row.Tokens;
            return row;
        }
        finally
        {
            Current = null;
        }

        ScalingRow Measure(AutoregressiveModel trained, DecoderConfiguration shape, CancellationToken token)
        {
            SequenceLosses losses = SequenceLosses.Of(trained, evaluation, evaluationBatches, cancellationToken: token);
            var row = new ScalingRow(Name, shape.Channels, shape.Layers, ParametersOf(trained), settings.Steps * tokensPerStep, Rounded(losses.Mean), Rounded(losses.StandardError))
            {
                LossByPosition = [.. losses.ByPosition.Select(Rounded)],
            };
            if (!trained.Query.IsConditional)
            {
                return row;
            }

            SequenceLosses blank = SequenceLosses.Of(trained, evaluation, evaluationBatches, blank: true, token);
            double[] gains = [.. blank.BySequence.Zip(losses.BySequence, (without, with) => (without - with) * losses.ByPosition.Count)];
            double mean = gains.Average(), variance = gains.Sum(gain => (gain - mean) * (gain - mean)) / Math.Max(1, gains.Length - 1);
            return row with { ConditionInformation = Rounded(mean), ConditionError = Rounded(Math.Sqrt(variance / gains.Length)) };
        }
    }

    private long TokensOf(long budget) => (budget + tokensPerStep - 1) / tokensPerStep * tokensPerStep;

    /// <summary>Float32 losses are not known to more digits, and a file of rows is read by people too.</summary>
    private static double Rounded(double value) => double.Parse(value.ToString("G7", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    private string KeyOf(DecoderConfiguration size, TrainingOptions settings, AutoregressiveModel model)
    {
        IEnumerable<long> sampled = Enumerable.Range(0, SampledBatches).Select(i => (long)i * settings.Steps / SampledBatches).Distinct();
        string[] parts =
        [
            Name,
            JsonSerializer.Serialize(size),
            JsonSerializer.Serialize(settings with { CheckpointPath = null, CheckpointEvery = 0, Resume = false, SampleEvery = 0 }),
            Compute.DType.ToString(),
            string.Join(';', model.named_parameters().Select(entry => $"{entry.name} [{string.Join(',', entry.parameter.shape)}]")),
            Digest(training, sampled),
            evaluationDigest.Value,
        ];
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', parts))))[..16];
    }

    private static string Digest(IBatchSource source, IEnumerable<long> numbers)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (long number in numbers)
        {
            using DisposeScope scope = NewDisposeScope();
            using Batch batch = source.GetBatch(number);
            hash.AppendData(batch.Tokens.cpu().contiguous().bytes);
            hash.AppendData(batch.Condition is null ? [] : batch.Condition.cpu().contiguous().bytes);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
