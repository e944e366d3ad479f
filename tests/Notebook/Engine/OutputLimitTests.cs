using System.Text.RegularExpressions;
using ArKernel.Notebooks.Engine;
using ArKernel.Notebooks.Engine.Worker;

namespace ArKernel.Notebooks.Tests.Engine;

[Collection("engine")] // its texts would count in the test that measures the process
public class OutputLimitTests
{
    [Fact]
    public async Task Text_beyond_the_limit_goes_to_a_private_file_that_the_last_line_names()
    {
        await using WorkerProcess worker = await WorkerProcess.StartAsync(WorkerTests.Start);
        CellRun run = new(worker);
        CellOutcome outcome = await run.RunAsync("string line = new string('a', 998) + \"é\\n\"; for (int i = 0; i < 25_000; i++) Console.Write(line); Console.Error.Write(\"the end\");");
        Assert.True(outcome.Succeeded);
        Assert.Equal(CellOutput.StreamLimit, outcome.StandardOutput.Length);
        Match note = Regex.Match(outcome.StandardError, @"10,000,000 characters of text\. 15,000,007 more are in the file (?<path>\S+)\.\]", RegexOptions.None, TimeSpan.FromSeconds(1));
        Assert.True(note.Success, outcome.StandardError);
        string path = note.Groups["path"].Value;
        try
        {
            string rest = await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken);
            Assert.Equal(15_000_007, rest.Length);
            Assert.EndsWith("aé\nthe end", rest, StringComparison.Ordinal);
            Assert.True(OperatingSystem.IsWindows() || File.GetUnixFileMode(path) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
        }
        finally
        {
            File.Delete(path);
        }

        Assert.Equal("2", (await run.RunAsync("1 + 1")).Result);
    }

    [Fact]
    public async Task A_million_lines_are_a_few_events_in_order()
    {
        await using WorkerProcess worker = await WorkerProcess.StartAsync(WorkerTests.Start);
        CellOutcome outcome = await new CellRun(worker).RunAsync("for (int i = 0; i < 1_000_000; i++) Console.WriteLine(i);");
        Assert.Equal(string.Concat(Enumerable.Range(0, 1_000_000).Select(i => $"{i}\n")), outcome.StandardOutput);
        Assert.True(outcome.Events.Count < 1000);
    }

    [Fact]
    public void A_file_that_cannot_be_written_costs_its_text_and_nothing_else()
    {
        OutputFile file = new(Path.Combine(Path.GetTempPath(), "no-such-folder", "output.txt"));
        file.Write("lost");
        file.Write(" too");
        Assert.Matches("^8 were lost: they could not be written to .*output.txt", file.Close()!);
        Assert.Null(file.Close());
    }
}
