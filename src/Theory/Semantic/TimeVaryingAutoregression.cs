using ArKernel.Theory.Information;
using MathNet.Numerics.LinearAlgebra;

namespace ArKernel.Theory.Semantic;

/// <summary>One head of attention.</summary>
/// <param name="Query">W_Q, [head channels, channels].</param>
/// <param name="Key">W_K, [head channels, channels].</param>
/// <param name="Value">W_V, [value channels, channels].</param>
/// <param name="Output">W_O, [channels, value channels].</param>
public sealed record AttentionHead(Matrix<double> Query, Matrix<double> Key, Matrix<double> Value, Matrix<double> Output);

/// <summary>
/// A sequence model as a time-varying vector autoregression, h_t = Σ_{i≤t} A[t, i] s_i (TV-VAR): attention, linear attention, state-space models and linear
/// autoregressions differ only in what the coefficients depend on.
/// </summary>
public sealed class TimeVaryingAutoregression
{
    private readonly Matrix<double>[][] coefficients; // [t][i], i ≤ t

    private TimeVaryingAutoregression(Matrix<double>[][] coefficients) => this.coefficients = coefficients;

    /// <summary>The number of times.</summary>
    public int Length => coefficients.Length;

    /// <summary>A[t, i], [outputs, inputs], both from 0 and i at most t.</summary>
    /// <param name="t">The time of the output.</param>
    /// <param name="i">The time of the input.</param>
    public Matrix<double> this[int t, int i] => coefficients[t][i];

    /// <summary>
    /// Causal attention at given states: A[t, i] = Σ_heads α[t, i] W_O W_V, with α the softmax over i ≤ t of s_tᵀ W_Qᵀ W_K s_i/√d, or these products
    /// themselves without softmax and scale: linear attention. The coefficients depend on the states: bilinear, and not symmetric in t and i.
    /// </summary>
    /// <param name="states">s, [time, channels].</param>
    /// <param name="heads">The heads.</param>
    /// <param name="softmax">Whether the weights are normalised.</param>
    /// <exception cref="ArgumentException">There is no state or head, or a matrix does not fit.</exception>
    /// <exception cref="NotFiniteException">A state is NaN or infinite.</exception>
    public static TimeVaryingAutoregression FromAttention(double[,] states, IReadOnlyList<AttentionHead> heads, bool softmax = true)
    {
        Check.Finite(states, "The states");
        int channels = states.GetLength(1);
        if (states.Length == 0 || heads.Count == 0 || heads.Any(head => head.Query.ColumnCount != channels || head.Key.ColumnCount != channels || head.Value.ColumnCount != channels
            || head.Query.RowCount != head.Key.RowCount || head.Output.ColumnCount != head.Value.RowCount || head.Output.RowCount != channels))
        {
            throw new ArgumentException($"States of {states.GetLength(0)} × {channels} and {heads.Count} heads were given; every head needs W_Q and W_K [d, {channels}], W_V [v, {channels}] and W_O [{channels}, v].");
        }

        Matrix<double> s = Matrix<double>.Build.DenseOfArray(states);
        (Matrix<double> Weights, Matrix<double> Map)[] parts = [.. heads.Select(head => (Weights(s, head, softmax), head.Output * head.Value))];
        return new TimeVaryingAutoregression([.. Enumerable.Range(0, s.RowCount).Select(t =>
            Enumerable.Range(0, t + 1).Select(i => parts.Select(part => part.Weights[t, i] * part.Map).Aggregate((a, b) => a + b)).ToArray())]);
    }

