using TorchSharp;
using static TorchSharp.torch;

namespace ArKernel.Interactive;

/// <summary>What is said of a tensor: its kind, and the statistics of its numbers. Makes no tensor that outlives it.</summary>
internal sealed record TensorSummary
{
    /// <summary>Elements beyond which statistics are of a part: the passes over so many take some tenths of a second on one core.</summary>
    private const long MostElements = 1 << 24;

    /// <summary>Whether the tensor's memory is gone.</summary>
    public bool IsDisposed { get; private init; }

    /// <summary>Shape, element type, device.</summary>
    public string Kind { get; private init; } = "";

    /// <summary>The statistics, by name; empty when there is nothing to count.</summary>
    public IReadOnlyList<(string Name, string Value)> Statistics { get; private init; } = [];

    /// <summary>The least finite value.</summary>
    public double Minimum { get; private init; } = double.NaN;

    /// <summary>The greatest finite value.</summary>
    public double Maximum { get; private init; } = double.NaN;

    /// <summary>Whether the tensor has numbers to show: a meta tensor has none.</summary>
    public bool HasValues { get; private init; }

    public static TensorSummary Of(Tensor tensor)
    {
        if (tensor.IsInvalid)
        {
            return new TensorSummary { IsDisposed = true, Kind = "disposed tensor" };
        }

        long bytes = tensor.numel() * tensor.element_size();
        string gradient = tensor.requires_grad ? ", requires grad" : "";
        string kind = $"{NameOf(tensor.dtype)} [{string.Join(", ", tensor.shape)}] on {tensor.device}{gradient}, {Html.Bytes(bytes)}";
        if (tensor.device_type == DeviceType.META || tensor.numel() == 0 || tensor.is_sparse)
        {
            return new TensorSummary { Kind = kind };
        }

        using IDisposable scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        Tensor counted = Part(tensor.detach(), out string part);
        List<(string, string)> statistics = [];
        if (tensor.dtype == ScalarType.Bool)
        {
            statistics.Add(("true", $"{counted.sum().item<long>()} of {counted.numel()}"));
            return new TensorSummary { Kind = kind, HasValues = true, Statistics = WithPart(statistics, part), Minimum = 0, Maximum = 1 };
        }

        if (counted.is_complex())
        {
            counted = counted.abs();
            statistics.Add(("of", "magnitudes"));
        }

        // Integers and short floats would overflow in their own type.
        Tensor values = counted.dtype is ScalarType.Float32 or ScalarType.Float64 ? counted : counted.to(counted.is_floating_point() ? ScalarType.Float32 : ScalarType.Float64);
        long count = values.numel();
        long finite = count;
        double low = Item(values.min());
        double high = Item(values.max());
        if (!double.IsFinite(low) || !double.IsFinite(high)) // the least of numbers with a NaN among them is NaN
        {
            finite = values.isfinite().sum().item<long>();
            long notNumbers = values.isnan().sum().item<long>();
            statistics.Add(("NaN", notNumbers.ToString()));
            statistics.Add(("infinite", (count - finite - notNumbers).ToString()));
            values = values.masked_select(values.isfinite());
            (low, high) = finite > 0 ? (Item(values.min()), Item(values.max())) : (double.NaN, double.NaN);
        }

        if (finite > 0)
        {
            statistics.Add(("min", Html.Number(low)));
            statistics.Add(("mean", Html.Number(values.mean([], false, ScalarType.Float64).item<double>())));
            statistics.Add(("max", Html.Number(high)));
            if (finite > 1)
            {
                statistics.Add(("std", Html.Number(Item(values.std()))));
            }
        }

        return new TensorSummary { Kind = kind, HasValues = true, Statistics = WithPart(statistics, part), Minimum = low, Maximum = high };
    }

    /// <summary>One line.</summary>
    public override string ToString() =>
        Statistics.Count == 0 ? Kind : $"{Kind}: {string.Join(", ", Statistics.Select(statistic => $"{statistic.Name} {statistic.Value}"))}";

    /// <summary>The name users of torch know an element type by.</summary>
    public static string NameOf(ScalarType type) => type switch
    {
        ScalarType.Byte => "uint8",
        ScalarType.ComplexFloat32 => "complex64",
        ScalarType.ComplexFloat64 => "complex128",
        _ => type.ToString().ToLowerInvariant(),
    };

    private static double Item(Tensor scalar) => scalar.to(ScalarType.Float64).item<double>();

    private static List<(string, string)> WithPart(List<(string, string)> statistics, string part)
    {
        if (part.Length > 0)
        {
            statistics.Add(("of", part));
        }

        return statistics;
    }

    /// <summary>The tensor, or of a very large one evenly spaced slices, as a view.</summary>
    private static Tensor Part(Tensor tensor, out string part)
    {
        part = "";
        if (tensor.numel() <= MostElements)
        {
            return tensor;
        }

        int axis = Array.IndexOf(tensor.shape, tensor.shape.Max());
        long every = (tensor.numel() + MostElements - 1) / MostElements;
        part = $"every {every}th element along axis {axis}";
        return tensor.slice(axis, 0, tensor.shape[axis], every);
    }
}
