using System.Collections.Concurrent;
using System.Xml;
using NuGet.Common;
using NuGet.Configuration;
using NuGet.Protocol.Core.Types;
using NuGet.Versioning;

namespace ArKernel.Notebooks.LanguageServices;

/// <summary>
/// Names and versions of packages: at once those in the local package folders, and those of the sources in the user's NuGet configuration
/// as far as they answer in time. An answer that comes later is kept for the next question.
/// </summary>
/// <param name="folder">The folder from which NuGet's configuration is looked for.</param>
internal sealed class PackageCatalog(string folder)
{
    private const int MaximumCount = 100;
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(250), RemoteTimeout = TimeSpan.FromSeconds(10), Lifetime = TimeSpan.FromMinutes(10);

    private readonly Lazy<ISettings> settings = new(() => Load(folder));
    private readonly ConcurrentDictionary<string, (Task<string[]> Answer, DateTime Since)> remembered = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Package names that start with a text.</summary>
    public async Task<IReadOnlyList<string>> FindNamesAsync(string prefix, CancellationToken cancellationToken)
    {
        string[] local = await Task.Run(() => LocalNames(prefix), cancellationToken);
        string[] remote = prefix.Length < 2 ? [] : await RememberAsync("names " + prefix, async (repository, token) =>
            await repository.GetResourceAsync<AutoCompleteResource>(token) is { } source ? await source.IdStartsWith(prefix, includePrerelease: true, NullLogger.Instance, token) : [], cancellationToken);
        return [
            .. local.Concat(remote.Where(n => n.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)).Order(StringComparer.OrdinalIgnoreCase))
                .Distinct(StringComparer.OrdinalIgnoreCase).Take(MaximumCount),
        ];
    }

    /// <summary>Versions of a package that start with a text, the newest first, released ones before the others.</summary>
    public async Task<IReadOnlyList<string>> FindVersionsAsync(string name, string prefix, CancellationToken cancellationToken)
    {
        string[] local = await Task.Run(() => LocalVersions(name), cancellationToken);
        string[] remote = name.Length == 0 ? [] : await RememberAsync("versions " + name, async (repository, token) =>
        {
            using SourceCacheContext cache = new() { NoCache = true };
            return await repository.GetResourceAsync<FindPackageByIdResource>(token) is { } source
                ? (await source.GetAllVersionsAsync(name, cache, NullLogger.Instance, token)).Select(v => v.ToNormalizedString())
                : [];
        }, cancellationToken);
        return [
            .. local.Concat(remote).Distinct(StringComparer.OrdinalIgnoreCase).Where(v => v.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
                .Select(v => NuGetVersion.TryParse(v, out NuGetVersion? version) ? version : null).OfType<NuGetVersion>()
                .OrderBy(v => v.IsPrerelease).ThenByDescending(v => v).Select(v => v.ToNormalizedString()).Take(MaximumCount),
        ];
    }

    private static ISettings Load(string folder)
    {
        try
        {
            return Settings.LoadDefaultSettings(folder);
        }
        catch (NuGetConfigurationException)
        {
            return NullSettings.Instance; // the restore is the place to say what is wrong with it
        }
    }

    private IEnumerable<string> LocalFolders() =>
        SettingsUtility.GetFallbackPackageFolders(settings.Value).Prepend(SettingsUtility.GetGlobalPackagesFolder(settings.Value)).Where(Directory.Exists);

    private string[] LocalNames(string prefix) =>
    [
        .. LocalFolders().SelectMany(f => Directory.EnumerateDirectories(f, prefix.ToLowerInvariant().Replace("*", "", StringComparison.Ordinal) + "*"))
            .Where(f => Path.GetFileName(f)[0] != '.').Order(StringComparer.Ordinal).Take(MaximumCount).Select(ProperName),
    ];

    /// <summary>The name as its author writes it; the folder's is in lower case.</summary>
    private static string ProperName(string packageFolder)
    {
        string lower = Path.GetFileName(packageFolder);
        try
        {
            string? description = Directory.EnumerateDirectories(packageFolder).Select(v => Path.Combine(v, lower + ".nuspec")).FirstOrDefault(File.Exists);
            using XmlReader? reader = description is null ? null : XmlReader.Create(description);
            return reader?.ReadToFollowing("id") is true ? reader.ReadElementContentAsString().Trim() : lower;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or XmlException)
        {
            return lower;
        }
    }

    private string[] LocalVersions(string name) =>
        name.Length == 0 || name.IndexOfAny(Path.GetInvalidFileNameChars()) >= 0 ? []
        : [.. LocalFolders().Select(f => Path.Combine(f, name.ToLowerInvariant())).Where(Directory.Exists).SelectMany(Directory.EnumerateDirectories).Select(f => Path.GetFileName(f)!)];

    /// <summary>The answer of all sources together, as far as it comes in time.</summary>
    private async Task<string[]> RememberAsync(string question, Func<SourceRepository, CancellationToken, Task<IEnumerable<string>>> ask, CancellationToken cancellationToken)
    {
        if (remembered.TryGetValue(question, out (Task<string[]> Answer, DateTime Since) known) && DateTime.UtcNow - known.Since > Lifetime)
        {
            remembered.TryRemove(question, out _);
        }

        Task<string[]> answer = remembered.GetOrAdd(question, _ => (Task.Run(AskAsync, CancellationToken.None), DateTime.UtcNow)).Answer;
        await Task.WhenAny(answer, Task.Delay(Patience, cancellationToken));
        cancellationToken.ThrowIfCancellationRequested();
        return answer.IsCompletedSuccessfully ? await answer : [];

        async Task<string[]> AskAsync()
        {
            using CancellationTokenSource timeout = new(RemoteTimeout);
            string[][] answers = await Task.WhenAll(new SourceRepositoryProvider(new PackageSourceProvider(settings.Value), Repository.Provider.GetCoreV3()).GetRepositories()
                .Where(r => r.PackageSource.IsEnabled).Select(async repository =>
                {
                    try
                    {
                        return (string[])[.. await ask(repository, timeout.Token)];
                    }
                    catch (Exception)
                    {
                        return []; // a source that cannot be reached has nothing to offer; the restore says why
                    }
                }));
            return [.. answers.SelectMany(a => a)];
        }
    }
}
