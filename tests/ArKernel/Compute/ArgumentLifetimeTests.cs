using static TorchSharp.torch;

namespace ArKernel.Tests.ComputePolicy;

public sealed class ArgumentLifetimeTests
{
    [Fact]
    public async Task Numbers_and_temporary_tensors_live_until_torch_has_read_them_however_often_the_collector_runs()
    {
        using var stop = new CancellationTokenSource();
        Task collector = Task.Run(
            () =>
            {
                while (!stop.IsCancellationRequested)
                {
                    GC.Collect(0);
                    GC.WaitForPendingFinalizers();
                }
            },
            TestContext.Current.CancellationToken);
        try
        {
            using Tensor one = ones(64, dtype: ScalarType.Float64);
            for (int i = 0; i < 20_000; i++)
            {
                using Tensor sum = (((one * 2.5) + one) - 0.5) / 4 + 1;
                if (i % 100 == 0)
                {
                    Assert.Equal(64 * 1.75, sum.sum().item<double>(), 12);
                }
            }
        }
        finally
        {
            await stop.CancelAsync();
            await collector;
        }
    }
}
