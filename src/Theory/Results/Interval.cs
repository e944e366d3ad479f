using System.Globalization;

namespace ArKernel.Theory;

/// <summary>What an interval promises.</summary>
public enum IntervalKind
{
    /// <summary>The value lies inside, by a mathematical proof such as a duality gap; only rounding is left out.</summary>
    Certificate,

    /// <summary>Drawn from random data, such an interval covers the true value with the probability <see cref="Interval.Level"/>.</summary>
    Confidence,

    /// <summary>The size of the error as the method itself estimates it, such as an integrator's; nothing is promised.</summary>
    ErrorEstimate,
}

/// <summary>Where a value lies. An end may be infinite: then nothing is known on that side.</summary>
/// <param name="Lower">The lower end.</param>
/// <param name="Upper">The upper end.</param>
/// <param name="Kind">What the interval promises.</param>
/// <param name="Level">The probability of covering the true value, for a confidence interval; otherwise 1.</param>
public sealed record Interval(double Lower, double Upper, IntervalKind Kind, double Level = 1)
{
    /// <summary>An interval that contains the value for certain.</summary>
    public static Interval Certificate(double lower, double upper) => new(lower, upper, IntervalKind.Certificate);

    /// <summary>A confidence interval.</summary>
    /// <param name="lower">The lower end.</param>
    /// <param name="upper">The upper end.</param>
    /// <param name="level">Its coverage, such as 0.95.</param>
    public static Interval Confidence(double lower, double upper, double level) => new(lower, upper, IntervalKind.Confidence, level);

    /// <summary>An estimate of the error around a value.</summary>
    /// <param name="value">The value.</param>
    /// <param name="error">The estimated absolute error.</param>
    public static Interval Around(double value, double error) => new(value - error, value + error, IntervalKind.ErrorEstimate);

    /// <summary>The distance of the ends: of a certificate, the gap.</summary>
    public double Width => Upper - Lower;

    /// <summary>Whether a value lies inside, ends included.</summary>
    public bool Contains(double value) => Lower <= value && value <= Upper;

    /// <summary>The ends and what they promise: <c>[0.51, 0.55] 95 % confidence</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"[{Quantity.Format(Lower)}, {Quantity.Format(Upper)}] {Promise}");

    private string Promise => Kind switch
    {
        IntervalKind.Certificate => "certified",
        IntervalKind.Confidence => $"{(Level * 100).ToString("G4", CultureInfo.InvariantCulture)} % confidence",
        _ => "error estimate",
    };
}
