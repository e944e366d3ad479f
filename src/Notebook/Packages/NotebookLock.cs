using System.Text.Json;
using System.Text.Json.Nodes;
using ArKernel.Notebooks.Documents;
using ArKernel.Notebooks.Engine;

namespace ArKernel.Notebooks.Packages;

/// <summary>What became of holding a run to a notebook's lock.</summary>
/// <param name="Differences">What differs from the lock, in words; the run must not begin when there is any.</param>
/// <param name="Notes">What is different around the packages: kernel, SDK, platform.</param>
public sealed record LockCheck(IReadOnlyList<string> Differences, IReadOnlyList<string> Notes);

/// <summary>The lock that a notebook carries in its metadata: the packages it runs with, to the byte.</summary>
public static class NotebookLock
{
    private const string Owner = "arkernel", Name = "lock";

    internal const string Create = "lock", Hold = "hold-lock";

    /// <summary>Puts the lock of what a finished run has resolved into a notebook.</summary>
    /// <param name="document">The notebook.</param>
    /// <param name="executor">What ran it.</param>
    /// <returns>The lock, as it stands in the notebook's metadata.</returns>
    public static async Task<JsonNode> WriteAsync(NotebookDocument document, ICellExecutor executor)
    {
        ArgumentNullException.ThrowIfNull(document);
        ArgumentNullException.ThrowIfNull(executor);
        JsonElement made = await executor.RequestAsync(Create, JsonSerializer.SerializeToElement(new JsonObject()), CancellationToken.None);
        JsonNode json = JsonNode.Parse(made.GetRawText())!;
        Put(document, json);
        return json;
    }

    /// <summary>Puts a lock into a notebook.</summary>
    /// <param name="document">The notebook.</param>
    /// <param name="json">The lock.</param>
    public static void Put(NotebookDocument document, JsonNode json)
    {
        ArgumentNullException.ThrowIfNull(document);
        ArgumentNullException.ThrowIfNull(json);
        if (document.Metadata[Owner] is not JsonObject own)
        {
            document.Metadata[Owner] = own = [];
        }

        own[Name] = json.DeepClone();
    }

    /// <summary>Restores exactly what the notebook's lock says and holds the run to it.</summary>
    /// <param name="document">The notebook.</param>
    /// <param name="path">Its path.</param>
    /// <param name="executor">What is to run it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What differs.</returns>
    /// <exception cref="DocumentException">The notebook has no lock, or none that can be read.</exception>
    public static async Task<LockCheck> HoldAsync(NotebookDocument document, string path, ICellExecutor executor, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(document);
        ArgumentNullException.ThrowIfNull(executor);
        if ((document.Metadata[Owner] as JsonObject)?[Name] is not JsonObject json)
        {
            throw new DocumentException($"{path}: the notebook has no lock of its packages. Make one with 'arkernel run --lock'.");
        }

        PackageLock held;
        try
        {
            held = PackageLock.Parse(JsonSerializer.SerializeToElement(json));
        }
        catch (JsonException exception)
        {
            throw new DocumentException($"{path}: the lock in the notebook's metadata cannot be read: {exception.Message} Make it anew with 'arkernel run --lock'.", exception);
        }

        Directive[] written = [.. document.Cells.Where(c => c.Kind == CellKind.Code).SelectMany(c => Directives.Scan(c.Source, Path.GetFullPath(path)).Found)];
        string[] unlocked = [.. held.Unlocked(written.OfType<PackageDirective>())];
        if (unlocked.Length > 0)
        {
            return new LockCheck(unlocked, []);
        }

        JsonObject arguments = new() { ["lock"] = json.DeepClone(), ["sources"] = new JsonArray([.. written.OfType<SourceDirective>().Select(s => (JsonNode)s.Source)]) };
        JsonElement answer = await executor.RequestAsync(Hold, JsonSerializer.SerializeToElement(arguments), cancellationToken);
        return new LockCheck(Texts(answer, "differences"), Texts(answer, "notes"));
    }

    /// <summary>The worker's side of <see cref="WriteAsync"/> and <see cref="HoldAsync"/>.</summary>
    internal static IEnumerable<(string Name, RequestHandler Handler)> Requests(PackageSession packages)
    {
        yield return (Create, async (_, cancellationToken) => (await packages.CreateLockAsync(cancellationToken)).ToJson());
        yield return (Hold, async (arguments, cancellationToken) =>
        {
            PackageLock held = PackageLock.Parse(arguments.GetProperty("lock"));
            IReadOnlyList<string> differences = await packages.HoldAsync(held, Texts(arguments, "sources"), cancellationToken);
            PackageLock now = await packages.CreateLockAsync(cancellationToken);
            return JsonSerializer.SerializeToElement(new JsonObject
            {
                ["differences"] = new JsonArray([.. differences.Select(d => (JsonNode)d)]),
                ["notes"] = new JsonArray([.. held.SurroundingsUnlike(now).Select(d => (JsonNode)d)]),
            });
        });
    }

    private static string[] Texts(JsonElement json, string name) => [.. json.GetProperty(name).EnumerateArray().Select(t => t.GetString()!)];
}
