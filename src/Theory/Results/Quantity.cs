using System.Globalization;

namespace ArKernel.Theory;

/// <summary>One number of a result.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Value">The number.</param>
/// <param name="Unit">Its unit, such as <c>nats</c>; empty for a pure number.</param>
/// <param name="Interval">Where the true value lies, if anything is known of it.</param>
public sealed record Quantity(string Name, double Value, string Unit = "", Interval? Interval = null)
{
    /// <summary>What a reader must know beside the number, such as "not identified: the bend is out of range"; usually empty.</summary>
    public string Note { get; init; } = "";

    /// <summary>The value in seven significant digits, without the unit.</summary>
    public string ValueText => Format(Value);

    /// <summary>Name, value, unit, interval and note in one line.</summary>
    public override string ToString() =>
        string.Join(' ', new[] { $"{Name}: {ValueText}", Unit, Interval?.ToString() ?? "", Note.Length > 0 ? $"({Note})" : "" }.Where(part => part.Length > 0));

    /// <summary>A number in seven significant digits.</summary>
    internal static string Format(double value) => value switch
    {
        double.PositiveInfinity => "∞",
        double.NegativeInfinity => "−∞",
        _ => value.ToString("G7", CultureInfo.InvariantCulture),
    };
}
