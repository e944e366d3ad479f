using System.Diagnostics.CodeAnalysis;
using ArKernel.Notebooks.Engine;

namespace ArKernel.Notebooks;

/// <summary>What code in a cell can ask of the notebook it runs in.</summary>
public static class Notebook
{
    /// <summary>Signalled when the running cell is interrupted; loops that observe it end in good order.</summary>
    public static CancellationToken CancellationToken
    {
        get
        {
            CellContext? cell = CellContext.Current;
            if (cell is null)
            {
                return CancellationToken.None;
            }

            cell.HasAskedForToken = true;
            return cell.CancellationToken;
        }
    }

    /// <summary>Shows a value below the cell.</summary>
    /// <param name="value">The value.</param>
    /// <param name="mimeTypes">Mime types such as <c>text/html</c>; none for those preferred for the value's type.</param>
    /// <returns>A handle that updates the display in place.</returns>
    /// <exception cref="InvalidOperationException">No cell is running.</exception>
    public static DisplayedValue Display(object? value, params string[] mimeTypes) => Cell.Display(value, mimeTypes);

    /// <summary>Removes the outputs of the running cell.</summary>
    /// <param name="wait">Whether to wait for the next output, so that the cell does not flicker.</param>
    public static void ClearOutput(bool wait = false) => Cell.Output.Add(new ClearOutput(wait));

    /// <summary>Asks the user for a line of text.</summary>
    /// <param name="prompt">The question.</param>
    /// <returns>The answer.</returns>
    /// <exception cref="InputNotPossibleException">The front end cannot ask, as when a notebook runs headlessly.</exception>
    public static Task<string> GetInputAsync(string prompt = "") => Cell.Engine.Input.AskAsync(prompt, isPassword: false, Cell);

    /// <summary>Asks the user for a line of text that is hidden while it is typed.</summary>
    /// <param name="prompt">The question.</param>
    /// <returns>The answer.</returns>
    /// <exception cref="InputNotPossibleException">The front end cannot ask, as when a notebook runs headlessly.</exception>
    public static Task<string> GetPasswordAsync(string prompt = "") => Cell.Engine.Input.AskAsync(prompt, isPassword: true, Cell);

    private static CellContext Cell =>
        CellContext.Current ?? throw new InvalidOperationException("No cell is running: displays need a notebook engine.");
}

/// <summary>A value that is shown below a cell and can be replaced where it stands.</summary>
public sealed class DisplayedValue
{
    private readonly CellContext cell;

    internal DisplayedValue(CellContext cell, string displayId)
    {
        this.cell = cell;
        DisplayId = displayId;
    }

    /// <summary>Identifies the display.</summary>
    public string DisplayId { get; }

    /// <summary>Shows another value in the place of the one shown now.</summary>
    /// <param name="value">The new value.</param>
    /// <param name="mimeTypes">Mime types such as <c>text/html</c>; none for those preferred for the value's type.</param>
    public void Update(object? value, params string[] mimeTypes) => UpdateRendered(Rendering.Render(value, mimeTypes));

    /// <summary>Shows data already rendered in the place of what is shown now.</summary>
    /// <param name="data">The data by mime type.</param>
    public void UpdateRendered(IReadOnlyDictionary<string, string> data) => cell.Output.Add(new DisplayData(DisplayId, data, IsUpdate: true));
}

/// <summary>Text that is shown as it is under one mime type.</summary>
/// <param name="Content">The text.</param>
/// <param name="MimeType">What it is.</param>
public sealed record MarkupText(string Content, string MimeType)
{
    /// <inheritdoc/>
    public override string ToString() => Content;
}

/// <summary><c>x.Display()</c> on every value.</summary>
public static class DisplayExtensions
{
    /// <summary>Shows the value below the cell.</summary>
    /// <param name="value">The value.</param>
    /// <param name="mimeTypes">Mime types such as <c>text/html</c>; none for those preferred for the value's type.</param>
    /// <typeparam name="T">The value's type.</typeparam>
    /// <returns>A handle that updates the display in place.</returns>
    public static DisplayedValue Display<T>(this T value, params string[] mimeTypes) => Notebook.Display(value, mimeTypes);
}

/// <summary>Functions that cells call without a qualifier, under the names that notebooks have always used.</summary>
[SuppressMessage("Style", "IDE1006:Naming Styles", Justification = "Existing notebooks call display(x).")]
public static class NotebookFunctions
{
    /// <summary>Shows a value below the cell.</summary>
    /// <param name="value">The value.</param>
    /// <param name="mimeTypes">Mime types such as <c>text/html</c>; none for those preferred for the value's type.</param>
    /// <returns>A handle that updates the display in place.</returns>
    public static DisplayedValue display(object? value, params string[] mimeTypes) => Notebook.Display(value, mimeTypes);

    /// <summary>HTML to be shown as it is.</summary>
    /// <param name="content">The HTML.</param>
    /// <returns>A value whose display is the HTML.</returns>
    public static MarkupText HTML(string content) => new(content, "text/html");

    /// <summary>Shows a script that a front end with a browser runs.</summary>
    /// <param name="script">The JavaScript.</param>
    public static void Javascript(string script) => Notebook.Display(new MarkupText($"<script type=\"text/javascript\">{script}</script>", "text/html"));

    /// <summary>Shows a style sheet to a front end with a browser.</summary>
    /// <param name="content">The CSS.</param>
    public static void CSS(string content) => Notebook.Display(new MarkupText($"<style>{content}</style>", "text/html"));

    /// <summary>Asks the user for a line of text.</summary>
    /// <param name="prompt">The question.</param>
    /// <returns>The answer.</returns>
    public static string input(string prompt = "") => Notebook.GetInputAsync(prompt).GetAwaiter().GetResult();

    /// <summary>Asks the user for a line of text that is hidden while it is typed.</summary>
    /// <param name="prompt">The question.</param>
    /// <returns>The answer.</returns>
    public static string password(string prompt = "") => Notebook.GetPasswordAsync(prompt).GetAwaiter().GetResult();

    /// <summary>Asks the user for a line of text.</summary>
    /// <param name="prompt">The question.</param>
    /// <returns>The answer.</returns>
    public static Task<string> GetInputAsync(string prompt = "") => Notebook.GetInputAsync(prompt);

    /// <summary>Asks the user for a line of text that is hidden while it is typed.</summary>
    /// <param name="prompt">The question.</param>
    /// <returns>The answer.</returns>
    public static Task<string> GetPasswordAsync(string prompt = "") => Notebook.GetPasswordAsync(prompt);
}
