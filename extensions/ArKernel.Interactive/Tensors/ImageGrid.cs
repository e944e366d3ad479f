using System.Text;
using static TorchSharp.torch;

namespace ArKernel.Interactive;

/// <summary>Images in rows, with captions: generated digits by class, say, or originals above their reconstructions.</summary>
public sealed class ImageGrid
{
    private const int MostImages = 400;

    private readonly byte[][] pictures;
    private readonly string[] captions;
    private readonly int columns;
    private readonly int shownWidth;

    private ImageGrid(byte[][] pictures, string[] captions, int columns, int shownWidth) =>
        (this.pictures, this.captions, this.columns, this.shownWidth) = (pictures, captions, columns, shownWidth);

    /// <summary>Takes a picture of images; the tensor may be disposed afterwards.</summary>
    /// <param name="images">[n, c, h, w], c 1 or 3: floating-point values from 0 to 1 (others are clamped), or bytes.</param>
    /// <param name="captions">A caption for each image, or one for each row, or null.</param>
    /// <param name="columns">Images in a row; 0 chooses.</param>
    /// <exception cref="ArgumentException">The shape is another, there are more than 400 images, or the captions are as many as neither images nor rows.</exception>
    public static ImageGrid Of(Tensor images, string[]? captions = null, int columns = 0)
    {
        if (images.IsInvalid || images.dim() != 4 || images.shape[1] is not (1 or 3) || images.numel() == 0 || images.is_complex())
        {
            throw new ArgumentException($"Images have the shape [n, 1 or 3, height, width]; this is a {TensorSummary.Of(images).Kind}.", nameof(images));
        }

        int count = (int)images.shape[0];
        if (count > MostImages || columns < 0)
        {
            throw new ArgumentException($"An ImageGrid shows up to {MostImages} images in at least one column; these are {count} in {columns}. Take a slice: images[..{MostImages}].", nameof(images));
        }

        int width = (int)images.shape[3];
        columns = columns > 0 ? Math.Min(columns, count) : Math.Min(count, Math.Clamp(640 / Math.Max(width, 56), 1, 10));
        int rows = (count + columns - 1) / columns;
        captions ??= [];
        if (captions.Length > 0 && captions.Length != count && captions.Length != rows)
        {
            throw new ArgumentException($"There are {captions.Length} captions for {count} images in {rows} rows; give one for each image or one for each row.", nameof(captions));
        }

        byte[][] encoded = [.. TensorPicture.Bytes(images, count).Select(pixels => PngEncoder.Encode(pixels, width, (int)images.shape[2], (int)images.shape[1]))];
        int scale = Math.Clamp(Math.Min(64 / width, 620 / (columns * width)), 1, 8);
        return new ImageGrid(encoded, captions, columns, width * scale);
    }

    /// <summary>The grid as HTML.</summary>
    public string ToHtml()
    {
        bool rowCaptions = captions.Length > 0 && captions.Length != pictures.Length;
        StringBuilder html = new($"<table style=\"{Html.Card};border-collapse:collapse;border:none\"><tbody>");
        for (int begin = 0; begin < pictures.Length; begin += columns)
        {
            html.Append("<tr style=\"background:none\">");
            if (rowCaptions)
            {
                html.Append($"<td style=\"text-align:right;padding:2px 10px 2px 0;border:none\">{Html.Escape(captions[begin / columns])}</td>");
            }

            for (int i = begin; i < Math.Min(begin + columns, pictures.Length); i++)
            {
                string caption = captions.Length == pictures.Length ? captions[i] : "";
                html.Append("<td style=\"padding:2px;border:none;text-align:center;vertical-align:top\">")
                    .Append(PngEncoder.ToHtml(pictures[i], shownWidth, caption.Length > 0 ? caption : $"image {i}"))
                    .Append(caption.Length > 0 ? $"<div style=\"font-size:11px\">{Html.Escape(caption)}</div>" : "")
                    .Append("</td>");
            }

            html.Append("</tr>");
        }

        return html.Append("</tbody></table>").ToString();
    }

    /// <summary>The number of images and their captions.</summary>
    public override string ToString() =>
        $"{pictures.Length} images in rows of {columns}{(captions.Length > 0 ? ": " + string.Join(", ", captions.Take(20)) + (captions.Length > 20 ? ", …" : "") : "")}";
}
