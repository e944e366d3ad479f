using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using ArKernel.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace ArKernel.Training;

/// <summary>What a run knows beside its tensors.</summary>
internal sealed record RunState(
    int StepsDone,
    int? BestStep,
    double? BestEvaluationLoss,
    int EvaluationsSinceBest,
    TrainingOptions Options,
    string Model,
    IReadOnlyList<TrainingStep> History);

/// <summary>
/// The checkpoints of a run in a folder: one subfolder a checkpoint (<c>step-00000100</c>) with the tensors in safetensors and the rest in
/// JSON. A checkpoint is written under another name and renamed when complete, and only then is an older one removed: a process killed at
/// any moment leaves the newest complete one. There is no state of random generators to keep: each step seeds them from its number.
/// </summary>
internal sealed class Checkpoint
{
    private const string TensorsFile = "tensors.safetensors";
    private const string StateFile = "run.json";
    private const string StepPrefix = "step-";
    private const string UnfinishedPrefix = ".unfinished-";
    private const int Kept = 2;

    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    private readonly string folder;
    private readonly nn.Module model;
    private readonly FlatParameters parameters;
    private readonly FlatAdamW optimizer;
    private readonly BestState? best;

    internal Checkpoint(string folder, nn.Module model, FlatParameters parameters, FlatAdamW optimizer, BestState? best)
    {
        (this.folder, this.model, this.parameters, this.optimizer, this.best) = (folder, model, parameters, optimizer, best);
        Directory.CreateDirectory(folder);
        foreach (string unfinished in Directory.GetDirectories(folder, UnfinishedPrefix + "*"))
        {
            Directory.Delete(unfinished, recursive: true); // of a process that was killed
        }

        NewestStep = Steps().Select(step => (int?)step).LastOrDefault();
    }

    /// <summary>The number of updates of the newest checkpoint, or null.</summary>
    internal int? NewestStep { get; private set; }

    internal void Save(RunState state)
    {
        string unfinished = Path.Combine(folder, UnfinishedPrefix + Guid.NewGuid().ToString("N"));
        Directory.CreateDirectory(unfinished);
        using (DisposeScope scope = NewDisposeScope())
        {
            SafeTensors.Write(Path.Combine(unfinished, TensorsFile), Tensors(includeBest: state.BestStep is not null));
        }

        using (FileStream stream = File.Create(Path.Combine(unfinished, StateFile)))
        {
            JsonSerializer.Serialize(stream, state, Json);
            stream.Flush(flushToDisk: true);
        }

        Directory.Move(unfinished, FolderOf(state.StepsDone));
        NewestStep = state.StepsDone;
        foreach (int old in Steps().SkipLast(Kept))
        {
            string removed = Path.Combine(folder, UnfinishedPrefix + Guid.NewGuid().ToString("N"));
            Directory.Move(FolderOf(old), removed); // so that one half removed is never taken for a checkpoint
            Directory.Delete(removed, recursive: true);
        }
    }

    /// <summary>Puts the newest checkpoint's tensors in their places.</summary>
    internal RunState Load()
    {
        string source = FolderOf(NewestStep!.Value);
        try
        {
            RunState state = JsonSerializer.Deserialize<RunState>(File.ReadAllBytes(Path.Combine(source, StateFile)), Json)
                ?? throw new JsonException("the file is empty.");
            using DisposeScope scope = NewDisposeScope();
            using IDisposable noGradient = no_grad();
            using SafeTensors file = SafeTensors.Open(Path.Combine(source, TensorsFile));
            Dictionary<string, Tensor> places = Tensors(includeBest: best is not null && state.BestStep is not null);
            CheckSameModel(places, file, source);
            foreach ((string name, Tensor place) in places)
            {
                using Tensor value = file.Load(name);
                place.copy_(value);
            }

            return state;
        }
        catch (Exception exception) when (exception is JsonException or SafeTensorsException or IOException)
        {
            throw new CheckpointException($"The checkpoint '{source}' cannot be read: {exception.Message} Remove that folder to continue from an older one.", exception);
        }
    }

    /// <summary>Everything that is saved, by name, as views.</summary>
    private Dictionary<string, Tensor> Tensors(bool includeBest)
    {
        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        void Add(string prefix, Tensor flat)
        {
            foreach ((string name, Tensor view) in parameters.Views(flat))
            {
                tensors.Add(prefix + name, view);
            }
        }

        Add("model.", parameters.Values);
        Add("adamw.mean.", optimizer.Mean);
        Add("adamw.square.", optimizer.Square);
        foreach ((string name, Tensor value) in BestState.Fixed(model, parameters))
        {
            tensors.Add("fixed." + name, value);
        }

        if (includeBest)
        {
            Add("best.", best!.Parameters);
            foreach ((string name, Tensor value) in best.FixedCopies)
            {
                tensors.Add("best.fixed." + name, value);
            }
        }

        return tensors;
    }

    private void CheckSameModel(Dictionary<string, Tensor> places, SafeTensors file, string source)
    {
        var problems = new List<string>();
        foreach ((string name, Tensor place) in places)
        {
            if (!file.Entries.TryGetValue(name, out SafeTensorsEntry? entry))
            {
                problems.Add($"'{name}' is missing");
            }
            else if (!entry.Shape.SequenceEqual(place.shape))
            {
                problems.Add($"'{name}' is [{string.Join(", ", entry.Shape)}] in the checkpoint and [{string.Join(", ", place.shape)}] in the model");
            }
        }

        problems.AddRange(file.Entries.Keys
            .Where(name => !places.ContainsKey(name) && !name.StartsWith("best.", StringComparison.Ordinal))
            .Select(name => $"'{name}' is not in the model"));
        if (problems.Count > 0)
        {
            string more = problems.Count > 10 ? $"; and {problems.Count - 10} more" : "";
            throw new CheckpointException(
                $"The checkpoint '{source}' belongs to another model than '{model.GetName()}': {string.Join("; ", problems.Take(10))}{more}. " +
                "Build the same model, or give another CheckpointPath.");
        }
    }

    private IEnumerable<int> Steps() =>
        Directory.GetDirectories(folder, StepPrefix + "*")
            .Select(path => Path.GetFileName(path)[StepPrefix.Length..])
            .Select(digits => int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int step) ? step : -1)
            .Where(step => step >= 0)
            .Order();

    private string FolderOf(int step) => Path.Combine(folder, FormattableString.Invariant($"{StepPrefix}{step:00000000}"));
}
