using System.Collections.Concurrent;

namespace ArKernel.Kernel.Tests;

/// <summary>
/// Debian's <c>jupyter_kernel_test</c> for both languages. The suite gives a kernel a tenth of a second for some messages, so nothing runs
/// beside it.
/// </summary>
[Collection("Alone")]
public sealed class ConformanceTests(Jupyter jupyter)
{
    private static readonly ConcurrentDictionary<string, Lazy<PythonOutcome[]>> Runs = new(StringComparer.Ordinal);

    private static readonly string[] Tests =
    [
        "test_kernel_info", "test_execute_stdout", "test_execute_stderr", "test_execute_result", "test_display_data", "test_clear_output", "test_error",
        "test_completion", "test_completion_after_emoji", "test_completion_while_a_cell_runs", "test_inspect", "test_is_complete", "test_history",
        "test_input", "test_password", "test_input_that_is_not_allowed", "test_interrupt", "test_interrupt_while_asking",
    ];

    public static MatrixTheoryData<string, string> Conformance => new(["CSharp", "FSharp"], Tests);

    [Theory]
    [MemberData(nameof(Conformance))]
    public void The_kernel_conforms(string language, string test)
    {
        PythonOutcome[] outcomes = Run(language);
        PythonOutcome? outcome = outcomes.SingleOrDefault(outcome => outcome.Test == test) ?? outcomes.FirstOrDefault(outcome => outcome.Test == "setUpClass");
        Assert.True(outcome is { Outcome: "passed" }, outcome?.Detail ?? $"{test} did not run");
    }

    [Theory]
    [InlineData("CSharp")]
    [InlineData("FSharp")]
    public void Nothing_but_the_pager_is_left_out(string language) =>
        Assert.Equal(Tests.Append("test_pager").Order(StringComparer.Ordinal), Run(language).Select(outcome => outcome.Test).Order(StringComparer.Ordinal));

    private PythonOutcome[] Run(string language)
    {
        Jupyter.RequireModule("jupyter_kernel_test");
        return Runs.GetOrAdd(language, _ => new Lazy<PythonOutcome[]>(() => PythonTests.Run(jupyter, $"conformance.{language}", patience: 300))).Value;
    }
}

/// <summary>Tests that share the machine with no other.</summary>
[CollectionDefinition("Alone", DisableParallelization = true)]
public sealed class Alone;
