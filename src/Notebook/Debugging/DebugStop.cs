using System.Globalization;

namespace ArKernel.Notebooks.Debugging;

/// <summary>Where the code stands still, and how it goes on.</summary>
/// <param name="frame">The innermost call.</param>
/// <param name="reason"><c>breakpoint</c>, <c>step</c> or <c>pause</c>.</param>
internal sealed class DebugStop(DebugFrame frame, string reason) : IDisposable
{
    private readonly ManualResetEventSlim resumed = new();

    public string Reason => reason;

    /// <summary>The calls, the innermost first; their numbers are their places from 1.</summary>
    public IReadOnlyList<DebugFrame> Frames { get; } = [.. Chain(frame)];

    /// <summary>What can be looked at while the code stands.</summary>
    public DebugValues Values { get; } = new();

    public DebugFrame Frame(int id) => id >= 1 && id <= Frames.Count
        ? Frames[id - 1]
        : throw new DebugException(string.Create(CultureInfo.InvariantCulture, $"There is no frame {id}; there are {Frames.Count}."));

    /// <summary>Waits until somebody lets the code go on.</summary>
    public void Wait(CancellationToken cancellationToken) => resumed.Wait(cancellationToken);

    public void Resume() => resumed.Set();

    public void Dispose() => resumed.Dispose();

    private static IEnumerable<DebugFrame> Chain(DebugFrame innermost)
    {
        for (DebugFrame? frame = innermost; frame is not null; frame = frame.Caller)
        {
            if (frame.Statement is not null)
            {
                yield return frame;
            }
        }
    }
}

/// <summary>Until where code runs that was told to go one step.</summary>
/// <param name="Kind">Which step.</param>
/// <param name="From">The call that stood still.</param>
internal sealed record DebugStep(DebugStepKind Kind, DebugFrame? From)
{
    /// <summary>Whether the step ends before a statement of this call.</summary>
    public bool EndsIn(DebugFrame frame)
    {
        if (Kind == DebugStepKind.In)
        {
            return true;
        }

        // The same call or one that it returned to; other calls are what is stepped over, or another thread's business.
        for (DebugFrame? caller = Kind == DebugStepKind.Over ? From : From?.Caller; caller is not null; caller = caller.Caller)
        {
            if (caller == frame)
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>The steps there are.</summary>
internal enum DebugStepKind
{
    In,
    Over,
    Out,
}
