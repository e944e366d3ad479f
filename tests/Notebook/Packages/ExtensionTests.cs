using System.Text;
using ArKernel.Compatibility;
using ArKernel.Notebooks.Engine;
using ArKernel.Notebooks.Tests.Engine;

namespace ArKernel.Notebooks.Tests.Packages;

/// <summary>One package that brings in, transitively, packages with extensions of every kind; restored once for all tests.</summary>
public sealed class ExtensionPackages : IAsyncLifetime
{
    private const string Script = """
        #!meta

        {"kernelInfo":{"defaultKernelName":"csharp","items":[{"name":"csharp"}]}}

        #!markdown

        # not code

        #!csharp

        var fromScript = Spoken.Library.Voice.Default + 1;
        """;

    private readonly LocalFeed feed = new();
    private readonly string cache = Directory.CreateTempSubdirectory("arkernel-extensions-").FullName;

    internal NotebookEngine Engine { get; private set; } = null!;

    internal CellRun Run { get; private set; } = null!;

    internal CellOutcome First { get; private set; } = null!;

    internal string NameOf(string package) => feed.NameOf(package);

    public async ValueTask InitializeAsync()
    {
        byte[] library = LocalFeed.Compile("Spoken.Library", """
            namespace Spoken.Library;
            public static class Voice { public static int Default => 41; }
            public record Loud(string Text);
            [TypeFormatterSource(typeof(QuietFormatters))] public record Quiet(string Text);
            internal sealed class TypeFormatterSourceAttribute(System.Type source) : System.Attribute
            {
                public System.Type FormatterSourceType => source;
                public string[] PreferredMimeTypes { get; set; } = new[] { "text/html" };
            }
            internal sealed class QuietFormatters { public System.Collections.Generic.IEnumerable<object> CreateTypeFormatters() { yield return new QuietFormatter(); } }
            internal sealed class QuietFormatter
            {
                public string MimeType => "text/html";
                public bool Format(object value, System.IO.TextWriter writer) { writer.Write("<small>" + ((Quiet)value).Text + "</small>"); return true; }
            }
            """);
        byte[] extension = LocalFeed.Compile("Spoken.Extension", """
            using System.Threading.Tasks; using Microsoft.DotNet.Interactive; using Microsoft.DotNet.Interactive.Commands; using Microsoft.DotNet.Interactive.Formatting;
            public class Extension : IKernelExtension
            {
                public async Task OnLoadAsync(Kernel kernel)
                {
                    Formatter.Register(typeof(Spoken.Library.Loud), (value, writer) => writer.Write("<b>" + ((Spoken.Library.Loud)value).Text + "</b>"), "text/html");
                    await kernel.SendAsync(new SubmitCode("var kernels = \"" + kernel.FindKernelByName("csharp").Name + " of " + kernel + "\";", "csharp"));
                }
            }
            """, [LocalFeed.Compile("Microsoft.DotNet.Interactive", Stub), library]);
        byte[] failing = LocalFeed.Compile("Spoken.Failing", """
            using System.Threading.Tasks; using Microsoft.DotNet.Interactive;
            public class Extension : IKernelExtension { public Task OnLoadAsync(Kernel kernel) => throw new System.InvalidOperationException("no voice"); }
            """, [LocalFeed.Compile("Microsoft.DotNet.Interactive", Stub)]);
        byte[] demanding = LocalFeed.Compile("Spoken.Demanding", """
            using System.Threading.Tasks; using Microsoft.DotNet.Interactive;
            public class Extension : IKernelExtension { public Task OnLoadAsync(Kernel kernel) { kernel.AddMiddleware(1); return Task.CompletedTask; } }
            """, [LocalFeed.Compile("Microsoft.DotNet.Interactive", Stub)]);
        feed.Add("Good", "1.0.0", new Dictionary<string, byte[]>
        {
            ["lib/net10.0/Spoken.Library.dll"] = library,
            ["interactive-extensions/dotnet/Spoken.Extension.dll"] = extension,
            ["interactive-extensions/dotnet/extension.dib"] = Encoding.UTF8.GetBytes(Script),
        });
        feed.Add("Good", "2.0.0", new Dictionary<string, byte[]> { ["lib/net10.0/Spoken.Library.dll"] = library });
        feed.Add("Failing", "1.0.0", new Dictionary<string, byte[]> { ["interactive-extensions/dotnet/Spoken.Failing.dll"] = failing });
        feed.Add("Demanding", "1.0.0", new Dictionary<string, byte[]> { ["interactive-extensions/dotnet/Spoken.Demanding.dll"] = demanding });
        feed.Add("Native", "1.0.0", new Dictionary<string, byte[]> { [$"runtimes/{Notebooks.Packages.PackageRestorer.PortableRuntimeIdentifier}/native/libspokenword.so"] = BrokenLibrary.Bytes() });
        feed.Add("All", "1.0.0", new Dictionary<string, byte[]>(), "Good", "Failing", "Demanding", "Native");

        Engine = new NotebookEngine(new EngineOptions { CacheFolder = cache, PackageAdded = PackageExtensions.LoadAsync });
        Run = new CellRun(Engine);
        First = await Run.RunAsync($"#i \"nuget: {feed.Folder}\"\n#i \"nuget: http://127.0.0.1:9/v3/index.json\"\n#r \"nuget: {NameOf("All")}\"\nusing Spoken.Library;\nnew Loud(\"hear\")");
    }

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync();
        Directory.Delete(cache, recursive: true);
        feed.Dispose();
    }

    /// <summary>What an extension author compiles against: more than there is here.</summary>
    private const string Stub = """
        [assembly: System.Reflection.AssemblyVersion("1.0.0.0")]
        namespace Microsoft.DotNet.Interactive
        {
            public interface IKernelExtension { System.Threading.Tasks.Task OnLoadAsync(Kernel kernel); }
            public class Kernel
            {
                public string Name => "";
                public void AddMiddleware(object middleware) { }
                public System.Threading.Tasks.Task<KernelCommandResult> SendAsync(Commands.KernelCommand command) => null;
            }
            public class KernelCommandResult { }
            public static class KernelExtensions { public static Kernel FindKernelByName(this Kernel kernel, string name) => null; }
        }
        namespace Microsoft.DotNet.Interactive.Commands
        {
            public abstract class KernelCommand { }
            public class SubmitCode : KernelCommand { public SubmitCode(string code, string targetKernelName = null) { } }
        }
        """;
}

