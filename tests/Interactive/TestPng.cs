using System.Buffers.Binary;
using System.IO.Compression;

namespace ArKernel.Interactive.Tests;

/// <summary>Reads the PNG pictures back that the extension writes, checksums included.</summary>
internal static class TestPng
{
    public static (byte[] Pixels, int Width, int Height, int Channels) Decode(ReadOnlySpan<byte> png)
    {
        Assert.Equal([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], png[..8].ToArray());
        int place = 8;
        ReadOnlySpan<byte> header = Chunk(png, ref place, "IHDR");
        (int width, int height, int channels) = (BinaryPrimitives.ReadInt32BigEndian(header), BinaryPrimitives.ReadInt32BigEndian(header[4..]), header[9] == 0 ? 1 : 3);
        using ZLibStream zlib = new(new MemoryStream(Chunk(png, ref place, "IDAT").ToArray()), CompressionMode.Decompress);
        using MemoryStream raw = new();
        zlib.CopyTo(raw);
        Assert.Equal(0, Chunk(png, ref place, "IEND").Length);
        Assert.Equal(png.Length, place);
        List<byte> pixels = [];
        foreach (byte[] row in raw.ToArray().Chunk(width * channels + 1))
        {
            Assert.Equal(0, row[0]);
            pixels.AddRange(row[1..]);
        }

        Assert.Equal(width * height * channels, pixels.Count);
        return ([.. pixels], width, height, channels);
    }

    /// <summary>The first picture of a view.</summary>
    public static (byte[] Pixels, int Width, int Height, int Channels) FirstOf(string html)
    {
        const string start = "data:image/png;base64,";
        int begin = html.IndexOf(start, StringComparison.Ordinal) + start.Length;
        return Decode(Convert.FromBase64String(html[begin..html.IndexOf('"', begin)]));
    }

    private static ReadOnlySpan<byte> Chunk(ReadOnlySpan<byte> png, ref int place, string type)
    {
        int length = BinaryPrimitives.ReadInt32BigEndian(png[place..]);
        Assert.Equal(type, System.Text.Encoding.ASCII.GetString(png.Slice(place + 4, 4)));
        uint crc = BinaryPrimitives.ReadUInt32BigEndian(png[(place + 8 + length)..]);
        Assert.Equal(Crc(png.Slice(place + 4, length + 4)), crc);
        ReadOnlySpan<byte> data = png.Slice(place + 8, length);
        place += length + 12;
        return data;
    }

    private static uint Crc(ReadOnlySpan<byte> data)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in data)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xEDB88320 : crc >> 1;
            }
        }

        return ~crc;
    }
}
