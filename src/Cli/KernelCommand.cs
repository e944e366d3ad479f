using System.CommandLine;
using System.Diagnostics;
using System.Runtime.InteropServices;
using ArKernel.Notebooks.Engine;
using ArKernel.Notebooks.Engine.Worker;
using ArKernel.Notebooks.Jupyter;
using ArKernel.Notebooks.LanguageServices;
using ArKernel.Notebooks.LanguageServices.CSharp;
using ArKernel.Notebooks.LanguageServices.FSharp;

namespace ArKernel.Cli;

/// <summary><c>arkernel kernel</c>: the process that a Jupyter server starts.</summary>
internal static class KernelCommand
{
    public static Command Create()
    {
        var language = new Option<string>("--language") { Description = "The language of cells that name none: csharp or fsharp.", DefaultValueFactory = _ => "csharp" };
        language.AcceptOnlyFromAmong("csharp", "fsharp");
        var connection = new Option<string>("--connection-file", "-f") { Description = "Jupyter's connection file.", Required = true };
        var command = new Command("kernel", "Serves a Jupyter front end; 'arkernel jupyter install' tells Jupyter of it.") { language, connection };
        command.SetAction((parsed, _) => RunAsync(parsed.GetValue(language)!, parsed.GetValue(connection)!));
        return command;
    }

    private static async Task<int> RunAsync(string language, string connectionFile)
    {
        void Log(string line) => Console.Error.WriteLine($"arkernel: {line}");

        try
        {
            ConnectionInformation connection = ConnectionInformation.Read(connectionFile);
            NotebookLanguageServices languages = new(language, new CSharpLanguageService(), new FSharpLanguageService());
            await using SupervisedWorker worker = new(cancellation => Worker.StartProcessAsync(language, cancellation), languages.Reset);
            await using KernelServer server = new(connection, language, worker, languages, new EngineOptions().CacheFolder, Log);
            using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal =>
            {
                signal.Cancel = true;
                server.Interrupt();
            });
            using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
            {
                signal.Cancel = true;
                server.Stop();
            });
            using Timer parent = WatchParent(server.Stop);
            _ = languages.LearnAsync(worker);
            _ = languages.WarmUpAsync();
            await server.RunAsync();
            return ExitCode.Success;
        }
        catch (JupyterException exception)
        {
            Log(exception.Message);
            return ExitCode.Failure;
        }
    }

    /// <summary>A kernel whose server died would stay for ever: nobody would ask it to end.</summary>
    private static Timer WatchParent(Action stop)
    {
        bool watched = int.TryParse(Environment.GetEnvironmentVariable("JPY_PARENT_PID"), out int parent) && parent > 1;
        return new Timer(
            _ =>
            {
                if (watched && !IsAlive(parent))
                {
                    stop();
                }
            },
            null,
            TimeSpan.FromSeconds(1),
            TimeSpan.FromSeconds(1));
    }

    private static bool IsAlive(int id)
    {
        try
        {
            using Process process = Process.GetProcessById(id);
            return !process.HasExited;
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException)
        {
            return false;
        }
    }
}
