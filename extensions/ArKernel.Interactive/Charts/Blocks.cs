namespace ArKernel.Interactive;

/// <summary>Blocks of a matrix that is larger than its picture.</summary>
internal static class Blocks
{
    /// <summary>The mean of a block's finite numbers; NaN when there are none.</summary>
    public static double Mean(double[][] rows, int top, int bottom, int left, int right)
    {
        double sum = 0;
        int count = 0;
        for (int row = top; row < bottom; row++)
        {
            for (int column = left; column < Math.Min(right, rows[row].Length); column++)
            {
                if (double.IsFinite(rows[row][column]))
                {
                    sum += rows[row][column];
                    count++;
                }
            }
        }

        return count == 0 ? double.NaN : sum / count;
    }
}
