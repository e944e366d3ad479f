using System.CommandLine;
using System.CommandLine.Help;
using ArKernel.Cli;

// No RootCommand: it would call itself after the assembly, not after the command that users type.
var root = new Command("arkernel", "Runs notebooks that build, train and sample autoregressive models.")
{
    new HelpOption { Recursive = true }, new VersionOption(),
    RunCommand.Create(), ConvertCommand.Create(), InfoCommand.Create(), CatalogCommand.Create(), KernelCommand.Create(), JupyterCommand.Create(), Worker.CreateCommand(),
};
ParseResult parsed = root.Parse(args);
if (parsed.Errors.Count > 0)
{
    foreach (var error in parsed.Errors)
    {
        await Console.Error.WriteLineAsync($"arkernel: {error.Message}");
    }

    await Console.Error.WriteLineAsync($"Try 'arkernel {(parsed.CommandResult.Command == root ? "" : parsed.CommandResult.Command.Name + " ")}--help'.");
    return ExitCode.Usage;
}

// The commands handle signals themselves: what ran must be written before the process goes.
return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false });
