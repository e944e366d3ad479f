namespace ArKernel.Theory.Dynamics;

/// <summary>When an event happened.</summary>
/// <param name="Event">Its index among the events.</param>
/// <param name="Time">The time.</param>
/// <param name="State">The state then, [dimension].</param>
public sealed record OdeEventTime(int Event, double Time, double[] State);

/// <summary>The solution of an ordinary differential equation, at every time of its span.</summary>
public sealed record OdeSolution : TheoryResult
{
    private readonly string method;
    private readonly double[][] dense;
    private readonly double relativeTolerance, absoluteTolerance;
    private readonly double[] stepped;

    internal OdeSolution(
        string method, double[] times, double[][] dense, double[] last, double end, IReadOnlyList<OdeEventTime> events,
        int steps, int rejections, int evaluations, double errorEstimate, double relativeTolerance, double absoluteTolerance)
    {
        (this.method, stepped, this.dense, EndTime, Events) = (method, times, dense, end, events);
        (Steps, Rejections, Evaluations, ErrorEstimate) = (steps, rejections, evaluations, errorEstimate);
        (this.relativeTolerance, this.absoluteTolerance) = (relativeTolerance, absoluteTolerance);
        Dimension = last.Length;
        Times = [.. times[..^1], end];
        Final = dense.Length == 0 || end == times[^1] ? last : Interpolate(end);
    }

    /// <summary>The ends of the steps, beginning with the first time.</summary>
    public IReadOnlyList<double> Times { get; }

    /// <summary>The last time: the one asked for, or that of a terminal event.</summary>
    public double EndTime { get; }

    /// <summary>The state at <see cref="EndTime"/>, [dimension].</summary>
    public double[] Final { get; }

    /// <summary>The number of unknowns.</summary>
    public int Dimension { get; }

    /// <summary>What happened, in order.</summary>
    public IReadOnlyList<OdeEventTime> Events { get; }

    /// <summary>How many steps were taken.</summary>
    public int Steps { get; }

    /// <summary>How many more were tried.</summary>
    public int Rejections { get; }

    /// <summary>How often the right-hand side was evaluated.</summary>
    public int Evaluations { get; }

    /// <summary>The sum of the steps' own error estimates (root mean square over the unknowns).</summary>
    public double ErrorEstimate { get; }

    /// <summary>The state at a time, by the method's own interpolation.</summary>
    /// <param name="time">A time from the first to <see cref="EndTime"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The time is outside.</exception>
    public double[] Interpolate(double time)
    {
        double[] state = new double[Dimension];
        if (dense.Length == 0)
        {
            Final.CopyTo(state, 0);
            return state;
        }

        bool forward = stepped[^1] >= stepped[0];
        if (!(forward ? time >= stepped[0] && time <= EndTime : time <= stepped[0] && time >= EndTime))
        {
            throw new ArgumentOutOfRangeException(nameof(time), $"t = {time} is outside of the span from {stepped[0]} to {EndTime}.");
        }

        int found = Array.BinarySearch(stepped, time, forward ? Comparer<double>.Default : Comparer<double>.Create((a, b) => b.CompareTo(a)));
        int step = Math.Clamp(found >= 0 ? found : ~found - 1, 0, dense.Length - 1);
        OdeMethod.Interpolate(dense[step], (time - stepped[step]) / (stepped[step + 1] - stepped[step]), state);
        return state;
    }

    /// <summary>One unknown at evenly spaced times, for a chart.</summary>
    /// <param name="name">Its name in the legend.</param>
    /// <param name="value">A function of the state.</param>
    /// <param name="points">How many times.</param>
    public Curve ToCurve(string name, Func<double[], double> value, int points = 200)
    {
        double[] times = [.. Enumerable.Range(0, points).Select(i => i == points - 1 ? EndTime : stepped[0] + (EndTime - stepped[0]) * i / (points - 1))];
        return new Curve(name, times, [.. times.Select(time => value(Interpolate(time)))]);
    }

    /// <inheritdoc/>
    public override string Title => $"Solution of {Dimension} equation{(Dimension == 1 ? "" : "s")} to t = {Quantity.Format(EndTime)}";

    /// <inheritdoc/>
    public override IReadOnlyList<Quantity> Quantities => [
        .. Final.Take(8).Select((value, i) => new Quantity($"y{i}({Quantity.Format(EndTime)})", value, "", Interval.Around(value, ErrorEstimate))),
        new("steps", Steps), new("rejected steps", Rejections), new("evaluations", Evaluations)];

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters => [new("method", method), new("relative tolerance", relativeTolerance), new("absolute tolerance", absoluteTolerance)];

    /// <inheritdoc/>
    public override IReadOnlyList<Chart> Charts => [
        new CurveChart("Solution", "t", "y", [.. Enumerable.Range(0, Math.Min(Dimension, 8)).Select(i => ToCurve($"y{i}", state => state[i]))])];
}
