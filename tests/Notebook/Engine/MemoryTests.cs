using ArKernel.Notebooks.Engine;

namespace ArKernel.Notebooks.Tests.Engine;

/// <summary>Alone in the process while it runs: what other tests hold would count.</summary>
[CollectionDefinition("alone", DisableParallelization = true)]
public sealed class MemoryTestsCollection;

[Collection("alone")]
public sealed class MemoryTests : IAsyncDisposable
{
    private readonly NotebookEngine engine = new();
    private readonly CellRun run;

    public MemoryTests() => run = new CellRun(engine);

    public ValueTask DisposeAsync() => engine.DisposeAsync();

    [Fact]
    public async Task Many_cells_grow_memory_in_proportion_to_their_number()
    {
        await run.RunAsync("int total = 0;");
        long[] memory = new long[3];
        for (int block = 0; block < 3; block++)
        {
            for (int i = 0; i < 100; i++)
            {
                Assert.True((await run.RunAsync($"var v{block}_{i} = {i}; total += v{block}_{i};")).Succeeded);
            }

            memory[block] = GC.GetTotalMemory(forceFullCollection: true);
        }

        // Quadratic growth would make the last hundred cost several times the hundred before.
        Assert.True(memory[2] - memory[1] < 2 * (memory[1] - memory[0]) + 4_000_000, string.Join(", ", memory));
        Assert.Equal("14850", (await run.RunAsync("total")).Result);
    }
}
