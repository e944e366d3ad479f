namespace ArKernel.Theory;

/// <summary>The checks of input that every tool makes before it computes.</summary>
internal static class Check
{
    private const double SumTolerance = 1e-9;

    /// <summary>Every number is finite.</summary>
    /// <exception cref="NotFiniteException">One is not.</exception>
    public static void Finite(ReadOnlySpan<double> values, string name)
    {
        for (int i = 0; i < values.Length; i++)
        {
            if (!double.IsFinite(values[i]))
            {
                throw new NotFiniteException($"{name} has {values[i]} at index {i} of {values.Length}.", "Remove or impute such values first.");
            }
        }
    }

    /// <summary>Every number of a matrix is finite.</summary>
    /// <exception cref="NotFiniteException">One is not.</exception>
    public static void Finite(double[,] values, string name)
    {
        for (int row = 0; row < values.GetLength(0); row++)
        {
            for (int column = 0; column < values.GetLength(1); column++)
            {
                if (!double.IsFinite(values[row, column]))
                {
                    throw new NotFiniteException($"{name} has {values[row, column]} in row {row}, column {column}.", "Remove or impute such values first.");
                }
            }
        }
    }

    /// <summary>The numbers are probabilities and sum to 1.</summary>
    /// <exception cref="NotFiniteException">One is NaN or infinite.</exception>
    /// <exception cref="NotADistributionException">One is negative, or the sum is not 1.</exception>
    public static void Distribution(ReadOnlySpan<double> probabilities, string name)
    {
        Finite(probabilities, name);
        double sum = 0;
        for (int i = 0; i < probabilities.Length; i++)
        {
            if (probabilities[i] < 0)
            {
                throw new NotADistributionException($"{name} has the negative entry {probabilities[i]} at index {i}.", "Probabilities are at least 0.");
            }

            sum += probabilities[i];
        }

        if (Math.Abs(sum - 1) > SumTolerance)
        {
            throw new NotADistributionException($"{name} sums to {sum:R} over its {probabilities.Length} entries.", "Divide by the sum, or correct the entry that is wrong.");
        }
    }

    /// <summary>Every row of a channel, [inputs, outputs], is a distribution.</summary>
    /// <exception cref="NotFiniteException">An entry is NaN or infinite.</exception>
    /// <exception cref="NotADistributionException">An entry is negative, or a row does not sum to 1.</exception>
    public static void Channel(double[,] channel, string name)
    {
        double[] row = new double[channel.GetLength(1)];
        for (int input = 0; input < channel.GetLength(0); input++)
        {
            for (int output = 0; output < row.Length; output++)
            {
                row[output] = channel[input, output];
            }

            Distribution(row, $"Row {input} of {name}");
        }
    }
}
