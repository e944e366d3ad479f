using static TorchSharp.torch;

namespace ArKernel.Interactive;

/// <summary>Pictures of tensors: matrices as heat maps, image batches as grids.</summary>
internal static class TensorPicture
{
    private const int MostCells = 64;
    private const int MostSampled = 2048;
    private const int MostImages = 64;

    /// <summary>A matrix in colours, blocks of a large one by their means.</summary>
    /// <param name="matrix">[rows, columns], any number type.</param>
    /// <param name="description">What it shows, for those who cannot see it.</param>
    /// <param name="size">The longer side of the picture, in pixels, if it has many cells.</param>
    public static string HeatMap(Tensor matrix, string description, int size = 320)
    {
        using IDisposable scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        (double[,] cells, double low, double high) = Cells(matrix.detach());
        (int rows, int columns) = (cells.GetLength(0), cells.GetLength(1));
        bool diverging = low < 0 && high > 0;
        double bound = Math.Max(high, -low);
        byte[] pixels = new byte[rows * columns * 3];
        for (int i = 0; i < rows * columns; i++)
        {
            double value = cells[i / columns, i % columns];
            (byte r, byte g, byte b) = double.IsNaN(value) ? ((byte)128, (byte)128, (byte)128)
                : diverging ? ColorScale.Diverging(0.5 + value / bound / 2)
                : ColorScale.Sequential(high > low ? (value - low) / (high - low) : 0.5);
            (pixels[i * 3], pixels[i * 3 + 1], pixels[i * 3 + 2]) = (r, g, b);
        }

        int scale = Math.Clamp(size / Math.Max(rows, columns), 2, 16);
        return PngEncoder.ToHtml(PngEncoder.Encode(pixels, columns, rows, 3), columns * scale, description);
    }

    /// <summary>Whether a tensor is images: [n, c, h, w] with one or three channels and values from 0 to 1 (or bytes).</summary>
    public static bool IsImages(Tensor tensor, TensorSummary summary) =>
        tensor.dim() == 4 && tensor.shape[1] is 1 or 3 && tensor.shape[2] is >= 4 and <= 1024 && tensor.shape[3] is >= 4 and <= 1024
        && (tensor.dtype == ScalarType.Byte || (tensor.is_floating_point() && summary.Minimum >= 0 && summary.Maximum <= 1));

    /// <summary>The first images in rows.</summary>
    public static string Images(Tensor images)
    {
        int shown = (int)Math.Min(images.shape[0], MostImages);
        int height = (int)images.shape[2];
        int width = (int)images.shape[3];
        int columns = Math.Min(shown, Math.Clamp(600 / width, 1, 16));
        columns = shown <= columns ? shown : (shown + (shown + columns - 1) / columns - 1) / ((shown + columns - 1) / columns);
        int rows = (shown + columns - 1) / columns;
        int channels = (int)images.shape[1];
        const int gap = 1;
        (int gridWidth, int gridHeight) = (columns * (width + gap) + gap, rows * (height + gap) + gap);
        byte[] pixels = new byte[gridWidth * gridHeight * channels];
        Array.Fill(pixels, (byte)128);
        byte[][] each = Bytes(images, shown);
        for (int image = 0; image < shown; image++)
        {
            (int top, int left) = (gap + image / columns * (height + gap), gap + image % columns * (width + gap));
            for (int row = 0; row < height; row++)
            {
                each[image].AsSpan(row * width * channels, width * channels).CopyTo(pixels.AsSpan(((top + row) * gridWidth + left) * channels));
            }
        }

        int scale = Math.Clamp(620 / gridWidth, 1, 6);
        string more = images.shape[0] > shown ? $"<div style=\"{Html.Faint}\">the first {shown} of {images.shape[0]} images</div>" : "";
        return PngEncoder.ToHtml(PngEncoder.Encode(pixels, gridWidth, gridHeight, channels), gridWidth * scale, $"{shown} images") + more;
    }

    /// <summary>The pixels of the first images, each [height, width, channels].</summary>
    public static byte[][] Bytes(Tensor images, int count)
    {
        using IDisposable scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        Tensor first = images.detach().slice(0, 0, count, 1).cpu();
        if (first.dtype != ScalarType.Byte)
        {
            first = (first.to(ScalarType.Float32).nan_to_num(0, 1, 0).clamp(0, 1) * 255).round().to(ScalarType.Byte);
        }

        byte[] all = [.. first.permute(0, 2, 3, 1).contiguous().data<byte>()];
        return [.. all.Chunk(all.Length / count)];
    }

    private static (double[,] Cells, double Low, double High) Cells(Tensor matrix)
    {
        double shrink = Math.Max(1, Math.Max(matrix.shape[0], matrix.shape[1]) / (double)MostCells);
        (long rows, long columns) = ((long)Math.Max(1, Math.Round(matrix.shape[0] / shrink)), (long)Math.Max(1, Math.Round(matrix.shape[1] / shrink)));
        // Of a huge matrix evenly spaced rows and columns first, as a view: their block means look the same.
        for (int axis = 0; axis < 2; axis++)
        {
            long every = (matrix.shape[axis] + MostSampled - 1) / MostSampled;
            matrix = every > 1 ? matrix.slice(axis, 0, matrix.shape[axis], every) : matrix;
        }

        Tensor values = (matrix.is_complex() ? matrix.abs() : matrix).to(ScalarType.Float32);
        if (rows < values.shape[0] || columns < values.shape[1])
        {
            values = nn.functional.adaptive_avg_pool2d(values.unsqueeze(0).unsqueeze(0), [rows, columns]).squeeze(0).squeeze(0);
        }

        float[] flat = [.. values.cpu().contiguous().data<float>()];
        double[,] cells = new double[rows, columns];
        (double low, double high) = (double.PositiveInfinity, double.NegativeInfinity);
        for (int i = 0; i < flat.Length; i++)
        {
            double value = float.IsFinite(flat[i]) ? flat[i] : double.NaN;
            cells[i / columns, i % columns] = value;
            (low, high) = double.IsNaN(value) ? (low, high) : (Math.Min(low, value), Math.Max(high, value));
        }

        return (cells, low, high);
    }
}
