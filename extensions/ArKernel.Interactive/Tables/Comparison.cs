namespace ArKernel.Interactive;

/// <summary>What a study claimed against what it measured: the table in a notebook's last cell.</summary>
public sealed class Comparison
{
    private static readonly string[] Header = ["what", "expected", "measured", "holds"];
    private static readonly bool[] NoNumbers = [false, false, false, false];

    private readonly List<(string What, string Expected, string Measured, bool Holds)> rows = [];

    /// <summary>Whether every row holds.</summary>
    public bool Holds => rows.TrueForAll(row => row.Holds);

    /// <summary>Adds a row.</summary>
    /// <param name="what">What is compared.</param>
    /// <param name="expected">What is claimed or expected.</param>
    /// <param name="measured">What was measured.</param>
    /// <param name="holds">Whether the measurement bears the claim out.</param>
    public Comparison Row(string what, object expected, object measured, bool holds)
    {
        rows.Add((what, Text(expected), Text(measured), holds));
        return this;
    }

    /// <summary>Adds a row that holds when the measurement is within a tolerance of what is expected; NaN never is.</summary>
    /// <param name="what">What is compared.</param>
    /// <param name="expected">The number expected.</param>
    /// <param name="measured">The number measured.</param>
    /// <param name="tolerance">The largest difference.</param>
    public Comparison Near(string what, double expected, double measured, double tolerance) =>
        Row(what, $"{Html.Number(expected)} ± {Html.Number(tolerance)}", measured, Math.Abs(measured - expected) <= tolerance);

    /// <summary>Adds a row that holds when the measurement is at most a bound; NaN never is.</summary>
    /// <param name="what">What is compared.</param>
    /// <param name="bound">The largest value.</param>
    /// <param name="measured">The number measured.</param>
    public Comparison AtMost(string what, double bound, double measured) => Row(what, $"≤ {Html.Number(bound)}", measured, measured <= bound);

    /// <summary>Adds a row that holds when the measurement is at least a bound; NaN never is.</summary>
    /// <param name="what">What is compared.</param>
    /// <param name="bound">The smallest value.</param>
    /// <param name="measured">The number measured.</param>
    public Comparison AtLeast(string what, double bound, double measured) => Row(what, $"≥ {Html.Number(bound)}", measured, measured >= bound);

    /// <summary>The table as HTML.</summary>
    public string ToHtml() =>
        $"<div style=\"{Html.Card};max-width:100%\">{TextTable.ToHtml(Header, NoNumbers, Cells())}<div style=\"font-weight:600;margin-top:4px;color:{(Holds ? "#3fa066" : "#d0505f")}\">{Verdict()}</div></div>";

    /// <summary>The table as text.</summary>
    public override string ToString() => $"{TextTable.ToText(Header, NoNumbers, [.. Cells()])}\n{Verdict()}";

    private string Verdict() => Holds ? $"✓ all {rows.Count} hold" : $"✗ {rows.Count(row => !row.Holds)} of {rows.Count} do not hold";

    private IEnumerable<IReadOnlyList<string>> Cells() => rows.Select(row => new[] { row.What, row.Expected, row.Measured, row.Holds ? "✓" : "✗" });

    private static string Text(object value) => value switch
    {
        double number => Html.Number(number),
        float number => Html.Number(number),
        _ => Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture) ?? "",
    };
}
