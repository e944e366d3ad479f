using System.Globalization;

namespace ArKernel.Notebooks.Engine;

/// <summary>Words the error of a cell that was stopped.</summary>
internal static class Interruption
{
    /// <summary>The error of a cell that the caller's token or its own timeout stopped.</summary>
    /// <param name="cell">The cell.</param>
    /// <param name="cause">What the stopped code threw, for its frames.</param>
    /// <param name="caller">The caller's token: if it has not fired, the timeout has.</param>
    public static CellError Describe(CellSubmission cell, CellError? cause, CancellationToken caller)
    {
        IReadOnlyList<string> frames = [.. (cause?.Traceback ?? []).Where(l => l.StartsWith("   at ", StringComparison.Ordinal))];
        bool timedOut = cell.Timeout is not null && !caller.IsCancellationRequested;
        string message = timedOut
            ? string.Create(CultureInfo.InvariantCulture, $"The cell did not end within {cell.Timeout!.Value.TotalSeconds:0.###} s and was interrupted.")
            : "The cell was interrupted.";
        return new CellError(timedOut ? nameof(TimeoutException) : "Interrupted", message, frames, cause?.Line);
    }
}
