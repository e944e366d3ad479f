using System.Globalization;
using System.Net;
using System.Text;

namespace ArKernel.Notebooks.Engine.Staleness;

/// <summary><c>#!stale</c> and <c>#!rerun</c>.</summary>
internal static class StaleMagics
{
    public static IEnumerable<Magic> Create(NotebookEngine engine) =>
    [
        new("stale", "Lists the cells whose inputs have changed since they ran.", (_, context) => ShowAsync(engine.History.Stale(), context)),
        new("rerun", "Runs the stale cells again, in order; --dry-run only says which.", (arguments, context) => RerunAsync(engine, arguments, context)),
    ];

    private static Task<Action?> ShowAsync(IReadOnlyList<StaleCell> stale, CellContext context)
    {
        if (stale.Count == 0)
        {
            context.DisplayRendered(Rendering.Text("No cell is stale."));
            return Task.FromResult<Action?>(null);
        }

        StringBuilder html = new("<table><thead><tr><th>cell</th><th>input</th><th>changed by</th></tr></thead><tbody>");
        List<string> lines = [];
        foreach (StaleCell cell in stale)
        {
            string cause = cell.ChangedBy.Name + (cell.IsTransitive ? ", which is stale itself" : "");
            html.Append(CultureInfo.InvariantCulture, $"<tr><td>{Encode(cell.Cell.Name)}</td><td>{Encode(cell.Input)}</td><td>{Encode(cause)}</td></tr>");
            lines.Add($"{cell.Cell.Name}: {cell.Input} was changed by {cause}");
        }

        context.DisplayRendered(new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["text/html"] = html.Append("</tbody></table>").ToString(),
            ["text/plain"] = string.Join('\n', lines),
        });
        return Task.FromResult<Action?>(null);
    }

    private static async Task<Action?> RerunAsync(NotebookEngine engine, string arguments, CellContext context)
    {
        if (arguments is not ("" or "--dry-run"))
        {
            throw new ArgumentException($"#!rerun: '{arguments}' is not an option; --dry-run is.");
        }

        IReadOnlyList<StaleCell> stale = engine.History.Stale();
        if (stale.Count == 0 || arguments.Length > 0)
        {
            return await ShowAsync(stale, context);
        }

        foreach (StaleCell cell in stale)
        {
            context.DisplayRendered(new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["text/html"] = $"<b>{Encode(cell.Cell.Name)}</b>",
                ["text/plain"] = cell.Cell.Name,
            });
            if (await engine.RunAgainAsync(cell.Cell, context) is { } error)
            {
                throw new CellFailedException(error with { Message = $"{error.Message} (in {cell.Cell.Name}, run again by #!rerun)", Line = null });
            }
        }

        return null;
    }

    private static string Encode(string text) => WebUtility.HtmlEncode(text);
}
