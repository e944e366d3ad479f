using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace ArKernel.Cli;

/// <summary><c>arkernel catalog</c>: the systems of the library, and how each fills the slots.</summary>
internal static class CatalogCommand
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "Writes everything that is known of the systems as JSON." };
        var command = new Command("catalog", "Lists the systems of the library and how each fills the slots.") { json };
        command.SetAction(parsed =>
        {
            Write(Console.Out, parsed.GetValue(json));
            return ExitCode.Success;
        });
        return command;
    }

    internal static void Write(TextWriter output, bool asJson) => output.WriteLine(asJson ? JsonSerializer.Serialize(Catalog.Systems, Json) : Table());

    /// <summary>A Markdown table, which reads well in a terminal too.</summary>
    internal static string Table()
    {
        string[] heads = ["System", "Year", "Family", "Codec", "Order", "Query", "Head", "Recipe"];
        List<string[]> rows =
        [
            heads,
            .. Catalog.Systems.Select(system => new[]
            {
                system.Name, $"{system.Year}", system.Family, system.Codec, system.Order, system.Query, system.Head, system.Recipe,
            }),
        ];
        int[] widths = [.. heads.Select((_, column) => rows.Max(row => row[column].Length))];
        rows.Insert(1, [.. widths.Select(width => new string('-', width))]);
        return string.Join('\n', rows.Select(row => "| " + string.Join(" | ", row.Select((cell, column) => cell.PadRight(widths[column]))) + " |"));
    }
}
