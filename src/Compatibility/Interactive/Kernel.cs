using System.Diagnostics.CodeAnalysis;
using ArKernel.Notebooks.Engine;
using Microsoft.AspNetCore.Html;
using Microsoft.DotNet.Interactive.Commands;
using Microsoft.DotNet.Interactive.Events;
using Microsoft.DotNet.Interactive.Formatting;

namespace Microsoft.DotNet.Interactive;

/// <summary>One language of the running notebook, under the name that notebooks for .NET Interactive know.</summary>
[SuppressMessage("Style", "IDE1006:Naming Styles", Justification = "Existing notebooks call display(x).")]
public class Kernel
{
    private readonly NotebookEngine engine;

    internal Kernel(NotebookEngine engine, string name, IReadOnlyList<string> names)
    {
        this.engine = engine;
        Name = name;
        Names = names;
    }

    /// <summary>The kernel of the running cell's language.</summary>
    public static Kernel? Current => KernelInvocationContext.Current?.HandlingKernel;

    /// <summary>All languages of the running cell's notebook.</summary>
    public static Kernel Root => new CompositeKernel(Cell.Engine);

    /// <summary>The language's proper name, such as <c>csharp</c>.</summary>
    public string Name { get; }

    /// <summary>The kernel that this one is a part of; null for the root.</summary>
    public virtual CompositeKernel? ParentKernel => new(engine);

    /// <summary>All languages of the notebook.</summary>
    public Kernel RootKernel => ParentKernel ?? this;

    internal IReadOnlyList<string> Names { get; }

    internal static CellContext Cell =>
        CellContext.Current ?? throw new InvalidOperationException("No cell is running: kernels are there for code in cells.");

    /// <summary>Shows a value below the cell.</summary>
    /// <param name="value">The value.</param>
    /// <param name="mimeTypes">Mime types; none for those preferred for the value's type.</param>
    /// <returns>A handle that updates the display in place.</returns>
    public static DisplayedValue display(object? value, params string[] mimeTypes) => new(Cell.Display(value, mimeTypes));

    /// <summary>HTML to be shown as it is.</summary>
    /// <param name="content">The HTML.</param>
    /// <returns>A value whose display is the HTML.</returns>
    public static IHtmlContent HTML(string content) => content.ToHtmlContent();

    /// <summary>Shows a script that a front end with a browser runs.</summary>
    /// <param name="scriptContent">The JavaScript.</param>
    public static void Javascript(string scriptContent) => ArKernel.Notebooks.NotebookFunctions.Javascript(scriptContent);

    /// <summary>Shows a style sheet to a front end with a browser.</summary>
    /// <param name="content">The CSS.</param>
    public static void CSS(string content) => ArKernel.Notebooks.NotebookFunctions.CSS(content);

    /// <summary>Asks the user for a line of text.</summary>
    /// <param name="prompt">The question.</param>
    /// <param name="typeHint"><c>password</c> to hide what is typed.</param>
    /// <returns>The line.</returns>
    public static Task<string> GetInputAsync(string prompt = "", string typeHint = "text") =>
        typeHint == "password" ? ArKernel.Notebooks.Notebook.GetPasswordAsync(prompt) : ArKernel.Notebooks.Notebook.GetInputAsync(prompt);

    /// <summary>Asks the user for a line of text that is hidden while it is typed.</summary>
    /// <param name="prompt">The question.</param>
    /// <returns>The line.</returns>
    public static async Task<PasswordString> GetPasswordAsync(string prompt = "") => new(await ArKernel.Notebooks.Notebook.GetPasswordAsync(prompt));

    /// <summary>Carries out a command.</summary>
    /// <param name="command">The command.</param>
    /// <returns>How it ended; a failure is also written below the cell.</returns>
    public Task<KernelCommandResult> SendAsync(KernelCommand command) => SendAsync(command, CancellationToken.None);

    /// <summary>Carries out a command.</summary>
    /// <param name="command">The command.</param>
    /// <param name="cancellationToken">Gives up before it begins; an interrupt of the cell ends it later, too.</param>
    /// <returns>How it ended; a failure is also written below the cell.</returns>
    /// <exception cref="NotSupportedException">The command is not one that this kernel knows.</exception>
    public async Task<KernelCommandResult> SendAsync(KernelCommand command, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(command);
        if (command is not SubmitCode submission)
        {
            throw new NotSupportedException($"The command {command.GetType().Name} is not known here; SubmitCode is.");
        }

        cancellationToken.ThrowIfCancellationRequested();
        CellContext cell = Cell;
        CellError? error;
        try
        {
            string language = command.TargetKernelName ?? Language;
            error = await engine.RunAsync(new CellSubmission(language, submission.Code, $"code sent by {cell.Cell.Name}"), cell);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            error = new CellError(exception.GetType().Name, exception.Message, [], null);
        }

        if (error is null)
        {
            return new KernelCommandResult(command, new CommandSucceeded(command));
        }

        cell.Write("stderr", string.Join('\n', error.Report) + "\n");
        return new KernelCommandResult(command, new CommandFailed(error.Message, command));
    }

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>The language of code that names none.</summary>
    private protected virtual string Language => Name;
}
