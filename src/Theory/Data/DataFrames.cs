using Microsoft.Data.Analysis;

namespace ArKernel.Theory;

/// <summary>Results as data frames.</summary>
public static class DataFrames
{
    /// <summary>The quantities of a result, a row each: name, value, unit, lower and upper end of the interval (null without one), its kind, and the note.</summary>
    /// <param name="result">A result.</param>
    public static DataFrame ToDataFrame(this TheoryResult result)
    {
        IReadOnlyList<Quantity> quantities = result.Quantities;
        return new DataFrame(
            new StringDataFrameColumn("name", quantities.Select(quantity => quantity.Name)),
            new DoubleDataFrameColumn("value", quantities.Select(quantity => quantity.Value)),
            new StringDataFrameColumn("unit", quantities.Select(quantity => quantity.Unit)),
            new DoubleDataFrameColumn("lower", quantities.Select(quantity => quantity.Interval?.Lower)),
            new DoubleDataFrameColumn("upper", quantities.Select(quantity => quantity.Interval?.Upper)),
            new StringDataFrameColumn("interval", quantities.Select(quantity => quantity.Interval?.Kind.ToString())),
            new StringDataFrameColumn("note", quantities.Select(quantity => quantity.Note)));
    }

    /// <summary>The points of a chart, a row each: the curve's name, x, y, and the band's ends (null without one).</summary>
    /// <param name="chart">A chart of curves.</param>
    public static DataFrame ToDataFrame(this CurveChart chart)
    {
        (Curve Curve, int Index)[] points = [.. chart.Curves.SelectMany(curve => Enumerable.Range(0, curve.X.Length).Select(i => (curve, i)))];
        return new DataFrame(
            new StringDataFrameColumn("curve", points.Select(point => point.Curve.Name)),
            new DoubleDataFrameColumn("x", points.Select(point => point.Curve.X[point.Index])),
            new DoubleDataFrameColumn("y", points.Select(point => point.Curve.Y[point.Index])),
            new DoubleDataFrameColumn("lower", points.Select(point => point.Curve.Band?.Lower[point.Index])),
            new DoubleDataFrameColumn("upper", points.Select(point => point.Curve.Band?.Upper[point.Index])));
    }
}
