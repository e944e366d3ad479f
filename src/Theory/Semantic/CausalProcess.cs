namespace ArKernel.Theory.Semantic;

/// <summary>
/// Two streams of symbols that unfold in turn, x₁, u₁, x₂, u₂, …, each depending on all before it: a channel with feedback and memory, small enough to
/// be enumerated. Its directed information (Massey 1990) is what the first stream tells the second causally.
/// </summary>
public sealed record CausalProcess : TheoryResult
{
    private const int LargestTable = 1 << 24;
    private readonly int inputs;
    private readonly int outputs;
    private readonly int length;

    /// <summary>Enumerates the process.</summary>
    /// <param name="inputs">Symbols of x.</param>
    /// <param name="outputs">Symbols of u.</param>
    /// <param name="length">T, the number of pairs.</param>
    /// <param name="input">P(x_t | x^{t−1}, u^{t−1}) for the given pasts, a distribution over the symbols of x.</param>
    /// <param name="output">P(u_t | x^t, u^{t−1}) for the given pasts, a distribution over the symbols of u.</param>
    /// <exception cref="NotADistributionException">A conditional distribution is none.</exception>
    /// <exception cref="ArgumentException">The table would have more than 2²⁴ entries, or a size is not positive.</exception>
    public CausalProcess(int inputs, int outputs, int length, Func<int[], int[], double[]> input, Func<int[], int[], double[]> output)
    {
        if (inputs < 1 || outputs < 1 || length < 1 || length * Math.Log2((double)inputs * outputs) > 24)
        {
            throw new ArgumentException($"{inputs} × {outputs} symbols over {length} times do not make a table of 1 to {LargestTable} entries.");
        }

        (this.inputs, this.outputs, this.length) = (inputs, outputs, length);
        double[] joint = new double[(int)Math.Pow(inputs * outputs, length)]; // of (x₁, u₁, x₂, u₂, …), the last symbol running fastest
        Enumerate(joint, [], [], 1, 0, input, output);

        // Each prefix of the interleaved sequence is a block sum of the one after it.
        (double ofX, double ofU) = (0, 0); // Σ H(X_t | X^{t−1}, U^{t−1}) and Σ H(U_t | X^t, U^{t−1})
        double[] prefix = joint;
        for (int t = length; t >= 1; t--)
        {
            double[] withX = Reduce(prefix, outputs), before = Reduce(withX, inputs);
            ofU += Entropy(prefix) - Entropy(withX);
            ofX += Entropy(withX) - Entropy(before);
            prefix = before;
        }

        double entropyX = Entropy(Marginal(joint, keepsX: true)), entropyU = Entropy(Marginal(joint, keepsX: false));
        (DirectedInformation, Feedback, MutualInformation) = (entropyU - ofU, entropyX - ofX, entropyX + entropyU - Entropy(joint));
    }

    /// <summary>I(X^T → U^T) = Σ I(X^t; U_t | U^{t−1}) = H(U^T) − Σ H(U_t | X^t, U^{t−1}), in nats.</summary>
    public double DirectedInformation { get; }

    /// <summary>I(U^{T−1} → X^T) = Σ I(U^{t−1}; X_t | X^{t−1}) = H(X^T) − Σ H(X_t | X^{t−1}, U^{t−1}): what flows back, in nats.</summary>
    public double Feedback { get; }

    /// <summary>I(X^T; U^T), in nats: the sum of the two flows (Massey and Massey 2005).</summary>
    public double MutualInformation { get; }

    /// <inheritdoc/>
    public override string Title => $"Directed information of a process of {length} times, by enumeration";

    /// <inheritdoc/>
    public override IReadOnlyList<Quantity> Quantities =>
    [
        new("directed information X → U", DirectedInformation, "nats"),
        new("feedback U → X", Feedback, "nats"),
        new("mutual information", MutualInformation, "nats"),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters => [new("input symbols", inputs), new("output symbols", outputs), new("times", length)];

    private void Enumerate(double[] joint, int[] x, int[] u, double probability, int index, Func<int[], int[], double[]> input, Func<int[], int[], double[]> output)
    {
        if (u.Length == length)
        {
            joint[index] = probability;
            return;
        }

        double[] nextX = Checked(input(x, u), inputs, "P(x_t | past)");
        for (int a = 0; a < inputs; a++)
        {
            int[] longerX = [.. x, a];
            double[] nextU = Checked(output(longerX, u), outputs, "P(u_t | past)");
            for (int b = 0; b < outputs; b++)
            {
                Enumerate(joint, longerX, [.. u, b], probability * nextX[a] * nextU[b], (index * inputs + a) * outputs + b, input, output);
            }
        }
    }

    private static double[] Checked(double[] distribution, int symbols, string name)
    {
        Check.Distribution(distribution, name);
        return distribution.Length == symbols ? distribution : throw new ArgumentException($"{name} has {distribution.Length} entries for {symbols} symbols.");
    }

    /// <summary>Sums the last symbol out.</summary>
    private static double[] Reduce(double[] table, int symbols)
    {
        double[] sums = new double[table.Length / symbols];
        for (int index = 0; index < table.Length; index++)
        {
            sums[index / symbols] += table[index];
        }

        return sums;
    }

    /// <summary>The distribution of one of the two streams.</summary>
    private double[] Marginal(double[] joint, bool keepsX)
    {
        int symbols = keepsX ? inputs : outputs;
        double[] marginal = new double[(int)Math.Pow(symbols, length)];
        for (int index = 0; index < joint.Length; index++)
        {
            (int rest, int key, int place) = (index, 0, 1);
            for (int t = 0; t < length; t++, place *= symbols)
            {
                (rest, int b) = Math.DivRem(rest, outputs);
                (rest, int a) = Math.DivRem(rest, inputs);
                key += place * (keepsX ? a : b);
            }

            marginal[key] += joint[index];
        }

        return marginal;
    }

    private static double Entropy(double[] distribution)
    {
        double sum = 0;
        foreach (double p in distribution)
        {
            sum -= p > 0 ? p * Math.Log(p) : 0;
        }

        return sum;
    }
}
