using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;

namespace ArKernel.Data;

/// <summary>A long sequence of token ids: in memory, or in a file that is mapped and so may be larger than the memory.</summary>
public sealed class TokenStream : IDisposable
{
    private readonly int[]? tokens;
    private readonly MemoryMappedFile? mapping;
    private readonly MemoryMappedViewAccessor? view;

    /// <summary>A sequence in memory.</summary>
    /// <param name="tokens">The token ids.</param>
    public TokenStream(IReadOnlyList<int> tokens)
    {
        this.tokens = tokens as int[] ?? [.. tokens];
        Length = this.tokens.Length;
    }

    private TokenStream(MemoryMappedFile mapping, long length)
    {
        this.mapping = mapping;
        view = mapping.CreateViewAccessor(0, length * sizeof(int), MemoryMappedFileAccess.Read);
        Length = length;
    }

    /// <summary>The number of tokens.</summary>
    public long Length { get; }

    /// <summary>Opens a file that <see cref="Write"/> made.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidDataException">Its length is not a positive multiple of 4 bytes.</exception>
    public static TokenStream Open(string path)
    {
        long bytes = new FileInfo(path).Length;
        if (bytes == 0 || bytes % sizeof(int) != 0)
        {
            throw new InvalidDataException($"'{path}' has {bytes} bytes; a token file has 4 for each token and at least one token.");
        }

        return new TokenStream(MemoryMappedFile.CreateFromFile(path, FileMode.Open, mapName: null, 0, MemoryMappedFileAccess.Read), bytes / sizeof(int));
    }

    /// <summary>Writes tokens as 32-bit little-endian integers, as they come: the sequence is never in memory as a whole.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tokens">The token ids.</param>
    public static void Write(string path, IEnumerable<int> tokens)
    {
        string temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16))
            {
                Span<byte> bytes = stackalloc byte[sizeof(int)];
                foreach (int token in tokens)
                {
                    BinaryPrimitives.WriteInt32LittleEndian(bytes, token);
                    stream.Write(bytes);
                }

                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>Copies tokens out.</summary>
    /// <param name="start">The first token.</param>
    /// <param name="destination">Where to; its length is the number of tokens.</param>
    /// <exception cref="ArgumentOutOfRangeException">The tokens are not all inside the sequence.</exception>
    public void Copy(long start, Span<long> destination)
    {
        if (start < 0 || start > Length - destination.Length)
        {
            throw new ArgumentOutOfRangeException(nameof(start), start, $"{destination.Length} tokens from there are not inside the sequence of {Length}.");
        }

        for (int i = 0; i < destination.Length; i++)
        {
            destination[i] = tokens is not null ? tokens[start + i] : view!.ReadInt32((start + i) * sizeof(int));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        view?.Dispose();
        mapping?.Dispose();
    }
}
