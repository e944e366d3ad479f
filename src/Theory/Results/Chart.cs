namespace ArKernel.Theory;

/// <summary>What a chart shows, as plain data: whoever displays it chooses the plotting library.</summary>
/// <param name="Title">Above the chart.</param>
/// <param name="XLabel">What runs across, with its unit.</param>
/// <param name="YLabel">What runs up, with its unit.</param>
public abstract record Chart(string Title, string XLabel, string YLabel);

/// <summary>Curves and points between two axes.</summary>
/// <param name="Title">Above the chart.</param>
/// <param name="XLabel">What runs across, with its unit.</param>
/// <param name="YLabel">What runs up, with its unit.</param>
/// <param name="Curves">What is drawn, from back to front.</param>
public sealed record CurveChart(string Title, string XLabel, string YLabel, params IReadOnlyList<Curve> Curves) : Chart(Title, XLabel, YLabel)
{
    /// <summary>Whether the horizontal axis is logarithmic.</summary>
    public bool LogX { get; init; }

    /// <summary>Whether the vertical axis is logarithmic.</summary>
    public bool LogY { get; init; }
}

/// <summary>A matrix as colours, its first row on top.</summary>
/// <param name="Title">Above the chart.</param>
/// <param name="XLabel">What the columns are.</param>
/// <param name="YLabel">What the rows are.</param>
/// <param name="Values">[rows, columns]; a gap is NaN.</param>
public sealed record HeatMapChart(string Title, string XLabel, string YLabel, double[,] Values) : Chart(Title, XLabel, YLabel);

/// <summary>How a curve is drawn.</summary>
public enum CurveStyle
{
    /// <summary>A solid line.</summary>
    Line,

    /// <summary>A dashed line: a limit, a bound, a prediction.</summary>
    Dashed,

    /// <summary>Points alone: measurements.</summary>
    Points,
}

/// <summary>A named row of points.</summary>
public sealed record Curve
{
    /// <summary>A curve through points.</summary>
    /// <param name="name">Its name in the legend.</param>
    /// <param name="x">The positions.</param>
    /// <param name="y">The values; a gap is NaN.</param>
    /// <param name="style">How it is drawn.</param>
    /// <exception cref="ArgumentException">There are not as many values as positions.</exception>
    public Curve(string name, IReadOnlyList<double> x, IReadOnlyList<double> y, CurveStyle style = CurveStyle.Line)
    {
        if (x.Count != y.Count)
        {
            throw new ArgumentException($"'{name}' has {x.Count} positions and {y.Count} values; they must be as many.");
        }

        (Name, X, Y, Style) = (name, [.. x], [.. y], style);
    }

    /// <summary>A horizontal dashed line: a known value to compare with.</summary>
    /// <param name="name">Its name in the legend.</param>
    /// <param name="value">The height.</param>
    /// <param name="from">Where it begins.</param>
    /// <param name="to">Where it ends.</param>
    public static Curve Level(string name, double value, double from, double to) => new(name, [from, to], [value, value], CurveStyle.Dashed);

    /// <summary>The name in the legend.</summary>
    public string Name { get; }

    /// <summary>The positions.</summary>
    public double[] X { get; }

    /// <summary>The values, as many as positions.</summary>
    public double[] Y { get; }

    /// <summary>How the curve is drawn.</summary>
    public CurveStyle Style { get; }

    /// <summary>The lower and the upper edge of a band around the curve, as many as positions; null without a band.</summary>
    public (double[] Lower, double[] Upper)? Band { get; private init; }

    /// <summary>The same curve with a band around it.</summary>
    /// <param name="lower">The band's lower edge, as many values as positions.</param>
    /// <param name="upper">The band's upper edge, as many values as positions.</param>
    /// <exception cref="ArgumentException">There are not as many edges as positions.</exception>
    public Curve WithBand(IReadOnlyList<double> lower, IReadOnlyList<double> upper)
    {
        if (lower.Count != X.Length || upper.Count != X.Length)
        {
            throw new ArgumentException($"'{Name}' has {X.Length} positions, but its band has {lower.Count} lower and {upper.Count} upper ends; they must be as many.");
        }

        return this with { Band = ([.. lower], [.. upper]) };
    }
}
