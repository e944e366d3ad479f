using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using ArKernel.Notebooks.Documents;
using ArKernel.Notebooks.Engine;
using ArKernel.Notebooks.Packages;

namespace ArKernel.Cli;

/// <summary>What a run does with the lock of a notebook's packages.</summary>
internal enum LockUse
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Makes it anew.</summary>
    Write,

    /// <summary>Keeps to it.</summary>
    Hold,
}

/// <summary>One run of a notebook from the command line: signals, progress, messages, files.</summary>
/// <param name="notebook">The notebook's path.</param>
/// <param name="parameters">Texts <c>name=value</c>.</param>
/// <param name="output">Where the executed notebook goes; null for nowhere.</param>
/// <param name="html">Where the page goes; null for nowhere.</param>
/// <param name="timeout">The time a cell may take; null for no limit.</param>
/// <param name="lockUse">What to do with the lock of the notebook's packages.</param>
/// <param name="quiet">Whether to print errors only.</param>
internal sealed class NotebookRun(string notebook, string[] parameters, string? output, string? html, TimeSpan? timeout, LockUse lockUse, bool quiet)
{
    /// <summary>Runs and answers the exit code.</summary>
    public async Task<int> RunAsync()
    {
        using var interrupt = new CancellationTokenSource();
        void OnSignal(PosixSignalContext context)
        {
            // The first asks the cell to stop and lets the outputs be written; the second is the user's last word.
            context.Cancel = !interrupt.IsCancellationRequested;
            interrupt.Cancel();
        }

        using var onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        using var onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(interrupt.Token);
        Task<ICellExecutor> worker = Worker.StartAsync(notebook, giveUp.Token); // starts while the notebook is read
        try
        {
            NotebookDocument document = NotebookFile.Load(notebook);
            if (parameters.Length > 0)
            {
                NotebookParameters.Inject(document, parameters, notebook);
            }

            if (!CanWrite(output) || !CanWrite(html) || (lockUse == LockUse.Hold && !await HoldAsync(document, worker, interrupt.Token)))
            {
                return interrupt.IsCancellationRequested ? ExitCode.Interrupted : ExitCode.Failure;
            }

            return await RunAsync(document, worker, interrupt.Token);
        }
        catch (DocumentException error)
        {
            await Console.Error.WriteLineAsync(error.Message);
            return ExitCode.Usage;
        }
        finally
        {
            await giveUp.CancelAsync(); // a worker still starting is not waited for
            await StopAsync(worker);
        }
    }

    private async Task<int> RunAsync(NotebookDocument document, Task<ICellExecutor> worker, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        RunResult result;
        await using (RunProgressDisplay display = RunProgressDisplay.Create(quiet))
        {
            result = await new NotebookRunner(document, timeout, display.Show).RunAsync(worker, cancellationToken);
        }

        if (result.Outcome != RunOutcome.Succeeded)
        {
            string line = result.Error?.Line is { } number ? $", line {number}" : "";
            // A compile error's name says nothing that its own 'CS0103' does not say better.
            string name = result.Error is { Name: not "CompilationError" } other ? other.Name + ": " : "";
            await Console.Error.WriteLineAsync($"{notebook}: cell {result.CellNumber}{line}: {name}{result.Error?.Message}");
        }

        if (lockUse == LockUse.Write && result.Outcome == RunOutcome.Succeeded)
        {
            await WriteLockAsync(document, await worker);
        }

        bool written = Write(document, RunProgressDisplay.Seconds(Stopwatch.GetElapsedTime(start)));
        return result.Outcome switch
        {
            RunOutcome.Interrupted => ExitCode.Interrupted,
            RunOutcome.Succeeded when written => ExitCode.Success,
            _ => ExitCode.Failure,
        };
    }

    /// <summary>Into the executed notebook, and into the one it was made from, of which nothing else changes.</summary>
    private async Task WriteLockAsync(NotebookDocument document, ICellExecutor worker)
    {
        JsonNode made = await NotebookLock.WriteAsync(document, worker);
        if (output != notebook)
        {
            NotebookDocument source = NotebookFile.Load(notebook);
            NotebookLock.Put(source, made);
            NotebookFile.Save(source, notebook);
        }
    }

    /// <summary>Restores what the lock says; false, with the reasons printed, when that is not what there is.</summary>
    private async Task<bool> HoldAsync(NotebookDocument document, Task<ICellExecutor> worker, CancellationToken cancellationToken)
    {
        LockCheck check;
        try
        {
            check = await NotebookLock.HoldAsync(document, notebook, await worker, cancellationToken);
        }
        catch (Exception error) when (error is RequestException or InvalidOperationException or OperationCanceledException)
        {
            await Console.Error.WriteLineAsync($"{notebook}: the packages could not be checked against the lock: {error.Message}");
            return false;
        }

        IEnumerable<string> lines = check.Differences.Select(d => "not as locked: " + d).Concat(quiet && check.Differences.Count == 0 ? [] : check.Notes);
        foreach (string line in check.Differences.Count == 0 ? lines : lines.Append("no cell was run. 'arkernel run --lock' makes the lock anew."))
        {
            await Console.Error.WriteLineAsync($"{notebook}: {line}");
        }

        return check.Differences.Count == 0;
    }

    private bool Write(NotebookDocument document, string time)
    {
        bool written = true;
        if (output is not null)
        {
            written = TryWrite(output, () => NotebookFile.Save(document, output));
            if (!written)
            {
                // A run may have taken hours: keep it somewhere.
                string rescue = Path.Join(Path.GetTempPath(), $"{Path.GetFileNameWithoutExtension(output)}.{Environment.ProcessId}.ipynb");
                if (TryWrite(rescue, () => NotebookFile.Save(document, rescue), announce: false))
                {
                    Console.Error.WriteLine($"{notebook}: the executed notebook was written to {rescue} instead.");
                }
            }
        }

        if (html is not null)
        {
            written &= TryWrite(html, () => HtmlPage.Write(document, notebook, html));
        }

        return written;

        bool TryWrite(string path, Action write, bool announce = true)
        {
            try
            {
                write();
                if (announce && !quiet)
                {
                    Console.WriteLine($"{path} written after {time}");
                }

                return true;
            }
            catch (DocumentException error)
            {
                Console.Error.WriteLine(error.Message);
                return false;
            }
        }
    }

    /// <summary>Finds out before the run what would be a pity to find out after it.</summary>
    private static bool CanWrite(string? path)
    {
        if (path is null || path.StartsWith("/dev/", StringComparison.Ordinal))
        {
            return true;
        }

        string? folder = Path.GetDirectoryName(Path.GetFullPath(path));
        string probe = Path.Join(folder, $".{Guid.NewGuid():N}.tmp");
        try
        {
            using var file = new FileStream(probe, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"{path}: nothing can be written in the folder '{folder}': {error.Message} Choose another place with --output, or --no-save.");
            return false;
        }
    }

    private static async Task StopAsync(Task<ICellExecutor> worker)
    {
        try
        {
            await using ICellExecutor _ = await worker;
        }
        catch (Exception error)
        {
            Debug.WriteLine(error); // a worker that did not start, or went down: the run has said so
        }
    }
}
