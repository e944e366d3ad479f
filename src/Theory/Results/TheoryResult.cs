using System.Globalization;
using System.Text;

namespace ArKernel.Theory;

/// <summary>
/// What every theory tool returns: numbers with units and intervals, what they were computed with, and charts. Notebooks show it as a table
/// with its charts; <see cref="ToString"/> is the same in words.
/// </summary>
public abstract record TheoryResult
{
    /// <summary>What was computed, in a few words.</summary>
    public abstract string Title { get; }

    /// <summary>The numbers, the most important one first.</summary>
    public abstract IReadOnlyList<Quantity> Quantities { get; }

    /// <summary>What the numbers depend on: method, tolerances, lags, sample sizes.</summary>
    public virtual IReadOnlyList<Parameter> Parameters => [];

    /// <summary>The seed of every random choice in it; null where nothing was random.</summary>
    public virtual int? Seed => null;

    /// <summary>The charts; none when numbers are enough.</summary>
    public virtual IReadOnlyList<Chart> Charts => [];

    /// <summary>The title, a line a quantity, and a line of parameters and seed.</summary>
    public sealed override string ToString()
    {
        StringBuilder text = new(Title);
        foreach (Quantity quantity in Quantities)
        {
            text.Append("\n  ").Append(quantity);
        }

        string settings = string.Join(", ", (Seed is { } seed ? Parameters.Append(new Parameter("seed", seed)) : Parameters).Select(parameter => parameter.ToString()));
        return settings.Length == 0 ? text.ToString() : text.Append("\n  (").Append(settings).Append(')').ToString();
    }
}

/// <summary>A setting that a result depends on.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its value: a number, a text or a truth.</param>
public sealed record Parameter(string Name, object Value)
{
    /// <summary>The value as text.</summary>
    public string Text => Value is double number ? Quantity.Format(number) : Convert.ToString(Value, CultureInfo.InvariantCulture) ?? "";

    /// <summary>Name and value: <c>lag = 2</c>.</summary>
    public override string ToString() => $"{Name} = {Text}";
}
