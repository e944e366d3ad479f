namespace ArKernel.Notebooks.Packages;

/// <summary>The sources of <c>#i</c> lines. NuGet waits minutes for one that does not answer, and refuses a restore for some.</summary>
internal static class PackageSources
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly Lazy<HttpClient> Client = new(() => new HttpClient { Timeout = Patience });

    /// <summary>Those that answer; a line for each of the others.</summary>
    public static async Task<IReadOnlyList<string>> ReachableAsync(IReadOnlyList<string> sources, List<string> lines, CancellationToken cancellationToken)
    {
        bool[] answers = await Task.WhenAll(sources.Select(s => AnswersAsync(s, cancellationToken)));
        lines.AddRange(sources.Where((_, i) => !answers[i]).Select(s => $"The package source {s} cannot be reached and is left out."));
        return [.. sources.Where((_, i) => answers[i])];
    }

    private static async Task<bool> AnswersAsync(string source, CancellationToken cancellationToken)
    {
        if (!source.StartsWith("http", StringComparison.OrdinalIgnoreCase) || !Uri.TryCreate(source, UriKind.Absolute, out Uri? address))
        {
            return Directory.Exists(source);
        }

        try
        {
            // Any answer will do: one that wants credentials gets them from NuGet's configuration.
            using HttpResponseMessage answer = await Client.Value.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            return true;
        }
        catch (Exception exception) when (exception is HttpRequestException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return false;
        }
    }
}
