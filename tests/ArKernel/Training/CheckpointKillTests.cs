using System.Diagnostics;
using ArKernel.Objectives;
using ArKernel.Training;

namespace ArKernel.Tests.Training;

[Collection(nameof(RunsAlone))]
public sealed class CheckpointKillTests
{
    private const string FolderVariable = "ARKERNEL_TEST_CHECKPOINTS";

    private static TrainingRun Run(string folder, int steps) =>
        new(TinyModel.Create(), new Likelihood(), new CountingBatches(), new() { Steps = steps, LearningRate = 1e-3, WarmUpSteps = 0, MinimumLearningRateFraction = 1, CheckpointPath = folder, CheckpointEvery = 1, Resume = true });

    [Fact]
    public async Task A_process_killed_while_it_writes_checkpoints_leaves_one_that_resumes_exactly()
    {
        string folder = Directory.CreateTempSubdirectory("arkernel-kill-").FullName;
        try
        {
            var random = new Random(1);
            int reached = 0;
            for (int kill = 0; kill < 3; kill++)
            {
                using Process child = Process.Start(new ProcessStartInfo(Environment.ProcessPath!)
                {
                    ArgumentList = { "-explicit", "only", "-method", "*Writes_a_checkpoint_every_step_until_it_is_killed" },
                    Environment = { [FolderVariable] = folder, ["OMP_NUM_THREADS"] = "1" },
                    UseShellExecute = false,
                    RedirectStandardOutput = true,
                    RedirectStandardError = true,
                })!;
                child.OutputDataReceived += (_, _) => { };
                child.BeginOutputReadLine();
                child.BeginErrorReadLine();

                // The child saves at every step, so that it is killed in the middle of a write more often than not.
                int before = Newest(folder);
                while (Newest(folder) < before + 20 && !child.HasExited)
                {
                    await Task.Delay(5, TestContext.Current.CancellationToken);
                }

                Assert.False(child.HasExited, "the child must still be writing");
                await Task.Delay(random.Next(30), TestContext.Current.CancellationToken);
                child.Kill();
                await child.WaitForExitAsync(TestContext.Current.CancellationToken);
                reached = Newest(folder);
            }

            TrainingRun resumed = Run(folder, reached + 5);
            Assert.Equal(TrainingEnd.Completed, resumed.Run().End);
            Assert.All(Directory.GetFileSystemEntries(folder), entry => Assert.StartsWith("step-", Path.GetFileName(entry)));

            string fresh = Path.Combine(folder, "fresh");
            TrainingRun whole = Run(fresh, reached + 5);
            whole.Run();
            Assert.Equal(whole.History.Select(step => step.Loss), resumed.History.Select(step => step.Loss));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static int Newest(string folder) =>
        Directory.GetDirectories(folder, "step-*").Select(path => int.Parse(Path.GetFileName(path)["step-".Length..])).DefaultIfEmpty(0).Max();

    [Fact(Explicit = true)]
    public void Writes_a_checkpoint_every_step_until_it_is_killed() => Run(Environment.GetEnvironmentVariable(FolderVariable)!, int.MaxValue).Run();
}
