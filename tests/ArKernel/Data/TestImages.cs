using System.Buffers.Binary;
using System.IO.Compression;

namespace ArKernel.Tests.Data;

/// <summary>Image files for tests: PNG written from the format's specification, and two small JPEG files of a gradient from red to blue, 24 wide and 16 high.</summary>
internal static class TestImages
{
    internal static byte[] Jpeg { get; } = Convert.FromBase64String(
        "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAYEBQYFBAYGBQYHBwYIChAKCgkJChQODwwQFxQYGBcUFhYaHSUfGhsjHBYWICwgIyYnKSopGR8tMC" +
        "0oMCUoKSj/2wBDAQcHBwoIChMKChMoGhYaKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCj/wAARCAAQ" +
        "ABgDASIAAhEBAxEB/8QAFgABAQEAAAAAAAAAAAAAAAAAAAYH/8QAFhABAQEAAAAAAAAAAAAAAAAAABRh/8QAFQEBAQAAAAAAAAAAAAAAAAAAAA" +
        "b/xAAWEQADAAAAAAAAAAAAAAAAAAAAFmL/2gAMAwEAAhEDEQA/AMrs0s1PWaWasESS9c6KGzRPWaCJIc6P/9k=");

    /// <summary>The same in a progressive file, a harder one to decode.</summary>
    internal static byte[] ProgressiveJpeg { get; } = Convert.FromBase64String(
        "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdBRkxOUlNSMj5aYV" +
        "pQYEpRUk//2wBDAQ4ODhMREyYVFSZPNS01T09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT0//wgARCAAQ" +
        "ABgDASIAAhEBAxEB/8QAFgABAQEAAAAAAAAAAAAAAAAAAAMF/8QAFQEBAQAAAAAAAAAAAAAAAAAAAAT/2gAMAwEAAhADEAAAActBZfdAf//EAB" +
        "UQAQEAAAAAAAAAAAAAAAAAAAAR/9oACAEBAAEFAqqqqv/EABURAQEAAAAAAAAAAAAAAAAAAAAU/9oACAEDAQE/AbFj/8QAFREBAQAAAAAAAAAA" +
        "AAAAAAAAABT/2gAIAQIBAT8BhQv/xAAUEAEAAAAAAAAAAAAAAAAAAAAg/9oACAEBAAY/Al//xAAUEAEAAAAAAAAAAAAAAAAAAAAg/9oACAEBAA" +
        "E/IV//AP/aAAwDAQACAAMAAAAQxx//xAAVEQEBAAAAAAAAAAAAAAAAAAAAcf/aAAgBAwEBPxC1v//EABURAQEAAAAAAAAAAAAAAAAAAABx/9oA" +
        "CAECAQE/EJS//8QAFBABAAAAAAAAAAAAAAAAAAAAIP/aAAgBAQABPxBAf//Z");

    /// <summary>A PNG file.</summary>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="channels">1 for grey, 3 for colour, 4 for colour with transparency.</param>
    /// <param name="pixel">The value of a row, column and channel.</param>
    internal static byte[] Png(int height, int width, int channels, Func<int, int, int, int> pixel)
    {
        byte[] raw = new byte[height * (1 + width * channels)];
        for (int row = 0, place = 0; row < height; row++)
        {
            raw[place++] = 0; // no filter
            for (int i = 0; i < width * channels; i++)
            {
                raw[place++] = (byte)pixel(row, i / channels, i % channels);
            }
        }

        using var packed = new MemoryStream();
        using (var deflate = new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            deflate.Write(raw);
        }

        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9]) = (8, (byte)(channels switch { 1 => 0, 3 => 2, _ => 6 }));
        using var file = new MemoryStream();
        file.Write([0x89, .. "PNG\r\n"u8, 0x1A, (byte)'\n']);
        Chunk(file, "IHDR"u8, header);
        Chunk(file, "IDAT"u8, packed.ToArray());
        Chunk(file, "IEND"u8, []);
        return file.ToArray();
    }

    private static void Chunk(Stream file, ReadOnlySpan<byte> name, byte[] data)
    {
        byte[] number = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        file.Write(number);
        file.Write(name);
        file.Write(data);
        BinaryPrimitives.WriteUInt32BigEndian(number, Checksum([.. name, .. data]));
        file.Write(number);
    }

    private static uint Checksum(byte[] data)
    {
        uint checksum = uint.MaxValue;
        foreach (byte value in data)
        {
            checksum ^= value;
            for (int bit = 0; bit < 8; bit++)
            {
                checksum = (checksum >> 1) ^ ((checksum & 1) != 0 ? 0xEDB88320 : 0);
            }
        }

        return ~checksum;
    }
}
