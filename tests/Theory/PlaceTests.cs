namespace ArKernel.Theory.Tests;

public sealed class PlaceTests
{
    [Fact]
    public void The_test_runner_runs() => Assert.True(Environment.Version.Major >= 10);
}
