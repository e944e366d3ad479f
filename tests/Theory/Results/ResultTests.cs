using Microsoft.Data.Analysis;

namespace ArKernel.Theory.Tests.Results;

public sealed class ResultTests
{
    private sealed record Example : TheoryResult
    {
        public override string Title => "Capacity";

        public override IReadOnlyList<Quantity> Quantities =>
        [
            new("capacity", 0.5, "bits", Interval.Certificate(0.4999, 0.5001)),
            new("slope", -1, "", Interval.Confidence(double.NegativeInfinity, 0, 0.95)) { Note = "not identified" },
            new("time", 2, "s", Interval.Around(2, 0.25)),
            new("iterations", 17),
        ];

        public override IReadOnlyList<Parameter> Parameters => [new("tolerance", 1e-6), new("method", "exact")];

        public override int? Seed => 3;
    }

    [Fact]
    public void A_result_reads_as_text() => Assert.Equal(
        """
        Capacity
          capacity: 0.5 bits [0.4999, 0.5001] certified
          slope: -1 [−∞, 0] 95 % confidence (not identified)
          time: 2 s [1.75, 2.25] error estimate
          iterations: 17
          (tolerance = 1E-06, method = exact, seed = 3)
        """.ReplaceLineEndings("\n"),
        new Example().ToString());

    [Fact]
    public void A_result_is_a_data_frame()
    {
        DataFrame frame = new Example().ToDataFrame();
        Assert.Equal(4, frame.Rows.Count);
        Assert.Equal(0.5001, frame["upper"][0]);
        Assert.Equal("Confidence", frame["interval"][1]);
        Assert.Null(frame["lower"][3]);
    }

    [Fact]
    public void A_chart_is_a_data_frame()
    {
        CurveChart chart = new("t", "x", "y", new Curve("a", [1, 2], [3, 4]).WithBand([2, 3], [5, 6]), Curve.Level("limit", 7, 1, 2));
        DataFrame frame = chart.ToDataFrame();
        Assert.Equal(4, frame.Rows.Count);
        Assert.Equal(6.0, frame["upper"][1]);
        Assert.Equal("limit", frame["curve"][3]);
        Assert.Null(frame["lower"][3]);
    }

    [Fact]
    public void A_curve_refuses_unequal_lengths()
    {
        Assert.Contains("2 positions and 1 values", Assert.Throws<ArgumentException>(() => new Curve("a", [1, 2], [1])).Message, StringComparison.Ordinal);
        Assert.Contains("band", Assert.Throws<ArgumentException>(() => new Curve("a", [1], [1]).WithBand([1], [])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Probabilities_are_checked_and_the_fault_names_the_place()
    {
        Check.Distribution([0.25, 0.75], "p");
        Assert.Contains("index 1", Assert.Throws<NotFiniteException>(() => Check.Distribution([0.5, double.NaN], "p")).Problem, StringComparison.Ordinal);
        Assert.Contains("negative", Assert.Throws<NotADistributionException>(() => Check.Distribution([1.5, -0.5], "p")).Problem, StringComparison.Ordinal);
        TheoryException fault = Assert.Throws<NotADistributionException>(() => Check.Channel(new[,] { { 0.5, 0.5 }, { 0.5, 0.4 } }, "the channel"));
        Assert.Contains("Row 1 of the channel sums to 0.9", fault.Problem, StringComparison.Ordinal);
        Assert.Contains("Divide", fault.Remedy, StringComparison.Ordinal);
        Assert.Equal($"{fault.Problem} {fault.Remedy}", fault.Message);
        Assert.Contains("row 0, column 1", Assert.Throws<NotFiniteException>(() => Check.Finite(new[,] { { 0, double.PositiveInfinity } }, "A")).Problem, StringComparison.Ordinal);
    }
}
