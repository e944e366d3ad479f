using System.Numerics.Tensors;

namespace ArKernel.Theory.RateDistortion;

/// <summary>
/// Rate-distortion at one slope s ≤ 0 (Blahut 1972): minimise −Σ_x p_x ln Z_x over output distributions q, with Z_x = Σ_y q_y e^{s d(x,y)}. The
/// update multiplies q_y by c_y = Σ_x p_x e^{s d(x,y)} / Z_x, and the gap is max_y ln c_y − Σ_y q_y c_y ln c_y: dividing 1/Z by max c gives a point that is
/// feasible in the dual problem.
/// </summary>
internal sealed class DistortionProblem : ISimplexProblem
{
    private readonly double[] source; // p
    private readonly double[] kernel; // e^{s (d(x,y) − min_y d(x,y))}, by row: shifted so that no row underflows
    private readonly double[] excess; // d(x,y) − min_y d(x,y), infinite entries as 0, where the kernel is 0 too
    private readonly bool[] allowed;
    private readonly double[] weights, current;
    private readonly double[][] partial;
    private readonly RowBlocks blocks;

    public DistortionProblem(double[] source, double[,] distortion)
    {
        (int inputs, int outputs) = (distortion.GetLength(0), distortion.GetLength(1));
        (this.source, Count) = (source, outputs);
        (kernel, excess, weights, current) = (new double[inputs * outputs], new double[inputs * outputs], new double[inputs], new double[outputs]);
        blocks = new RowBlocks(inputs, outputs);
        partial = [.. Enumerable.Range(0, blocks.Count).Select(_ => new double[outputs])];
        allowed = new bool[inputs * outputs];
        for (int x = 0; x < inputs; x++)
        {
            double least = double.PositiveInfinity;
            for (int y = 0; y < outputs; y++)
            {
                least = Math.Min(least, distortion[x, y]);
            }

            SmallestDistortion += source[x] * least;
            for (int y = 0; y < outputs; y++)
            {
                double value = distortion[x, y];
                allowed[x * outputs + y] = double.IsFinite(value);
                excess[x * outputs + y] = double.IsFinite(value) ? value - least : 0;
            }
        }
    }

    /// <inheritdoc/>
    public int Count { get; }

    /// <summary>D_min = Σ_x p_x min_y d(x,y).</summary>
    public double SmallestDistortion { get; }

    /// <summary>s; −∞ allows only the outputs of least distortion.</summary>
    public double Slope
    {
        get;
        set
        {
            field = value;
            for (int i = 0; i < kernel.Length; i++)
            {
                kernel[i] = !allowed[i] ? 0 : excess[i] == 0 ? 1 : Math.Exp(value * excess[i]);
            }
        }
    }

    /// <inheritdoc/>
    public (double Objective, double Gap) Evaluate(ReadOnlySpan<double> distribution, Span<double> exponents)
    {
        Span<double> factors = Factors(distribution);
        double achieved = 0;
        TensorPrimitives.Log(factors, exponents);
        for (int y = 0; y < factors.Length; y++)
        {
            achieved += factors[y] > 0 ? distribution[y] * factors[y] * exponents[y] : 0;
        }

        return (Objective, Math.Max(0, TensorPrimitives.Max<double>(exponents) - achieved));
    }

    /// <inheritdoc/>
    public void Derivatives(ReadOnlySpan<double> distribution, Span<double> gradient, Span<double> hessian)
    {
        TensorPrimitives.Negate(Factors(distribution), gradient);
        hessian.Clear();
        for (int x = 0; x < source.Length; x++)
        {
            if (source[x] > 0)
            {
                ReadOnlySpan<double> row = kernel.AsSpan(x * Count, Count);
                double weight = source[x] / (weights[x] * weights[x]);
                for (int y = 0; y < Count; y++)
                {
                    Span<double> target = hessian.Slice(y * Count, y + 1);
                    TensorPrimitives.MultiplyAdd(row[..(y + 1)], weight * row[y], target, target);
                }
            }
        }
    }

    /// <summary>−Σ p ln Z (of the shifted kernel) after <see cref="Factors"/>.</summary>
    public double Objective { get; private set; }

    /// <summary>c_y. One pass over the kernel: a row is used for Z_x and, still in the first cache, for its share of c.</summary>
    private Span<double> Factors(ReadOnlySpan<double> distribution)
    {
        distribution.CopyTo(current);
        int outputs = Count;
        blocks.ForEach((block, from, to) =>
        {
            double[] sum = partial[block];
            Array.Clear(sum);
            for (int x = from; x < to; x++)
            {
                if (source[x] > 0)
                {
                    ReadOnlySpan<double> row = kernel.AsSpan(x * outputs, outputs);
                    double z = TensorPrimitives.Dot(row, current);
                    weights[x] = z;
                    TensorPrimitives.MultiplyAdd(row, source[x] / z, sum, sum);
                }
            }
        });
        double[] factors = partial[0];
        for (int block = 1; block < partial.Length; block++)
        {
            TensorPrimitives.Add(factors, partial[block], factors);
        }

        Objective = 0;
        for (int x = 0; x < source.Length; x++)
        {
            Objective -= source[x] > 0 ? source[x] * Math.Log(weights[x]) : 0;
        }

        return factors;
    }

    /// <summary>
    /// The point of a distribution: its test channel Q(y|x) = q_y e^{s d} / Z_x, the distortion D of it, and the rate R(D) between the dual bound
    /// and the mutual information of the channel. <c>Dual</c> is the bound's constant: R(D') ≥ s (D' − D_min) + Dual for every D'.
    /// </summary>
    public (double Distortion, double Lower, double Upper, double Dual) Point(ReadOnlySpan<double> distribution)
    {
        Span<double> factors = Factors(distribution);
        double beyond = 0, achieved = 0, largest = double.NegativeInfinity;
        for (int x = 0; x < source.Length; x++)
        {
            if (source[x] > 0)
            {
                double sum = 0;
                for (int y = 0; y < Count; y++)
                {
                    sum += kernel[x * Count + y] * excess[x * Count + y] * distribution[y];
                }

                beyond += source[x] * sum / weights[x];
            }
        }

        for (int y = 0; y < Count; y++)
        {
            if (factors[y] > 0)
            {
                achieved += distribution[y] * factors[y] * Math.Log(factors[y]);
                largest = Math.Max(largest, Math.Log(factors[y]));
            }
        }

        double linear = beyond == 0 ? 0 : Slope * beyond;
        return (SmallestDistortion + beyond, linear + Objective - largest, Math.Max(0, linear + Objective - achieved), Objective - largest);
    }

    /// <summary>Q(y|x), [inputs, outputs].</summary>
    public double[,] Channel(ReadOnlySpan<double> distribution)
    {
        double[,] channel = new double[source.Length, Count];
        for (int x = 0; x < source.Length; x++)
        {
            double z = TensorPrimitives.Dot(kernel.AsSpan(x * Count, Count), distribution);
            for (int y = 0; y < Count; y++)
            {
                channel[x, y] = kernel[x * Count + y] * distribution[y] / z;
            }
        }

        return channel;
    }
}
