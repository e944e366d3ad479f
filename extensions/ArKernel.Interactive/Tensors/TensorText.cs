using System.Globalization;
using System.Text;
using static TorchSharp.torch;

namespace ArKernel.Interactive;

/// <summary>Writes the numbers of a small tensor under one another.</summary>
internal static class TensorText
{
    /// <summary>The most elements whose values are written.</summary>
    public const int MostElements = 100;

    private const int MostInRow = 20;

    /// <summary>The values, a matrix at a time; a vector in rows of ten.</summary>
    public static string Of(Tensor tensor)
    {
        using IDisposable scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        string[] cells = Cells(tensor.detach());
        int width = cells.Max(cell => cell.Length);
        long[] shape = tensor.shape;
        if (shape.Length == 0)
        {
            return cells[0];
        }

        int columns = (int)shape[^1];
        int inRow = shape.Length == 1 ? 10 : MostInRow;
        int rows = shape.Length < 2 ? 1 : (int)shape[^2];
        StringBuilder text = new();
        for (int line = 0; line < cells.Length / columns; line++)
        {
            if (shape.Length > 2 && line % rows == 0)
            {
                text.Append($"[{string.Join(", ", Leading(line / rows, shape))}, :, :]\n");
            }

            for (int column = 0; column < columns; column++)
            {
                text.Append(column == 0 ? "" : column % inRow == 0 ? "\n" : "  ").Append(cells[line * columns + column].PadLeft(width));
            }

            text.Append('\n');
        }

        return text.ToString().TrimEnd('\n');
    }

    private static long[] Leading(int matrix, long[] shape)
    {
        long[] place = new long[shape.Length - 2];
        for (int axis = place.Length - 1, left = matrix; axis >= 0; axis--)
        {
            place[axis] = left % shape[axis];
            left /= (int)shape[axis];
        }

        return place;
    }

    private static string[] Cells(Tensor tensor)
    {
        if (tensor.dtype == ScalarType.Bool)
        {
            return [.. tensor.cpu().contiguous().data<bool>().Select(value => value ? "true" : "false")];
        }

        if (tensor.is_complex())
        {
            double[] real = Doubles(tensor.real);
            double[] imaginary = Doubles(tensor.imag);
            return [.. real.Zip(imaginary, (a, b) => $"{Html.Number(a)}{(b < 0 ? "−" : "+")}{Html.Number(Math.Abs(b))}i")];
        }

        if (!tensor.is_floating_point())
        {
            return [.. tensor.to(ScalarType.Int64).cpu().contiguous().data<long>().Select(value => value.ToString())];
        }

        double[] values = Doubles(tensor);
        double largest = values.Where(double.IsFinite).Select(Math.Abs).DefaultIfEmpty(0).Max();
        // Numbers of like size in fixed notation; where one would fill the line, in scientific notation.
        string format = largest is >= 1e6 or (> 0 and < 1e-3) ? "0.000e+0" : largest >= 1000 ? "0.0" : "0.0000";
        return [.. values.Select(value => double.IsFinite(value) ? value.ToString(format, CultureInfo.InvariantCulture) : Html.Number(value))];
    }

    private static double[] Doubles(Tensor tensor) => [.. tensor.to(ScalarType.Float64).cpu().contiguous().data<double>()];
}