[Collection("engine")]
public sealed class ExtensionTests(ExtensionPackages packages) : IClassFixture<ExtensionPackages>
{
    [Fact]
    public void A_formatter_of_an_extension_holds_in_the_very_cell_that_references_its_package()
    {
        Assert.True(packages.First.Succeeded);
        Assert.Equal("<b>hear</b>", packages.First.Events.OfType<ResultData>().Single().Data["text/html"]);
    }

    [Fact]
    public async Task An_extension_can_send_code_to_a_language_and_its_script_runs_after_it()
    {
        Assert.Equal("csharp of .NET", (await packages.Run.RunAsync("kernels")).Result);
        Assert.Equal("42", (await packages.Run.RunAsync("fromScript")).Result);
    }

    [Fact]
    public async Task A_type_can_name_its_formatters_by_an_attribute_of_its_own_assembly() =>
        Assert.Equal("<small>psst</small>", (await packages.Run.RunAsync("new Spoken.Library.Quiet(\"psst\")")).Events.OfType<ResultData>().Single().Data["text/html"]);

    [Fact]
    public void A_failing_extension_is_one_line_and_does_not_fail_the_cell()
    {
        string line = Assert.Single(packages.First.StandardError.Split('\n'), l => l.Contains("Spoken.Failing", StringComparison.Ordinal));
        Assert.Equal($"Failed: the extension Spoken.Failing.dll of {packages.NameOf("Failing")} 1.0.0: InvalidOperationException: no voice", line);
    }

    [Fact]
    public void An_extension_that_needs_what_is_not_here_is_skipped_with_the_name_of_it()
    {
        string line = Assert.Single(packages.First.Displays.Select(d => d.Data["text/plain"]), t => t.Contains("Spoken.Demanding", StringComparison.Ordinal));
        Assert.Equal($"Skipped the extension Spoken.Demanding.dll of {packages.NameOf("Demanding")} 1.0.0: it needs Microsoft.DotNet.Interactive.Kernel.AddMiddleware, which is not here.", line);
    }

    [Fact]
    public void A_source_that_does_not_answer_is_left_out_and_said_to_be()
    {
        string text = packages.First.Displays.First(d => d.IsUpdate || d.Data["text/plain"].Contains("Installed", StringComparison.Ordinal)).Data["text/plain"];
        Assert.Contains("The package source http://127.0.0.1:9/v3/index.json cannot be reached and is left out.", text, StringComparison.Ordinal);
        Assert.Contains($"Installed {packages.NameOf("All")} 1.0.0", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_version_of_a_loaded_package_is_said_to_need_a_restart()
    {
        CellOutcome outcome = await packages.Run.RunAsync($"#r \"nuget: {packages.NameOf("Good")}, 2.0.0\"\nSpoken.Library.Voice.Default");
        Assert.Equal("41", outcome.Result);
        Assert.Equal(
            $"{packages.NameOf("Good")} 1.0.0 is loaded already and stays in force: 2.0.0 needs a restart of the kernel.",
            outcome.Displays.Last().Data["text/plain"]);
    }

    [Fact]
    public async Task What_a_native_library_lacks_is_said_when_it_is_restored_and_when_it_is_called()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "ELF libraries are Linux's.");
        const string Lack = "libspokenword.so needs libq.so.6, which is not on this system: install the package of the system that provides it.";
        Assert.Contains(Lack, packages.First.StandardError, StringComparison.Ordinal);
        CellOutcome outcome = await packages.Run.RunAsync("""
            using System.Runtime.InteropServices;
            static class Native { [DllImport("spokenword")] public static extern int Say(); }
            Native.Say()
            """);
        Assert.Equal("DllNotFoundException", outcome.Error.Name);
        Assert.Contains(Lack, outcome.Error.Message, StringComparison.Ordinal);
        Assert.Equal(3, outcome.Error.Line);
    }

    [Fact]
    public async Task A_library_that_no_package_brought_is_said_to_be_missing_with_a_hint()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The preflight looks at ELF libraries.");
        CellOutcome outcome = await packages.Run.RunAsync("""
            [System.Runtime.InteropServices.DllImport("unheardof")] static extern int Say();
            Say()
            """);
        Assert.Contains("No package has brought a library 'unheardof'", outcome.Error.Message, StringComparison.Ordinal);
    }
}
