using ArKernel.Notebooks.Engine.Sharing;

namespace ArKernel.Notebooks.Engine.Variables;

/// <summary><c>#!who</c> and <c>#!whos</c>.</summary>
internal static class VariableMagics
{
    private const string Panel = "--panel";

    public static IEnumerable<Magic> Create(VariableTable table, VariablePanel panel) =>
    [
        new("who", "Lists the variables with type, shape, memory, and the cell that defined them; with --panel in a table that follows what later cells do.", (text, context) =>
        {
            if (new MagicArguments("who", text, [], Panel)[Panel] is null)
            {
                context.DisplayRendered(VariableView.Render(table.Rows, table.Left, withValues: false));
            }
            else
            {
                panel.Show(context);
            }

            return Task.FromResult<Action?>(null);
        })
        {
            Options = new Dictionary<string, string>(StringComparer.Ordinal) { [Panel] = "Keeps the table up to date after each cell, the largest first." },
        },
        new("whos", "Lists the variables as #!who does, and their values.", (_, context) =>
        {
            context.DisplayRendered(VariableView.Render(table.Rows, table.Left, withValues: true));
            return Task.FromResult<Action?>(null);
        }),
    ];
}
