using ArKernel.Theory.Information;

namespace ArKernel.Theory.Semantic;

/// <summary>
/// How much better a stream is predicted with a context than without: the mean difference of two models' losses. By the choice of the context it is
/// the directed information rate, Granger's measure, the mutual information between modalities or the gain of a prompt. It exceeds the true rate by
/// KL(P‖q) of the model without the context and falls short of it by that of the model with it: no bound unless one of them is exact.
/// </summary>
public sealed record PredictiveInformation : TheoryResult
{
    private PredictiveInformation(double value, double error, double without, double[] byPosition, int sequences)
    {
        (Value, StandardError, LossWithout, ByPosition, Sequences) = (value, error, without, byPosition, sequences);
    }

    /// <summary>The information, nats a token.</summary>
    public double Value { get; }

    /// <summary>Its standard error over the sequences.</summary>
    public double StandardError { get; }

    /// <summary>The loss without the context, nats a token.</summary>
    public double LossWithout { get; }

    /// <summary>The share of the stream's information that the context gives (Infogain).</summary>
    public double InfoGain => Value / LossWithout;

    /// <summary>The information at each position of the sequence, in nats.</summary>
    public IReadOnlyList<double> ByPosition { get; }

    /// <summary>The number of sequences.</summary>
    public int Sequences { get; }

    /// <summary>Compares two models' losses on the same tokens.</summary>
    /// <param name="without">−ln q(u_t | u^{t−1}), [sequences, positions], in nats.</param>
    /// <param name="with">−ln q(u_t | u^{t−1}, context), of the same tokens.</param>
    /// <exception cref="TooFewSamplesException">There are fewer than two sequences: they are what the error is estimated from.</exception>
    /// <exception cref="NotFiniteException">A loss is NaN or infinite.</exception>
    /// <exception cref="ArgumentException">The sizes differ.</exception>
    public static PredictiveInformation Measure(double[,] without, double[,] with)
    {
        Check.Finite(without, "The losses without context");
        Check.Finite(with, "The losses with context");
        (int sequences, int positions) = (without.GetLength(0), without.GetLength(1));
        if (with.GetLength(0) != sequences || with.GetLength(1) != positions || positions == 0)
        {
            throw new ArgumentException($"The losses without context are {sequences} × {positions}, those with it {with.GetLength(0)} × {with.GetLength(1)}; they must be of the same tokens.");
        }

        if (sequences < 2)
        {
            throw new TooFewSamplesException($"There are {sequences} sequences; at least 2 are needed for an error.", "Cut the stream into several sequences.");
        }

        double[] bySequence = new double[sequences], byPosition = new double[positions];
        double total = 0;
        for (int i = 0; i < sequences; i++)
        {
            for (int t = 0; t < positions; t++)
            {
                double gain = without[i, t] - with[i, t];
                bySequence[i] += gain / positions;
                byPosition[t] += gain / sequences;
                total += without[i, t] / sequences / positions;
            }
        }

        return new PredictiveInformation(bySequence.Average(), DiscreteInformation.StandardError(bySequence), total, byPosition, sequences);
    }

    /// <inheritdoc/>
    public override string Title => "Predictive information of a context";

    /// <inheritdoc/>
    public override IReadOnlyList<Quantity> Quantities =>
    [
        new("information", Value, "nats a token", Interval.Confidence(Value - 1.96 * StandardError, Value + 1.96 * StandardError, 0.95)) { Note = "not a bound: both models' divergences enter" },
        new("loss without the context", LossWithout, "nats a token"),
        new("Infogain", InfoGain),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters => [new("sequences", Sequences), new("positions", ByPosition.Count)];

    /// <inheritdoc/>
    public override IReadOnlyList<Chart> Charts => [new CurveChart("Where the context helps", "position", "information (nats)", new Curve("gain", [.. Enumerable.Range(1, ByPosition.Count).Select(t => (double)t)], ByPosition))];
}
