using System.Runtime.CompilerServices;

namespace ArKernel.Codecs;

/// <summary>What a token of text is.</summary>
public abstract class TextCodec
{
    /// <summary>The number of different tokens.</summary>
    public abstract int VocabularySize { get; }

    /// <summary>The tokens of a text.</summary>
    /// <param name="text">Any text.</param>
    public abstract int[] Encode(string text);

    /// <summary>The bytes a token stands for.</summary>
    /// <param name="token">A token id.</param>
    /// <exception cref="ArgumentOutOfRangeException">The token is outside the vocabulary.</exception>
    public abstract ReadOnlyMemory<byte> BytesOf(int token);

    /// <summary>The text of tokens; bytes that are not valid UTF-8, as a model may generate, become replacement characters.</summary>
    /// <param name="tokens">Token ids.</param>
    [OverloadResolutionPriority(1)] // an int[] would convert to a Tensor as well as to this
    public string Decode(IEnumerable<int> tokens)
    {
        using var bytes = new MemoryStream();
        foreach (int token in tokens)
        {
            bytes.Write(BytesOf(token).Span);
        }

        return System.Text.Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
    }

    /// <summary>The text of one sequence of a tensor.</summary>
    /// <param name="tokens">[time] or [1, time] int64.</param>
    public string Decode(TorchSharp.torch.Tensor tokens)
    {
        using TorchSharp.torch.Tensor flat = tokens.cpu().to(TorchSharp.torch.ScalarType.Int64).flatten();
        return Decode(flat.data<long>().Select(token => (int)token));
    }
}

/// <summary>A token is a byte of UTF-8: 256 tokens, nothing to learn, every text representable.</summary>
public sealed class ByteCodec : TextCodec
{
    private static readonly byte[] All = [.. Enumerable.Range(0, 256).Select(value => (byte)value)];

    /// <inheritdoc/>
    public override int VocabularySize => 256;

    /// <inheritdoc/>
    public override int[] Encode(string text) => [.. System.Text.Encoding.UTF8.GetBytes(text).Select(value => (int)value)];

    /// <inheritdoc/>
    public override ReadOnlyMemory<byte> BytesOf(int token) => (uint)token < 256
        ? All.AsMemory(token, 1)
        : throw new ArgumentOutOfRangeException(nameof(token), token, "ByteCodec has tokens 0..255.");
}
