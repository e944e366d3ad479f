namespace ArKernel.Theory.RateDistortion;

/// <summary>The capacity of a channel.</summary>
/// <param name="Lower">The mutual information the input distribution achieves, in nats.</param>
/// <param name="Upper">The dual bound, in nats.</param>
/// <param name="InputDistribution">r(x), [inputs].</param>
/// <param name="Iterations">How often the iteration looked at the channel.</param>
/// <param name="Tolerance">The gap that was asked for, in nats.</param>
public sealed record ChannelCapacity(double Lower, double Upper, double[] InputDistribution, int Iterations, double Tolerance) : TheoryResult
{
    /// <summary>The capacity in nats, between its bounds.</summary>
    public double Nats => (Lower + Upper) / 2;

    /// <summary>The capacity in bits.</summary>
    public double Bits => Nats / Math.Log(2);

    /// <inheritdoc/>
    public override string Title => "Channel capacity";

    /// <inheritdoc/>
    public override IReadOnlyList<Quantity> Quantities => [
        new("capacity", Bits, "bits", Interval.Certificate(Lower / Math.Log(2), Upper / Math.Log(2))),
        new("capacity", Nats, "nats", Interval.Certificate(Lower, Upper))];

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters => [new("inputs", InputDistribution.Length), new("iterations", Iterations), new("gap at most", Tolerance)];
}

/// <summary>A point of a rate-distortion curve.</summary>
/// <param name="Distortion">D, the mean distortion of the test channel.</param>
/// <param name="Lower">The dual bound on R(D), in nats.</param>
/// <param name="Rate">The mutual information of the test channel in nats: an upper bound that is achieved.</param>
/// <param name="Slope">s = dR/dD, in nats per unit of distortion.</param>
/// <param name="OutputDistribution">q(y), [outputs].</param>
/// <param name="TestChannel">Q(y|x), [inputs, outputs].</param>
/// <param name="Iterations">How often the iteration looked at the distortion matrix.</param>
/// <param name="Tolerance">The gap that was asked for, in nats.</param>
public sealed record RateDistortionPoint(
    double Distortion, double Lower, double Rate, double Slope, double[] OutputDistribution, double[,] TestChannel, int Iterations, double Tolerance) : TheoryResult
{
    /// <summary>Where R(D) lies, in nats.</summary>
    public Interval Interval => Interval.Certificate(Lower, Rate);

    /// <summary>The rate in bits.</summary>
    public double Bits => Rate / Math.Log(2);

    /// <summary>The constant of the tangent s (D − D_min) + Dual that lies below the whole curve.</summary>
    internal double Dual { get; init; }

    /// <summary>D_min, the distortion of the best reproduction of every letter.</summary>
    internal double SmallestDistortion { get; init; }

    /// <inheritdoc/>
    public override string Title => $"Rate-distortion at D = {Quantity.Format(Distortion)}";

    /// <inheritdoc/>
    public override IReadOnlyList<Quantity> Quantities => [
        new("rate", Bits, "bits", Interval.Certificate(Lower / Math.Log(2), Bits)),
        new("rate", Rate, "nats", Interval),
        new("distortion", Distortion),
        new("slope", Slope, "nats per unit of distortion")];

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters => [
        new("letters", TestChannel.GetLength(0)), new("reproductions", TestChannel.GetLength(1)), new("iterations", Iterations), new("gap at most", Tolerance)];
}

/// <summary>A rate-distortion curve with the certificate of each point.</summary>
/// <param name="Points">The points, from the flattest slope to the steepest.</param>
public sealed record RateDistortionCurve(IReadOnlyList<RateDistortionPoint> Points) : TheoryResult
{
    /// <inheritdoc/>
    public override string Title => $"Rate-distortion curve of {Points.Count} points";

    /// <inheritdoc/>
    public override IReadOnlyList<Quantity> Quantities => [
        .. Points.Select(point => new Quantity($"R({Quantity.Format(point.Distortion)})", point.Bits, "bits", Interval.Certificate(point.Lower / Math.Log(2), point.Bits)))];

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters => [
        new("letters", Points[0].TestChannel.GetLength(0)), new("reproductions", Points[0].TestChannel.GetLength(1)), new("gap at most", Points[0].Tolerance)];

    /// <inheritdoc/>
    public override IReadOnlyList<Chart> Charts => [new CurveChart("Rate-distortion", "distortion", "rate, bits", ToCurve("R(D)"))];

    /// <summary>A certified lower bound on R(D) at any distortion, in nats: the dual bound of each point is a tangent below the whole curve, and the highest of them counts.</summary>
    /// <param name="distortion">D.</param>
    public double LowerBound(double distortion) => Points.Where(point => double.IsFinite(point.Slope)).Aggregate(
        0.0, (best, point) => Math.Max(best, point.Slope * (distortion - point.SmallestDistortion) + point.Dual));

    /// <summary>The curve for a chart: rates in bits over distortions, the certificates as its band.</summary>
    /// <param name="name">Its name in the legend.</param>
    public Curve ToCurve(string name) => new Curve(name, [.. Points.Select(point => point.Distortion)], [.. Points.Select(point => point.Bits)])
        .WithBand([.. Points.Select(point => point.Lower / Math.Log(2))], [.. Points.Select(point => point.Bits)]);
}
