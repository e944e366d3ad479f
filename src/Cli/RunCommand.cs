using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace ArKernel.Cli;

/// <summary><c>arkernel run</c>: executes a notebook and writes it with its outputs.</summary>
internal static class RunCommand
{
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
        var timeout = new Option<TimeSpan?>("--timeout") { Description = "The time a cell may take.", HelpName = "seconds", CustomParser = ParseSeconds };
        var noSave = new Option<bool>("--no-save") { Description = "Do not write the executed notebook." };
        var writeLock = new Option<bool>("--lock") { Description = "Write the lock of the packages that the run used, with hashes, into the notebook's metadata." };
        var locked = new Option<bool>("--locked") { Description = "Run with exactly the packages of the notebook's lock, or not at all." };
        var quiet = new Option<bool>("--quiet", "-q") { Description = "Print errors only." };
        var command = new Command("run", "Executes a notebook; exits with 0 when all cells succeeded, 1 when one failed or the packages differ from the lock, 2 for wrong usage or an unreadable notebook, 130 when interrupted.")
        {
            notebook, parameter, output, inPlace, html, timeout, noSave, writeLock, locked, quiet,
        };
        command.Validators.Add(result =>
        {
            if (Convert.ToInt32(result.GetValue(inPlace)) + Convert.ToInt32(result.GetValue(noSave)) + (result.GetValue(output) is null ? 0 : 1) > 1)
            {
                result.AddError("--output, --in-place and --no-save exclude each other.");
            }

            if (result.GetValue(inPlace) && result.GetValue(notebook) is { } path && !path.EndsWith(".ipynb", StringComparison.OrdinalIgnoreCase))
            {
                result.AddError("--in-place needs an .ipynb: other formats have no place for outputs. Use --output.");
            }

            if (result.GetValue(writeLock) && result.GetValue(locked))
            {
                result.AddError("--lock and --locked exclude each other: one makes the lock anew, the other keeps to it.");
            }

            if ((result.GetValue(writeLock) || result.GetValue(locked)) && result.GetValue(notebook) is { } source && !source.EndsWith(".ipynb", StringComparison.OrdinalIgnoreCase))
            {
                result.AddError("--lock and --locked need an .ipynb: other formats have no place for a lock.");
            }

            if (result.GetValue(output) is { } file && !file.EndsWith(".ipynb", StringComparison.OrdinalIgnoreCase))
            {
                result.AddError("--output takes the name of an .ipynb: other formats have no place for outputs.");
            }
        });
        command.SetAction((parsed, _) =>
        {
            string path = parsed.GetValue(notebook)!;
            return new NotebookRun(
                path,
                parsed.GetValue(parameter) ?? [],
                parsed.GetValue(noSave) ? null : parsed.GetValue(inPlace) ? path : parsed.GetValue(output) ?? DefaultOutput(path),
                parsed.GetValue(html),
                parsed.GetValue(timeout),
                parsed.GetValue(writeLock) ? LockUse.Write : parsed.GetValue(locked) ? LockUse.Hold : LockUse.None,
                parsed.GetValue(quiet)).RunAsync();
        });
        return command;
    }

    private static TimeSpan? ParseSeconds(ArgumentResult result)
    {
        string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds) && seconds is > 0 and < 1e9)
        {
            return TimeSpan.FromSeconds(seconds);
        }

        result.AddError($"--timeout takes a number of seconds above 0, not '{text}'.");
        return null;
    }

    /// <summary>Beside the notebook, so that its relative links hold; a notebook that is a result already is written over.</summary>
    private static string DefaultOutput(string notebook) =>
        notebook.EndsWith(".executed.ipynb", StringComparison.OrdinalIgnoreCase) ? notebook : Path.ChangeExtension(notebook, ".executed.ipynb");
}
