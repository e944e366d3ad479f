using System.Text.Json;
using System.Text.Json.Nodes;
using ArKernel.Notebooks.Documents;

namespace ArKernel.Notebooks.Jupyter;

/// <summary>Rendered values as the wire has them: JSON mime types as JSON, all others as text.</summary>
internal static class MimeBundle
{
    public static JsonObject Of(IReadOnlyDictionary<string, string> data)
    {
        JsonObject bundle = [];
        foreach ((string type, string text) in data)
        {
            bundle[type] = MimeType.IsJson(type) ? Parse(text) : text;
        }

        return bundle;
    }

    private static JsonNode? Parse(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return text; // what a formatter called JSON and is none is still shown
        }
    }
}
