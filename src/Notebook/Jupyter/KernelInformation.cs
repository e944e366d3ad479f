using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace ArKernel.Notebooks.Jupyter;

/// <summary>What a kernel says of itself.</summary>
internal static class KernelInformation
{
    /// <summary>The version of this program.</summary>
    public static string Version { get; } =
        typeof(KernelInformation).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";

    /// <summary>The content of a <c>kernel_info_reply</c>.</summary>
    /// <param name="language"><c>csharp</c> or <c>fsharp</c>.</param>
    public static JsonObject Of(string language)
    {
        bool isFSharp = language.Equals("fsharp", StringComparison.Ordinal);
        string name = isFSharp ? "F#" : "C#";
        return new JsonObject
        {
            ["status"] = "ok",
            ["protocol_version"] = JupyterMessage.ProtocolVersion,
            ["implementation"] = "arkernel",
            ["implementation_version"] = Version,
            ["language_info"] = new JsonObject
            {
                ["name"] = name,
                ["version"] = isFSharp ? "10.0" : "14.0",
                ["mimetype"] = isFSharp ? "text/x-fsharp" : "text/x-csharp",
                ["file_extension"] = isFSharp ? ".fs" : ".cs",
                ["pygments_lexer"] = language,
                ["codemirror_mode"] = isFSharp ? "text/x-fsharp" : "text/x-csharp",
            },
            ["banner"] = $"ArKernel {Version}: {name} on {RuntimeInformation.FrameworkDescription}. #!lsmagic lists the commands.",
            ["help_links"] = new JsonArray(
                new JsonObject { ["text"] = ".NET API browser", ["url"] = "https://learn.microsoft.com/dotnet/api/" },
                new JsonObject { ["text"] = "TorchSharp", ["url"] = "https://github.com/dotnet/TorchSharp" }),
            ["supported_features"] = new JsonArray("debugger", "kernel subshells"),
            ["debugger"] = true, // for clients that do not know supported_features
        };
    }
}
