using System.Text.Json;
using System.Text.Json.Nodes;

namespace ArKernel.Notebooks.Jupyter;

/// <summary>A message of the Jupyter protocol.</summary>
/// <param name="Header">The header: <c>msg_id</c>, <c>msg_type</c>, <c>session</c>, <c>username</c>, <c>date</c>, <c>version</c>.</param>
/// <param name="Content">The content.</param>
internal sealed record JupyterMessage(JsonObject Header, JsonObject Content)
{
    /// <summary>The protocol that is spoken here.</summary>
    public const string ProtocolVersion = "5.5";

    /// <summary>The routing identities, or the topic of an output.</summary>
    public IReadOnlyList<byte[]> Identities { get; init; } = [];

    /// <summary>The header of the request that this belongs to; empty for none.</summary>
    public JsonObject ParentHeader { get; init; } = [];

    /// <summary>Metadata.</summary>
    public JsonObject Metadata { get; init; } = [];

    /// <summary>Binary attachments.</summary>
    public IReadOnlyList<byte[]> Buffers { get; init; } = [];

    /// <summary>What kind of message it is.</summary>
    public string Type => Text(Header, "msg_type");

    /// <summary>Its id.</summary>
    public string Id => Text(Header, "msg_id");

    /// <summary>The subshell it is for; null for the main shell.</summary>
    public string? SubshellId => Header["subshell_id"] is JsonValue value && value.TryGetValue(out string? id) ? id : null;

    /// <summary>A new message.</summary>
    /// <param name="type">Its kind.</param>
    /// <param name="content">Its content.</param>
    /// <param name="session">The sender's session.</param>
    /// <param name="parent">What it belongs to; null for nothing.</param>
    /// <returns>The message.</returns>
    public static JupyterMessage Create(string type, JsonObject content, string session, JupyterMessage? parent = null) => new(
        new JsonObject
        {
            ["msg_id"] = Guid.NewGuid().ToString("N"),
            ["msg_type"] = type,
            ["session"] = session,
            ["username"] = "kernel",
            ["date"] = DateTime.UtcNow.ToString("O"),
            ["version"] = ProtocolVersion,
        },
        content)
    {
        ParentHeader = parent is null ? [] : (JsonObject)parent.Header.DeepClone(),
    };

    /// <summary>A text of an object; empty when it is missing or no text.</summary>
    public static string Text(JsonObject from, string name) => from[name] is JsonValue value && value.TryGetValue(out string? text) ? text : "";

    /// <summary>A truth value of an object.</summary>
    public static bool Flag(JsonObject from, string name, bool otherwise) => from[name] is JsonValue value && value.TryGetValue(out bool flag) ? flag : otherwise;

    /// <summary>A whole number of an object.</summary>
    public static int Number(JsonObject from, string name, int otherwise) =>
        from[name] is JsonValue value && value.GetValueKind() == JsonValueKind.Number && value.TryGetValue(out int number) ? number : otherwise;
}
