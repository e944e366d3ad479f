namespace ArKernel.Theory.RateDistortion;

/// <summary>
/// The rows of a large matrix in blocks that are worked on at once. The blocks depend on the matrix alone, not on the machine, so sums over
/// blocks are the same everywhere.
/// </summary>
internal sealed class RowBlocks(int rows, int columns)
{
    // A block below some hundred thousand multiplications is done before another thread has woken up.
    private readonly int count = (int)Math.Clamp((long)rows * columns / (1 << 17), 1, Math.Min(rows, 16));

    /// <summary>How many blocks there are.</summary>
    public int Count => count;

    /// <summary>Works on every block: its index, its first row and the row after its last.</summary>
    public void ForEach(Action<int, int, int> work)
    {
        if (count == 1)
        {
            work(0, 0, rows);
            return;
        }

        Parallel.For(0, count, block => work(block, (int)((long)rows * block / count), (int)((long)rows * (block + 1) / count)));
    }
}
