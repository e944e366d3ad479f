using System.Globalization;

namespace ArKernel.Notebooks.Engine.Variables;

/// <summary>The display of <c>#!who --panel</c>: the variables, the largest first, as they are after each cell. There is one; a newer takes its place.</summary>
internal sealed class VariablePanel(VariableTable table, IValueInspector? inspector)
{
    private string? displayId;
    private Dictionary<string, string> before = new(StringComparer.Ordinal);

    /// <summary>Shows the panel below the cell.</summary>
    public void Show(CellContext context) => displayId = context.DisplayRendered(Draw(context.Cell.Name)).DisplayId;

    /// <summary>Brings the panel up to date after a cell, if there is one.</summary>
    public void Update(CellSubmission cell, CellOutput output)
    {
        if (displayId is not null)
        {
            output.Add(new DisplayData(displayId, Draw(cell.Name), IsUpdate: true));
        }
    }

    private IReadOnlyDictionary<string, string> Draw(string cell)
    {
        VariableRow[] rows = [.. table.Rows.OrderByDescending(r => r.Description?.Bytes ?? 0)];
        Dictionary<string, string> now = rows.ToDictionary(r => r.Variable.Name, r => $"{r.Type} {r.Description} {r.Variable.Cell}", StringComparer.Ordinal);
        HashSet<string> changed = [.. now.Where(r => before.GetValueOrDefault(r.Key) != r.Value).Select(r => r.Key)];
        before = now;
        string tensors = inspector is { LiveTensors: > 0 and long alive } ? string.Create(CultureInfo.InvariantCulture, $", {alive:N0} {(alive == 1 ? "tensor" : "tensors")} alive") : "";
        string title = string.Create(CultureInfo.InvariantCulture, $"{rows.Length} {(rows.Length == 1 ? "variable" : "variables")}{tensors} after {cell}");
        return VariableView.Render(rows, table.Left, withValues: false, title, changed);
    }
}
