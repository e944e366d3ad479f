using System.CommandLine;
using ArKernel.Compatibility;
using ArKernel.Interactive;
using ArKernel.Notebooks;
using ArKernel.Notebooks.Documents;
using ArKernel.Notebooks.Engine;
using ArKernel.Notebooks.Engine.Sharing;
using ArKernel.Notebooks.Engine.Worker;

namespace ArKernel.Cli;

/// <summary>The process that runs the user's code: this program again, with the hidden command <c>worker</c>.</summary>
internal static class Worker
{
    /// <summary>Starts a worker in the notebook's folder, as Jupyter does, so that relative paths in cells hold.</summary>
    public static async Task<ICellExecutor> StartAsync(string notebook, CancellationToken cancellationToken)
    {
        // Not the front's way to wait, but the caller's: the notebook is read meanwhile.
        await Task.Yield();
        string folder = Path.GetDirectoryName(Path.GetFullPath(notebook))!;
        return await WorkerProcess.StartAsync(Start with { WorkingDirectory = Directory.Exists(folder) ? folder : null }, cancellationToken);
    }

    /// <summary>Starts a worker in the current folder that makes itself ready for cells of a language.</summary>
    public static async Task<WorkerProcess> StartProcessAsync(string language, CancellationToken cancellationToken)
    {
        await Task.Yield();
        return await WorkerProcess.StartAsync(Start with { Arguments = [.. Start.Arguments, "--language", language] }, cancellationToken);
    }

    private static WorkerStart Start
    {
        get
        {
            string self = Environment.ProcessPath!;
            // Under 'dotnet ArKernel.Cli.dll' the program is the first argument.
            return Path.GetFileNameWithoutExtension(self).Equals("dotnet", StringComparison.OrdinalIgnoreCase)
                ? new WorkerStart(self, [typeof(Worker).Assembly.Location, "worker"])
                : new WorkerStart(self, ["worker"]);
        }
    }

    public static Command CreateCommand()
    {
        var pipe = new Argument<string>("pipe");
        var language = new Option<string>("--language") { DefaultValueFactory = _ => "csharp" };
        var command = new Command("worker", "Runs cells for another process.") { language, pipe };
        command.Hidden = true;
        command.SetAction(async (parsed, _) =>
        {
            await WorkerHost.RunAsync(parsed.GetValue(pipe)!, () => Configure(parsed.GetValue(language)!));
            return ExitCode.Success;
        });
        return command;
    }

    private static EngineOptions Configure(string language)
    {
        return new EngineOptions
        {
            Language = language,
            ReadDocument = Import,
            Tensors = new TensorExchange(TensorBytes.Describe, TensorBytes.Write, TensorBytes.Read),
            PackageAdded = PackageExtensions.LoadAsync,
            Inspector = new TensorInspector(),
            Initialize = () => Extension.Load(Show, () => Notebook.CancellationToken),
        };
    }

    private static Action<object> Show(object value)
    {
        DisplayedValue shown = Notebook.Display(value);
        return next => shown.Update(next);
    }

    /// <summary>The code of a document for <c>#!import</c>.</summary>
    private static IEnumerable<CellSubmission> Import(string path)
    {
        NotebookDocument document = NotebookFile.Load(path);
        for (int i = 0; i < document.Cells.Count; i++)
        {
            NotebookCell cell = document.Cells[i];
            if (cell.Kind == CellKind.Code)
            {
                yield return new CellSubmission(cell.Language, cell.Source, FormattableString.Invariant($"{Path.GetFileName(path)}, cell {i + 1}"));
            }
        }
    }
}