    /// <summary>A state-space model, x_t = Ā_t x_{t−1} + B̄_t s_t, h_t = C_t x_t, as Mamba has it: A[t, i] = C_t Ā_t … Ā_{i+1} B̄_i.</summary>
    /// <param name="transitions">Ā_t, each [state, state]; Mamba-2's are multiples of the identity.</param>
    /// <param name="inputs">B̄_t, each [state, channels].</param>
    /// <param name="outputs">C_t, each [outputs, state].</param>
    /// <exception cref="ArgumentException">There is no time, or the matrices do not fit.</exception>
    public static TimeVaryingAutoregression FromStateSpace(IReadOnlyList<Matrix<double>> transitions, IReadOnlyList<Matrix<double>> inputs, IReadOnlyList<Matrix<double>> outputs)
    {
        int length = transitions.Count;
        bool fit = length > 0 && inputs.Count == length && outputs.Count == length && Enumerable.Range(0, length).All(t =>
            transitions[t].RowCount == transitions[0].RowCount && transitions[t].ColumnCount == transitions[0].RowCount
            && inputs[t].RowCount == transitions[0].RowCount && inputs[t].ColumnCount == inputs[0].ColumnCount
            && outputs[t].ColumnCount == transitions[0].RowCount && outputs[t].RowCount == outputs[0].RowCount);
        if (!fit)
        {
            throw new ArgumentException($"{length} transitions, {inputs.Count} input and {outputs.Count} output matrices were given; there must be as many, [n, n], [n, m] and [k, n].");
        }

        Matrix<double>[][] unrolled = new Matrix<double>[length][];
        for (int t = 0; t < length; t++)
        {
            unrolled[t] = new Matrix<double>[t + 1];
            Matrix<double> carried = outputs[t];
            for (int i = t; i >= 0; i--)
            {
                unrolled[t][i] = carried * inputs[i];
                carried *= transitions[i];
            }
        }

        return new TimeVaryingAutoregression(unrolled);
    }

    /// <summary>A linear autoregression, whose coefficients depend on t − i alone: h_t is the prediction of s_{t+1} (without intercept).</summary>
    /// <param name="process">The process.</param>
    /// <param name="length">The number of times.</param>
    public static TimeVaryingAutoregression FromProcess(VectorAutoregression process, int length)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        Matrix<double> none = Matrix<double>.Build.Dense(process.Variables, process.Variables);
        return new TimeVaryingAutoregression([.. Enumerable.Range(0, length).Select(t => Enumerable.Range(0, t + 1).Select(i => t - i < process.Lags.Count ? process.Lags[t - i] : none).ToArray())]);
    }

    /// <summary>h, [time, outputs], of these inputs with the coefficients held fixed.</summary>
    /// <param name="states">s, [time, channels].</param>
    /// <exception cref="ArgumentException">The times or channels do not fit.</exception>
    public double[,] Apply(double[,] states)
    {
        int channels = coefficients[0][0].ColumnCount;
        if (states.GetLength(0) != Length || states.GetLength(1) != channels)
        {
            throw new ArgumentException($"The states are {states.GetLength(0)} × {states.GetLength(1)}; the coefficients need {Length} × {channels}.");
        }

        Matrix<double> s = Matrix<double>.Build.DenseOfArray(states);
        double[,] h = new double[Length, coefficients[0][0].RowCount];
        for (int t = 0; t < Length; t++)
        {
            for (int i = 0; i <= t; i++)
            {
                Vector<double> part = coefficients[t][i] * s.Row(i);
                for (int c = 0; c < part.Count; c++)
                {
                    h[t, c] += part[c];
                }
            }
        }

        return h;
    }

    /// <summary>The mean coefficient at each lag, A[t, t − lag] over t, from lag 0: what the model does as a linear filter.</summary>
    /// <param name="lags">The number of lags, at most the number of times.</param>
    public IReadOnlyList<Matrix<double>> MeanByLag(int lags)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(lags, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lags, Length);
        return [.. Enumerable.Range(0, lags).Select(lag => Enumerable.Range(lag, Length - lag).Select(t => coefficients[t][t - lag]).Aggregate((a, b) => a + b) / (Length - lag))];
    }

    private static Matrix<double> Weights(Matrix<double> states, AttentionHead head, bool softmax)
    {
        Matrix<double> scores = states * head.Query.TransposeThisAndMultiply(head.Key) * states.Transpose();
        if (!softmax)
        {
            return scores;
        }

        Matrix<double> weights = Matrix<double>.Build.Dense(states.RowCount, states.RowCount);
        for (int t = 0; t < states.RowCount; t++)
        {
            // Boltzmann's law with energies −score at temperature √d.
            double[] alpha = VariationalBound.Boltzmann([.. Enumerable.Range(0, t + 1).Select(i => -scores[t, i])], Math.Sqrt(head.Query.RowCount)).Distribution;
            for (int i = 0; i <= t; i++)
            {
                weights[t, i] = alpha[i];
            }
        }

        return weights;
    }
}
