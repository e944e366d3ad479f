namespace ArKernel.Interactive;

/// <summary>Maps the values of an axis to pixels.</summary>
internal sealed class PlotScale
{
    // Beyond these a range has no width or no middle in double precision.
    private const double Largest = 1e290;
    private const double Smallest = 1e-290;

    private readonly bool logarithmic;
    private readonly double pixelFrom;
    private readonly double pixelTo;

    /// <summary>Fits an axis to its values.</summary>
    /// <param name="axis">The axis.</param>
    /// <param name="values">What is drawn on it.</param>
    /// <param name="withZero">Whether the axis shows zero, as bars need.</param>
    /// <param name="tight">Whether the range ends where the values do, as for the steps of a curve or the cells of a heat map.</param>
    /// <param name="pixelFrom">Where the range begins.</param>
    /// <param name="pixelTo">Where it ends.</param>
    public PlotScale(PlotAxis axis, IEnumerable<double> values, bool withZero, bool tight, double pixelFrom, double pixelTo)
    {
        logarithmic = axis.IsLogarithmic;
        (this.pixelFrom, this.pixelTo) = axis.IsReversed ? (pixelTo, pixelFrom) : (pixelFrom, pixelTo);
        (double from, double to) = (double.PositiveInfinity, double.NegativeInfinity);
        foreach (double value in values)
        {
            if (Math.Abs(value) < Largest && (!logarithmic || value > Smallest))
            {
                (from, to) = (Math.Min(from, value), Math.Max(to, value));
            }
        }

        if (withZero && !logarithmic)
        {
            (from, to) = (Math.Min(from, 0), Math.Max(to, 0));
        }

        if (axis.Range is var (low, high) && (!logarithmic || low > Smallest))
        {
            (from, to, tight) = (low, high, true);
        }

        if (from > to)
        {
            (from, to) = logarithmic ? (1, 10) : (0, 1);
        }

        if (to - from <= Math.Max(Math.Abs(from) * 1e-9, Smallest))
        {
            double room = Math.Abs(from) <= Smallest ? 1 : Math.Abs(from) * 0.1;
            (from, to) = logarithmic ? (from / 2, from * 2) : (from - room, to + room);
        }
        else if (!tight)
        {
            if (logarithmic)
            {
                double room = Math.Pow(to / from, 0.05);
                (from, to) = (from / room, to * room);
            }
            else
            {
                double room = (to - from) * 0.05;
                (from, to) = (withZero && from == 0 ? 0 : from - room, withZero && to == 0 ? 0 : to + room);
            }
        }

        (From, To) = (from, to);
    }

    /// <summary>The value at one end.</summary>
    public double From { get; }

    /// <summary>The value at the other end.</summary>
    public double To { get; }

    /// <summary>The pixel of a value; NaN where there is none.</summary>
    public double this[double value] => logarithmic
        ? value > 0 ? pixelFrom + (Math.Log10(value) - Math.Log10(From)) / (Math.Log10(To) - Math.Log10(From)) * (pixelTo - pixelFrom) : double.NaN
        : pixelFrom + (value - From) / (To - From) * (pixelTo - pixelFrom);

    /// <summary>The marks of the axis.</summary>
    public IReadOnlyList<(double Value, string Label)> Marks(int count) =>
        logarithmic ? Ticks.Logarithmic(From, To, count) : Ticks.Linear(From, To, count);
}
