using System.Text.Json;
using System.Text.Json.Nodes;
using ArKernel.Notebooks.Documents;
using ArKernel.Notebooks.Engine;
using ArKernel.Notebooks.Packages;
using ArKernel.Notebooks.Tests.Engine;

namespace ArKernel.Notebooks.Tests.Packages;

/// <summary>A notebook run once with its lock written.</summary>
public sealed class LockedNotebook : IAsyncLifetime
{
    internal string Cache { get; } = Directory.CreateTempSubdirectory("arkernel-lock-").FullName;

    internal JsonNode Lock { get; private set; } = null!;

    internal static NotebookDocument Document(JsonNode? json = null, string version = "3.0.*")
    {
        NotebookDocument document = new();
        document.Add(CellKind.Code, $"#r \"nuget: Humanizer.Core, {version}\"\n#r \"nuget: MathNet.Numerics\"\n1");
        if (json is not null)
        {
            NotebookLock.Put(document, json);
        }

        return document;
    }

    public async ValueTask InitializeAsync()
    {
        await using NotebookEngine engine = new(new EngineOptions { CacheFolder = Cache });
        NotebookDocument document = Document();
        Assert.True((await new CellRun(engine).RunAsync(document.Cells[0].Source)).Succeeded);
        Lock = await NotebookLock.WriteAsync(document, engine);
        Assert.True(JsonNode.DeepEquals(Lock, document.Metadata["arkernel"]!["lock"]));
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(Cache, recursive: true);
        return ValueTask.CompletedTask;
    }
}

[Collection("engine")]
public sealed class LockTests(LockedNotebook notebook) : IClassFixture<LockedNotebook>, IAsyncLifetime
{
    private readonly NotebookEngine engine = new(new EngineOptions { CacheFolder = notebook.Cache });

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => engine.DisposeAsync();

    [Fact]
    public void A_lock_says_what_was_asked_for_and_what_came_in_to_the_byte()
    {
        Assert.Equal("3.0.*", (string?)notebook.Lock["requested"]!["Humanizer.Core"]);
        Assert.Equal("3.0.10", (string?)notebook.Lock["packages"]!["Humanizer.Core"]!["version"]);
        Assert.Equal(64, Convert.FromBase64String((string)notebook.Lock["packages"]!["Humanizer.Core"]!["sha512"]!).Length);
        Assert.Null(notebook.Lock["packages"]!["MathNet.Numerics"]!["sha512"]); // a part of the kernel
        Assert.Matches(@"^\d+\.\d+\.\d+", (string)notebook.Lock["sdk"]!);
    }

    [Fact]
    public async Task A_run_held_to_its_lock_gets_what_the_lock_says_and_nothing_beside_it()
    {
        LockCheck check = await HoldAsync(notebook.Lock);
        Assert.Empty(check.Differences);
        Assert.Empty(check.Notes);
        CellRun run = new(engine);
        CellOutcome outcome = await run.RunAsync(LockedNotebook.Document().Cells[0].Source);
        Assert.Contains("Installed Humanizer.Core 3.0.10", outcome.Displays.Last().Data["text/plain"], StringComparison.Ordinal);
        Assert.Equal("One two", (await run.RunAsync("Humanizer.StringHumanizeExtensions.Humanize(\"OneTwo\")")).Result);
        CellError error = (await run.RunAsync("\n#r \"nuget: Microsoft.Data.Sqlite\"")).Error;
        Assert.Equal("LockError", error.Name);
        Assert.Equal("Microsoft.Data.Sqlite is asked for and not in the lock. Run the notebook with --lock to renew its lock.", error.Message);
    }

    [Fact]
    public async Task Each_kind_of_drift_is_named_before_anything_runs()
    {
        JsonNode changed = notebook.Lock.DeepClone();
        changed["packages"]!["Humanizer.Core"]!["sha512"] = Convert.ToBase64String(new byte[64]);
        changed["packages"]!["MathNet.Numerics"]!["version"] = "4.0.0";
        changed["kernel"] = "0.0.1";
        LockCheck check = await HoldAsync(changed);
        Assert.Collection(
            check.Differences,
            line => Assert.StartsWith("Humanizer.Core 3.0.10 has another content", line, StringComparison.Ordinal),
            line => Assert.Equal("MathNet.Numerics 4.0.0 -> 5.0.0", line));
        Assert.StartsWith("the lock was made with ArKernel 0.0.1, this is ", Assert.Single(check.Notes), StringComparison.Ordinal);

        JsonNode lacking = notebook.Lock.DeepClone();
        ((JsonObject)lacking["requested"]!).Remove("Humanizer.Core");
        Assert.Equal("Humanizer.Core is asked for and not in the lock", Assert.Single((await HoldAsync(lacking)).Differences));

        LockCheck other = await NotebookLock.HoldAsync(LockedNotebook.Document(notebook.Lock, "2.14.1"), "n.ipynb", engine, CancellationToken.None);
        Assert.Equal("Humanizer.Core: 2.14.1 is asked for, the lock was made for 3.0.*", Assert.Single(other.Differences));
        // A refused lock holds nothing.
        Assert.True((await new CellRun(engine).RunAsync("1")).Succeeded);
    }

    [Fact]
    public async Task A_notebook_without_a_lock_or_with_a_damaged_one_is_refused_with_the_remedy()
    {
        DocumentException none = await Assert.ThrowsAsync<DocumentException>(() => NotebookLock.HoldAsync(LockedNotebook.Document(), "n.ipynb", engine, CancellationToken.None));
        Assert.Equal("n.ipynb: the notebook has no lock of its packages. Make one with 'arkernel run --lock'.", none.Message);
        DocumentException damaged = await Assert.ThrowsAsync<DocumentException>(() => HoldAsync(new JsonObject { ["packages"] = 1 }));
        Assert.StartsWith("n.ipynb: the lock in the notebook's metadata cannot be read:", damaged.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_magic_shows_the_lock() =>
        Assert.Equal(JsonValueKind.Object, JsonDocument.Parse((await new CellRun(engine).RunAsync("#!lock")).Displays.Single().Data["text/plain"]).RootElement.GetProperty("packages").ValueKind);

    private Task<LockCheck> HoldAsync(JsonNode json) => NotebookLock.HoldAsync(LockedNotebook.Document(json), "n.ipynb", engine, CancellationToken.None);
}
