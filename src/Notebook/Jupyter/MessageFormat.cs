using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ArKernel.Notebooks.Jupyter;

/// <summary>
/// Turns messages into frames and back: <c>identities…, &lt;IDS|MSG&gt;, signature, header, parent header, metadata, content, buffers…</c>.
/// The signature is the HMAC-SHA256 of the four JSON frames.
/// </summary>
/// <param name="key">The key; empty for unsigned messages.</param>
internal sealed class MessageFormat(string key)
{
    /// <summary>The largest message that is taken, in bytes.</summary>
    public const long LargestMessage = 256L << 20;

    // As many signatures are remembered; a replay of an older message would have to be older than so many others.
    private const int MostRemembered = 1 << 16;

    private static readonly byte[] Delimiter = "<IDS|MSG>"u8.ToArray();
    private static readonly JsonDocumentOptions Depth = new() { MaxDepth = 128, AllowDuplicateProperties = false };

    private readonly byte[] keyBytes = Encoding.UTF8.GetBytes(key);
    private readonly HashSet<string> seen = new(StringComparer.Ordinal);
    private readonly Queue<string> order = new();

    /// <summary>The frames of a message.</summary>
    public IReadOnlyList<byte[]> Encode(JupyterMessage message)
    {
        byte[][] parts = [Utf8(message.Header), Utf8(message.ParentHeader), Utf8(message.Metadata), Utf8(message.Content)];
        return [.. message.Identities, Delimiter, Encoding.ASCII.GetBytes(Sign(parts)), .. parts, .. message.Buffers];
    }

    /// <summary>The message in some frames.</summary>
    /// <exception cref="MessageFormatException">They are no message, or not one from somebody who has the key, or one that was here before.</exception>
    public JupyterMessage Decode(IReadOnlyList<byte[]> frames)
    {
        int delimiter = 0;
        while (delimiter < frames.Count && !frames[delimiter].AsSpan().SequenceEqual(Delimiter))
        {
            delimiter++;
        }

        if (frames.Count < delimiter + 6)
        {
            throw new MessageFormatException(delimiter == frames.Count ? "it has no delimiter" : "it is cut short");
        }

        if (frames.Sum(f => (long)f.Length) > LargestMessage)
        {
            throw new MessageFormatException($"it is larger than {LargestMessage >> 20} MiB");
        }

        byte[][] parts = [.. frames.Skip(delimiter + 2).Take(4)];
        Verify(frames[delimiter + 1], parts);
        JupyterMessage message = new(Json(parts[0], "header"), Json(parts[3], "content"))
        {
            Identities = [.. frames.Take(delimiter)],
            ParentHeader = Json(parts[1], "parent header"),
            Metadata = Json(parts[2], "metadata"),
            Buffers = [.. frames.Skip(delimiter + 6)],
        };
        return message.Type.Length > 0 && message.Id.Length > 0 ? message : throw new MessageFormatException("its header has no msg_type or msg_id");
    }

    private static byte[] Utf8(JsonObject json) => JsonSerializer.SerializeToUtf8Bytes(json, JupyterJson.Options);

    private static JsonObject Json(byte[] part, string name)
    {
        try
        {
            JsonObject json = JsonNode.Parse(part, documentOptions: Depth) as JsonObject ?? throw new MessageFormatException($"its {name} is no JSON object");
            ReadTexts(json);
            return json;
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException or InvalidOperationException)
        {
            throw new MessageFormatException($"its {name} is no JSON");
        }
    }

    /// <summary>Texts that are no Unicode (half a surrogate pair, bad UTF-8) would otherwise fail where they are first read, far from here.</summary>
    private static void ReadTexts(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject json:
                foreach ((_, JsonNode? value) in json)
                {
                    ReadTexts(value);
                }

                break;
            case JsonArray array:
                foreach (JsonNode? item in array)
                {
                    ReadTexts(item);
                }

                break;
            case JsonValue value:
                value.TryGetValue(out string? _);
                break;
        }
    }

    private string Sign(byte[][] parts)
    {
        if (keyBytes.Length == 0)
        {
            return "";
        }

        using IncrementalHash hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, keyBytes);
        foreach (byte[] part in parts)
        {
            hash.AppendData(part);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private void Verify(byte[] signature, byte[][] parts)
    {
        if (keyBytes.Length == 0)
        {
            return;
        }

        if (signature.Length == 0)
        {
            throw new MessageFormatException("it is not signed");
        }

        if (!CryptographicOperations.FixedTimeEquals(signature, Encoding.ASCII.GetBytes(Sign(parts))))
        {
            throw new MessageFormatException("its signature is wrong");
        }

        string text = Encoding.ASCII.GetString(signature);
        lock (seen)
        {
            if (!seen.Add(text))
            {
                throw new MessageFormatException("it was received before");
            }

            order.Enqueue(text);
            if (order.Count > MostRemembered)
            {
                seen.Remove(order.Dequeue());
            }
        }
    }
}

/// <summary>Frames are not a message to act on.</summary>
/// <param name="message">Why: a clause about the message.</param>
internal sealed class MessageFormatException(string message) : Exception(message);

/// <summary>How JSON is written on the wire.</summary>
internal static class JupyterJson
{
    /// <summary>Characters of other scripts as they are; a peer that parses the wire as HTML does not exist.</summary>
    public static JsonSerializerOptions Options { get; } = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 256 };
}
