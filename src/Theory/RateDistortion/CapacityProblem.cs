using System.Numerics.Tensors;

namespace ArKernel.Theory.RateDistortion;

/// <summary>
/// Channel capacity (Arimoto 1972, Blahut 1972): maximise the mutual information over input distributions r. With q = rP and D_x = KL(P(·|x) ‖ q) the
/// update multiplies r_x by e^{D_x}; ln Σ r_x e^{D_x} ≤ C ≤ max_x D_x.
/// </summary>
internal sealed class CapacityProblem : ISimplexProblem
{
    private readonly double[] channel; // P(y|x), by row
    private readonly double[] negativeEntropy; // Σ_y P ln P of each row
    private readonly double[] output, logarithm, current, divergence;
    private readonly double[][] partial;
    private readonly RowBlocks blocks;

    public CapacityProblem(double[,] channel)
    {
        (Count, int outputs) = (channel.GetLength(0), channel.GetLength(1));
        this.channel = new double[channel.Length];
        Buffer.BlockCopy(channel, 0, this.channel, 0, channel.Length * sizeof(double));
        (negativeEntropy, current, divergence) = (new double[Count], new double[Count], new double[Count]);
        (output, logarithm) = (new double[outputs], new double[outputs]);
        blocks = new RowBlocks(Count, outputs);
        partial = [.. Enumerable.Range(0, blocks.Count).Select(_ => new double[outputs])];
        for (int x = 0; x < Count; x++)
        {
            for (int y = 0; y < outputs; y++)
            {
                double probability = channel[x, y];
                negativeEntropy[x] += probability > 0 ? probability * Math.Log(probability) : 0;
            }
        }
    }

    /// <inheritdoc/>
    public int Count { get; }

    /// <summary>The bounds on the capacity after <see cref="Evaluate"/>.</summary>
    public (double Lower, double Upper) Bounds { get; private set; }

    /// <inheritdoc/>
    public (double Objective, double Gap) Evaluate(ReadOnlySpan<double> distribution, Span<double> exponents)
    {
        distribution.CopyTo(current);
        int outputs = output.Length;
        blocks.ForEach((block, from, to) =>
        {
            double[] sum = partial[block];
            Array.Clear(sum);
            for (int x = from; x < to; x++)
            {
                TensorPrimitives.MultiplyAdd(channel.AsSpan(x * outputs, outputs), current[x], sum, sum);
            }
        });
        partial[0].CopyTo(output, 0);
        for (int block = 1; block < partial.Length; block++)
        {
            TensorPrimitives.Add(output, partial[block], output);
        }

        // An output that never occurs has q = 0; its P is 0 too, and 0 · ln 0 counts as 0.
        for (int y = 0; y < outputs; y++)
        {
            logarithm[y] = output[y] > 0 ? Math.Log(output[y]) : 0;
        }

        blocks.ForEach((_, from, to) =>
        {
            for (int x = from; x < to; x++)
            {
                divergence[x] = negativeEntropy[x] - TensorPrimitives.Dot(channel.AsSpan(x * outputs, outputs), logarithm);
            }
        });
        divergence.CopyTo(exponents);
        double upper = TensorPrimitives.Max<double>(exponents), sum = 0;
        for (int x = 0; x < Count; x++)
        {
            sum += distribution[x] * Math.Exp(exponents[x] - upper);
        }

        double lower = upper + Math.Log(sum);
        Bounds = (Math.Max(0, lower), Math.Max(upper, Math.Max(0, lower)));
        return (-lower, upper - lower);
    }

    /// <inheritdoc/>
    public void Derivatives(ReadOnlySpan<double> distribution, Span<double> gradient, Span<double> hessian)
    {
        Evaluate(distribution, gradient);
        TensorPrimitives.Negate(gradient, gradient);
        int outputs = output.Length;
        double[] scaled = new double[outputs];
        for (int x = 0; x < Count; x++)
        {
            for (int y = 0; y < outputs; y++)
            {
                scaled[y] = output[y] > 0 ? channel[x * outputs + y] / output[y] : 0;
            }

            for (int other = 0; other <= x; other++)
            {
                hessian[x * Count + other] = TensorPrimitives.Dot(scaled, channel.AsSpan(other * outputs, outputs));
            }
        }
    }
}
