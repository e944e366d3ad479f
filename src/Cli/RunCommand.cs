using System.CommandLine;
using System.Diagnostics;
using System.Runtime.InteropServices;
using ArKernel.Notebooks.Documents;
using ArKernel.Notebooks.Engine;

namespace ArKernel.Cli;

/// <summary><c>arkernel run</c>: executes a notebook and writes it with its outputs.</summary>
internal sealed class RunCommand
{
    private string notebook = "";
    private string[] parameters = [];
    private string? output;
    private string? html;
    private TimeSpan? timeout;
    private bool quiet;

    public static Command Create()
    {
        var notebook = new Argument<string>("notebook") { Description = "The notebook: .ipynb, .dib or a file-based app .cs." };
        var parameter = new Option<string[]>("-p", "--parameter")
        {
            Description = "Sets a variable of the cell tagged 'parameters'; may be repeated.", HelpName = "name=value", AllowMultipleArgumentsPerToken = false,
        };
        var output = new Option<string?>("--output", "-o") { Description = "Where to write the executed notebook; by default NAME.executed.ipynb beside it.", HelpName = "file.ipynb" };
        var inPlace = new Option<bool>("--in-place") { Description = "Write the outputs into the notebook itself." };
        var html = new Option<string?>("--html") { Description = "Also write a self-contained web page.", HelpName = "file.html" };
        var timeout = new Option<double?>("--timeout") { Description = "The time a cell may take.", HelpName = "seconds" };
        var noSave = new Option<bool>("--no-save") { Description = "Do not write the executed notebook." };
        var quiet = new Option<bool>("--quiet", "-q") { Description = "Print errors only." };
        var command = new Command("run", "Executes a notebook; exits with 0 when all cells succeeded, 1 when one failed, 2 for wrong usage or an unreadable notebook, 130 when interrupted.")
        {
            notebook, parameter, output, inPlace, html, timeout, noSave, quiet,
        };
        command.Validators.Add(result =>
        {
            if (Convert.ToInt32(result.GetValue(inPlace)) + Convert.ToInt32(result.GetValue(noSave)) + (result.GetValue(output) is null ? 0 : 1) > 1)
            {
                result.AddError("--output, --in-place and --no-save exclude each other.");
            }

            if (result.GetResult(timeout) is { Errors: not null } given && !given.Errors.Any() && result.GetValue(timeout) is { } seconds && seconds is not (> 0 and < 1e9))
            {
                result.AddError("--timeout takes a number of seconds above 0.");
            }

            if (result.GetValue(inPlace) && result.GetValue(notebook) is { } path && !path.EndsWith(".ipynb", StringComparison.OrdinalIgnoreCase))
            {
                result.AddError("--in-place needs an .ipynb: other formats have no place for outputs. Use --output.");
            }

            if (result.GetValue(output) is { } file && !file.EndsWith(".ipynb", StringComparison.OrdinalIgnoreCase))
            {
                result.AddError("--output takes the name of an .ipynb: other formats have no place for outputs.");
            }
        });
        command.SetAction((parsed, _) =>
        {
            string path = parsed.GetValue(notebook)!;
            var run = new RunCommand
            {
                notebook = path,
                parameters = parsed.GetValue(parameter) ?? [],
                output = parsed.GetValue(noSave) ? null : parsed.GetValue(inPlace) ? path : parsed.GetValue(output) ?? DefaultOutput(path),
                html = parsed.GetValue(html),
                timeout = parsed.GetValue(timeout) is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
                quiet = parsed.GetValue(quiet),
            };
            return run.RunAsync();
        });
        return command;
    }

    /// <summary>Beside the notebook, so that its relative links hold; a notebook that is a result already is written over.</summary>
    private static string DefaultOutput(string notebook) =>
        notebook.EndsWith(".executed.ipynb", StringComparison.OrdinalIgnoreCase) ? notebook : Path.ChangeExtension(notebook, ".executed.ipynb");

    private async Task<int> RunAsync()
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
        Task<ICellExecutor> worker = Worker.StartAsync(notebook, interrupt.Token); // starts while the notebook is read
        try
        {
            NotebookDocument document = NotebookFile.Load(notebook);
            if (parameters.Length > 0)
            {
                NotebookParameters.Inject(document, parameters, notebook);
            }

            return CanWrite(output) && CanWrite(html) ? await RunAsync(document, worker, interrupt.Token) : ExitCode.Failure;
        }
        catch (DocumentException error)
        {
            await Console.Error.WriteLineAsync(error.Message);
            return ExitCode.Usage;
        }
        finally
        {
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

        bool written = Write(document, RunProgressDisplay.Seconds(Stopwatch.GetElapsedTime(start)));
        return result.Outcome switch
        {
            RunOutcome.Interrupted => ExitCode.Interrupted,
            RunOutcome.Succeeded when written => ExitCode.Success,
            _ => ExitCode.Failure,
        };
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
                TryWrite(rescue, () => NotebookFile.Save(document, rescue), always: true);
            }
        }

        if (html is not null)
        {
            written &= TryWrite(html, () => HtmlPage.Write(document, notebook, html));
        }

        return written;

        bool TryWrite(string path, Action write, bool always = false)
        {
            try
            {
                write();
                if (!quiet || always)
                {
                    (always ? Console.Error : Console.Out).WriteLine($"{path} written after {time}");
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
