using System.Text.Json;

namespace ArKernel.Kernel.Tests;

/// <summary>What a test in <c>clients/</c> said.</summary>
internal sealed record PythonOutcome(string Test, string Outcome, string Detail);

/// <summary>The unit tests in <c>clients/</c>, which drive kernels with Debian's jupyter_client.</summary>
internal static class PythonTests
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public static PythonOutcome[] Run(Jupyter jupyter, string name, int patience)
    {
        string clients = Path.Combine(Jupyter.Root, "tests", "Kernel", "clients");
        Command run = jupyter.Run("/usr/bin/python3", [Path.Combine(clients, "run.py"), name], patience, clients);
        Assert.True(run.ExitCode == 0, $"{run.Output}\n{run.Error}");
        return [.. run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonSerializer.Deserialize<PythonOutcome>(line, Json)!)];
    }
}
