using System.Buffers.Binary;
using System.IO.Compression;

namespace ArKernel.Interactive;

/// <summary>Writes 8-bit PNG pictures (ISO/IEC 15948).</summary>
internal static class PngEncoder
{
    private static readonly uint[] CrcTable = [.. Enumerable.Range(0, 256).Select(n => Enumerable.Range(0, 8).Aggregate((uint)n, (c, _) => (c & 1) != 0 ? 0xEDB88320 ^ (c >> 1) : c >> 1))];

    /// <summary>A picture as PNG.</summary>
    /// <param name="pixels">[height, width, channels], row by row.</param>
    /// <param name="width">Pixels across.</param>
    /// <param name="height">Pixels down.</param>
    /// <param name="channels">1 for grey, 3 for red, green and blue.</param>
    public static byte[] Encode(ReadOnlySpan<byte> pixels, int width, int height, int channels)
    {
        if (pixels.Length != width * height * channels || channels is not (1 or 3) || width < 1 || height < 1)
        {
            throw new ArgumentException($"A picture of {width} by {height} pixels and {channels} channels has {(long)width * height * channels} bytes, not {pixels.Length}; channels are 1 or 3.", nameof(pixels));
        }

        using MemoryStream png = new();
        png.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A]);
        Span<byte> header = stackalloc byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], height);
        header[8] = 8; // bits a channel
        header[9] = (byte)(channels == 1 ? 0 : 2); // grey or colour
        WriteChunk(png, "IHDR"u8, header);
        using MemoryStream data = new();
        using (ZLibStream zlib = new(data, CompressionLevel.Optimal, leaveOpen: true))
        {
            int stride = width * channels;
            for (int row = 0; row < height; row++)
            {
                zlib.WriteByte(0); // no filter
                zlib.Write(pixels.Slice(row * stride, stride));
            }
        }

        WriteChunk(png, "IDAT"u8, data.GetBuffer().AsSpan(0, (int)data.Length));
        WriteChunk(png, "IEND"u8, []);
        return png.ToArray();
    }

    /// <summary>An <c>img</c> element that shows the picture with sharp pixels.</summary>
    public static string ToHtml(byte[] png, int shownWidth, string description) =>
        $"<img alt=\"{Html.Escape(description)}\" width=\"{shownWidth}\" style=\"image-rendering:pixelated;max-width:100%;height:auto;display:block\" src=\"data:image/png;base64,{Convert.ToBase64String(png)}\"/>";

    private static void WriteChunk(MemoryStream png, ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        png.Write(number);
        png.Write(type);
        png.Write(data);
        BinaryPrimitives.WriteUInt32BigEndian(number, ~Crc(data, Crc(type, uint.MaxValue)));
        png.Write(number);
    }

    private static uint Crc(ReadOnlySpan<byte> data, uint crc)
    {
        foreach (byte value in data)
        {
            crc = CrcTable[(crc ^ value) & 0xFF] ^ (crc >> 8);
        }

        return crc;
    }
}
