using ArKernel.Notebooks.LanguageServices;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace ArKernel.Notebooks.Tests.LanguageServices;

/// <summary>What C# completion offers, in which order, and what it inserts.</summary>
public sealed class CSharpCompletionTests
{
    private static readonly Editor Shared = new();

    private readonly Editor editor = Shared.Reset();

    [Fact]
    public async Task Members_of_an_accepted_variable_are_offered_by_how_well_they_match()
    {
        editor.CSharp.Accept("var list = new List<int> { 1 };");
        CompletionList found = await editor.CompleteAsync("1 + list.ad");
        Assert.Equal(["Add", "AddRange"], found.Items.Take(2).Select(i => i.Text));
        Assert.Contains("AsReadOnly", found.Items.Select(i => i.Text)); // the text is inside
        Assert.Equal((9, 11), (found.Start, found.End));
        Assert.Equal(("method", "void Add(int item)"), (found.Items[0].Kind, found.Items[0].Signature));
        Assert.Equal("TrueForAll", (await editor.NamesAsync("list.TFA"))[0]);
    }

    [Fact]
    public async Task A_position_after_an_emoji_is_counted_in_utf16()
    {
        CompletionList found = await editor.CompleteAsync("var s = \"😀👩‍🔬\"; s.Sub");
        Assert.Equal("Substring", found.Items[0].Text);
        Assert.Equal("var s = \"😀👩‍🔬\"; s.".Length, found.Start);
    }

    [Theory]
    [InlineData("foreach (var x in new[] { 1.5 }) { x.", "CompareTo")]
    [InlineData("var q = new[] { \"a\" }.Where(t => t.Len", "Length")]
    [InlineData("if (Math.Max(1, Math.", "PI")]
    [InlineData("class A { string s; void M() { s.", "Trim")]
    [InlineData("using var stream = new MemoryStream();\nstream.Wr", "WriteByte")]
    [InlineData("#r \"nuget: Something\"\nvar x = 1;\nx.Comp", "CompareTo")]
    [InlineData("namespace N { class A { int M() { return \"\".Len", "Length")]
    [InlineData("await Task.Del", "Delay")]
    [InlineData("1 is > 0 an", "and")]
    public async Task Code_may_be_incomplete(string code, string expected) => Assert.Contains(expected, await editor.NamesAsync(code));

    [Theory]
    [InlineData("// Con")]
    [InlineData("/* Con|sole */")]
    [InlineData("var s = \"Con")]
    [InlineData("12")]
    [InlineData("cw")] // a template
    public async Task Nothing_is_offered_where_nothing_can_be_named(string code) => Assert.Empty((await editor.CompleteAsync(code)).Items);

    [Fact]
    public async Task Object_initializers_named_arguments_and_keywords_are_offered()
    {
        editor.CSharp.Accept("class Point { public int X { get; set; } public int Y { get; set; } }\nint Scale(int number, int factor = 2) => number * factor;");
        Assert.Equal(["X", "Y"], await editor.NamesAsync("new Point { |"));
        Assert.Equal(["Y"], await editor.NamesAsync("new Point { X = 1, |"));
        Assert.Equal("factor:", (await editor.NamesAsync("Scale(1, fac"))[0]);
        Assert.Contains("foreach", await editor.NamesAsync("fore"));
    }

    [Theory]
    [InlineData("class A\n{\n    public override |\n}", "string ToString()", "public override string ToString()")]
    [InlineData("class A\n{\n    public override ToS|\n    int x;\n}", "string ToString()", "public override string ToString()")]
    [InlineData("class A\n{\n    int x;\n    override |\n}\nint y;", "public override string ToString()", "public override string ToString()")]
    [InlineData("class A\n{\n    public override bool Eq|\n}", "Equals(object? obj)", "public override bool Equals(object? obj)")]
    [InlineData("abstract class Shape { public abstract double Area(double scale); }\nclass Square : Shape\n{\n    public override double Ar|\n}", "Area(double scale)", "public override double Area(double scale)")]
    public async Task Overriding_inserts_the_whole_member(string code, string offered, string expected)
    {
        (string text, _) = Editor.Cursor(code);
        CompletionList found = await editor.CompleteAsync(code);
        string member = Assert.Single(found.Items, i => i.Text.Contains(offered, StringComparison.Ordinal)).Text;
        string completed = text[..found.Start] + member + text[found.End..];
        Assert.Contains(expected, completed, StringComparison.Ordinal);
        Assert.Equal(1, completed.Split("override").Length - 1);
        SyntaxTree tree = CSharpSyntaxTree.ParseText(completed, new CSharpParseOptions(kind: SourceCodeKind.Script), cancellationToken: TestContext.Current.CancellationToken);
        Assert.Empty(tree.GetDiagnostics(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Overridable_members_of_an_accepted_base_class_are_offered()
    {
        editor.CSharp.Accept("public abstract class Shape { public abstract double Area { get; } protected virtual void Draw(int times) { } }");
        string[] found = await editor.NamesAsync("class Square : Shape\n{\n    override |");
        Assert.Contains(found, t => t.Contains("public override double Area", StringComparison.Ordinal));
        Assert.Contains(found, t => t.Contains("protected override void Draw(int times)", StringComparison.Ordinal));
        Assert.Contains(found, t => t.Contains("public override int GetHashCode()", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Generic_types_are_inserted_by_their_name()
    {
        string[] found = await editor.NamesAsync("new Dict");
        Assert.Contains("Dictionary", found);
        Assert.DoesNotContain(found, t => t.Contains('<', StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_type_that_is_not_imported_is_offered_by_its_full_name_after_the_others()
    {
        string[] found = await editor.NamesAsync("HttpClie");
        Assert.Equal("System.Net.Http.HttpClient", found[0]);
        editor.CSharp.Accept("using System.Net.Http;");
        Assert.Equal("HttpClient", (await editor.NamesAsync("HttpClie"))[0]);
    }

    [Fact]
    public async Task What_the_notebook_declares_stands_before_what_the_framework_has()
    {
        editor.CSharp.Accept("int lightning = 1; string Lines() => \"\";");
        Assert.Equal(["lightning"], (await editor.NamesAsync("li"))[..1]);
        Assert.Contains("display", (await editor.NamesAsync(""))[..20]);
    }

    [Fact]
    public async Task Assemblies_that_are_added_are_seen()
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("arkernel-services-").FullName, "Brought.dll");
        CSharpCompilation compilation = CSharpCompilation.Create(
            "Brought",
            [CSharpSyntaxTree.ParseText("namespace Brought { public static class Along { public static int Something; } }")],
            [MetadataReference.CreateFromFile(typeof(object).Assembly.Location)],
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));
        Assert.True(compilation.Emit(path).Success);
        Assert.Empty(await editor.NamesAsync("Brought.Along.Some"));
        editor.CSharp.AddReferences([path]);
        Assert.Equal(["Something"], await editor.NamesAsync("Brought.Along.Some"));
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
    }

    [Fact]
    public async Task After_a_reset_nothing_is_left()
    {
        editor.CSharp.Accept("var remembered = 1; class Remembered { }");
        Assert.NotEmpty(await editor.NamesAsync("remembere"));
        editor.CSharp.Reset();
        Assert.Empty(await editor.NamesAsync("remembere"));
    }
}
