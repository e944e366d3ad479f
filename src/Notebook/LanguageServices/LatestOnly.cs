namespace ArKernel.Notebooks.LanguageServices;

/// <summary>Questions of one kind, of which only the newest is worth an answer.</summary>
internal sealed class LatestOnly
{
    private readonly Lock gate = new();
    private CancellationTokenSource? current;

    /// <summary>Gives up the question before this one, and answers this one on a pool thread.</summary>
    /// <param name="outdated">The answer when a newer question comes meanwhile.</param>
    /// <param name="answer">Finds the answer.</param>
    /// <param name="cancellationToken">Given up by the one who asks; that is an exception.</param>
    public async Task<T> RunAsync<T>(T outdated, Func<CancellationToken, Task<T>> answer, CancellationToken cancellationToken)
    {
        using CancellationTokenSource mine = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        lock (gate)
        {
            current?.Cancel();
            current = mine;
        }

        try
        {
            return await Task.Run(() => answer(mine.Token), mine.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return outdated;
        }
        finally
        {
            lock (gate)
            {
                if (current == mine)
                {
                    current = null;
                }
            }
        }
    }
}
