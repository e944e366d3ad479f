using System.Text.Json;

namespace ArKernel.Notebooks.Engine;

/// <summary>Asks the user of the front end for lines of text, one question at a time.</summary>
internal sealed class NotebookInput : IDisposable
{
    private readonly SemaphoreSlim turn = new(1, 1);
    private volatile TaskCompletionSource<string?>? waiting;

    /// <summary>Asks, and waits for the answer.</summary>
    /// <exception cref="InputNotPossibleException">Nobody can answer, or somebody declined to.</exception>
    /// <exception cref="OperationCanceledException">The cell was interrupted.</exception>
    public async Task<string> AskAsync(string prompt, bool isPassword, CellContext cell)
    {
        if (!cell.Cell.AllowsInput)
        {
            throw new InputNotPossibleException("This front end cannot ask for input: set the value in the notebook, or run it in a front end that can (Jupyter, a console).");
        }

        await turn.WaitAsync(cell.CancellationToken);
        try
        {
            TaskCompletionSource<string?> answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
            waiting = answered;
            cell.Output.Add(new InputRequest(prompt, isPassword));
            cell.Output.Flush(); // what was printed before stands above the question
            return await answered.Task.WaitAsync(cell.CancellationToken) ?? throw new InputNotPossibleException("The question was not answered.");
        }
        finally
        {
            waiting = null;
            turn.Release();
        }
    }

    public void Dispose() => turn.Dispose();

    /// <summary>The front's answer: <c>{"text": …}</c>, null for none.</summary>
    public Task<JsonElement> AnswerAsync(JsonElement arguments, CancellationToken cancellationToken)
    {
        string? text = arguments.GetProperty("text").GetString();
        bool taken = waiting?.TrySetResult(text) == true;
        return Task.FromResult(JsonSerializer.SerializeToElement(taken));
    }
}

/// <summary>A cell asked for input where nobody can give any.</summary>
/// <param name="message">Why.</param>
public sealed class InputNotPossibleException(string message) : InvalidOperationException(message);

/// <summary><see cref="Console.In"/> of cells: a line at a time from the front end.</summary>
internal sealed class ConsoleInput(TextReader original) : TextReader
{
    private string pending = "";
    private int next;

    public override int Peek() => next < pending.Length ? pending[next] : -1; // does not ask

    public override int Read()
    {
        if (CellContext.Current is null)
        {
            return original.Read();
        }

        if (next >= pending.Length)
        {
            (pending, next) = (Ask() + "\n", 0);
        }

        return pending[next++];
    }

    public override string? ReadLine()
    {
        if (CellContext.Current is null)
        {
            return original.ReadLine();
        }

        if (next >= pending.Length)
        {
            return Ask();
        }

        string rest = pending[next..].TrimEnd('\n');
        next = pending.Length;
        return rest;
    }

    public override string ReadToEnd() => throw new InputNotPossibleException("A notebook's input has no end: read it line by line with Console.ReadLine().");

    private static string Ask()
    {
        CellContext cell = CellContext.Current!;
        return cell.Engine.Input.AskAsync("", isPassword: false, cell).GetAwaiter().GetResult();
    }
}
