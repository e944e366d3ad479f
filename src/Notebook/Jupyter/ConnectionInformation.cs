using System.Buffers;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ArKernel.Notebooks.Jupyter;

/// <summary>What a Jupyter connection file says: where a kernel listens, and the keys.</summary>
public sealed record ConnectionInformation
{
    private static readonly SearchValues<char> Z85 = SearchValues.Create("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#");

    /// <summary>The transport; only <c>tcp</c> is possible.</summary>
    [JsonPropertyName("transport")]
    public string Transport { get; init; } = "tcp";

    /// <summary>The address.</summary>
    [JsonPropertyName("ip")]
    public string Address { get; init; } = "127.0.0.1";

    /// <summary>The port of requests.</summary>
    [JsonPropertyName("shell_port")]
    public int ShellPort { get; init; }

    /// <summary>The port of outputs.</summary>
    [JsonPropertyName("iopub_port")]
    public int OutputPort { get; init; }

    /// <summary>The port of questions to the user.</summary>
    [JsonPropertyName("stdin_port")]
    public int InputPort { get; init; }

    /// <summary>The port of requests that must not wait.</summary>
    [JsonPropertyName("control_port")]
    public int ControlPort { get; init; }

    /// <summary>The port of the heartbeat.</summary>
    [JsonPropertyName("hb_port")]
    public int HeartbeatPort { get; init; }

    /// <summary>The key of signatures; empty for none.</summary>
    [JsonPropertyName("key")]
    public string Key { get; init; } = "";

    /// <summary>How messages are signed.</summary>
    [JsonPropertyName("signature_scheme")]
    public string SignatureScheme { get; init; } = "hmac-sha256";

    /// <summary>The kernel's name.</summary>
    [JsonPropertyName("kernel_name")]
    public string KernelName { get; init; } = "";

    /// <summary>The server's public CurveZMQ key (Z85), when the connection is encrypted.</summary>
    [JsonPropertyName("curve_publickey")]
    public string? CurvePublicKey { get; init; }

    /// <summary>The server's secret CurveZMQ key (Z85), when the connection is encrypted.</summary>
    [JsonPropertyName("curve_secretkey")]
    public string? CurveSecretKey { get; init; }

    /// <summary>Whether the connection is encrypted.</summary>
    [JsonIgnore]
    public bool IsEncrypted => CurvePublicKey is not null;

    /// <summary>Reads and checks a connection file.</summary>
    /// <param name="path">The file.</param>
    /// <returns>What it says.</returns>
    /// <exception cref="JupyterException">It cannot be read, or asks for what is not possible or not safe.</exception>
    public static ConnectionInformation Read(string path)
    {
        ConnectionInformation? connection;
        try
        {
            connection = JsonSerializer.Deserialize(File.ReadAllText(path), ConnectionJson.Default.ConnectionInformation);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new JupyterException($"The connection file '{path}' cannot be read: {exception.Message}");
        }

        if (connection is null)
        {
            throw new JupyterException($"The connection file '{path}' is empty.");
        }

        // The generated reader sets what the file leaves out to null, whatever the property's initial value.
        ConnectionInformation defaults = new();
        return (connection with
        {
            Transport = connection.Transport ?? defaults.Transport,
            Address = connection.Address ?? defaults.Address,
            Key = connection.Key ?? defaults.Key,
            SignatureScheme = connection.SignatureScheme ?? defaults.SignatureScheme,
            KernelName = connection.KernelName ?? defaults.KernelName,
        }).Check(path);
    }

    /// <summary>Writes a connection file that only its owner can read.</summary>
    /// <param name="path">The file.</param>
    public void Write(string path)
    {
        FileStreamOptions options = new() { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using FileStream file = new(path, options);
        JsonSerializer.Serialize(file, this, ConnectionJson.Default.ConnectionInformation);
    }

    /// <summary>The address of a port as ZeroMQ writes it.</summary>
    /// <param name="port">The port.</param>
    /// <returns>The address.</returns>
    public string Endpoint(int port) => FormattableString.Invariant($"tcp://{(Address.Contains(':', StringComparison.Ordinal) ? $"[{Address}]" : Address)}:{port}");

    private static bool IsKey(string? text) => text is null || (text.Length == 40 && !text.AsSpan().ContainsAnyExcept(Z85));

    private ConnectionInformation Check(string path)
    {
        if (!Transport.Equals("tcp", StringComparison.OrdinalIgnoreCase))
        {
            throw new JupyterException($"{path}: the transport '{Transport}' is not possible here, only 'tcp' is. Start the server without --transport, or with --KernelManager.transport=tcp.");
        }

        if (Key.Length > 0 && SignatureScheme is not "hmac-sha256")
        {
            throw new JupyterException($"{path}: the signature scheme '{SignatureScheme}' is not known, only 'hmac-sha256' is.");
        }

        if ((CurvePublicKey, CurveSecretKey) is (null, not null) or (not null, null) || !IsKey(CurvePublicKey) || !IsKey(CurveSecretKey))
        {
            throw new JupyterException($"{path}: an encrypted connection needs both curve_publickey and curve_secretkey, 40 characters of Z85 each.");
        }

        bool loopback = Address is "localhost" || (IPAddress.TryParse(Address, out IPAddress? address) && IPAddress.IsLoopback(address));
        if (!loopback && !IsEncrypted)
        {
            throw new JupyterException($"{path}: the address '{Address}' can be reached from other machines and the connection is not encrypted: whoever reads along could run code. Use 127.0.0.1, or a connection file with CurveZMQ keys.");
        }

        return Key.Length == 0 && !IsEncrypted && ShellPort != 0
            ? throw new JupyterException($"{path}: there is no key: anybody on this machine could run code. Give the file a 'key'.")
            : this;
    }
}

/// <summary>The Jupyter side cannot go on; the message says why.</summary>
/// <param name="message">Why.</param>
public sealed class JupyterException(string message) : Exception(message);

[JsonSerializable(typeof(ConnectionInformation))]
internal sealed partial class ConnectionJson : JsonSerializerContext;
