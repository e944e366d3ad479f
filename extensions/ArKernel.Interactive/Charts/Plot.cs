namespace ArKernel.Interactive;

/// <summary>How a series is drawn.</summary>
internal enum SeriesKind
{
    Points,
    Bars,
    HeatMap,
}

/// <summary>Numbers to draw. A gap is NaN.</summary>
/// <param name="Kind">How it is drawn.</param>
/// <param name="Name">Its name in the legend.</param>
/// <param name="X">Positions; of a heat map the columns' centres.</param>
/// <param name="Y">Values; of a heat map the rows' centres.</param>
internal sealed record Series(SeriesKind Kind, string Name, double[] X, double[] Y)
{
    public bool Line { get; init; } = true;

    public bool Markers { get; init; }

    public bool Dashed { get; init; }

    public bool Filled { get; init; }

    /// <summary>Whether the points go around an area, which is filled; there is no line then.</summary>
    public bool Band { get; init; }

    public bool InLegend { get; init; } = true;

    /// <summary>Whether the bars lie: X holds the values then and Y the positions.</summary>
    public bool Horizontal { get; init; }

    public string? Color { get; init; }

    /// <summary>The cells of a heat map, by row.</summary>
    public double[][]? Cells { get; init; }
}

/// <summary>One axis.</summary>
internal sealed class PlotAxis
{
    public string Label { get; init; } = "";

    public bool IsLogarithmic { get; init; }

    public bool IsReversed { get; init; }

    /// <summary>The range asked for, if any; on a logarithmic axis the values, not their logarithms.</summary>
    public (double From, double To)? Range { get; init; }

    /// <summary>Whether even numbers are names here.</summary>
    public bool IsNamed { get; init; }

    /// <summary>What stands at 0, 1, 2, … when the axis has names in place of numbers.</summary>
    public List<string> Categories { get; } = [];
}

/// <summary>A pair of axes and what is drawn between them.</summary>
internal sealed record Plot(string Title, PlotAxis X, PlotAxis Y, IReadOnlyList<Series> Series, bool HasLegend, bool Stacked);
