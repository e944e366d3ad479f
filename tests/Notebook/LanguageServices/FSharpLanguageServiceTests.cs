using System.Globalization;
using ArKernel.Notebooks.LanguageServices;
using ArKernel.Notebooks.LanguageServices.FSharp;

namespace ArKernel.Notebooks.Tests.LanguageServices;

/// <summary>One service for all tests: the compiler service takes seconds to read the framework. The tests use names of their own.</summary>
public sealed class FSharpEditor
{
    internal FSharpLanguageService Service { get; } = new();
}

public sealed class FSharpLanguageServiceTests(FSharpEditor editor) : IClassFixture<FSharpEditor>
{
    private readonly FSharpLanguageService service = editor.Service;

    [Fact]
    public async Task Members_of_a_value_from_an_earlier_cell_are_offered()
    {
        service.Accept("type Particle = { Mass: float; Name: string }\nlet particle = { Mass = 1.0; Name = \"p\" }");
        CompletionList found = await CompleteAsync("let x = 1\nprintfn \"%f\" particle.Ma");
        Assert.Equal("Mass", found.Items[0].Text);
        Assert.Equal("field", found.Items[0].Kind);
        Assert.Equal(("let x = 1\nprintfn \"%f\" particle.".Length, "let x = 1\nprintfn \"%f\" particle.Ma".Length), (found.Start, found.End));
    }

    [Fact]
    public async Task The_latest_declaration_of_a_name_counts()
    {
        service.Accept("let changing = [| 1 |]");
        Assert.Contains("Length", await NamesAsync("changing."));
        service.Accept("let changing = System.Text.StringBuilder()");
        Assert.Contains("AppendLine", await NamesAsync("changing."));
        Assert.DoesNotContain("GetUpperBound", await NamesAsync("changing."));
    }

    [Fact]
    public async Task What_a_cell_opens_is_open_in_those_behind_it()
    {
        Assert.DoesNotContain("Regex", await NamesAsync("Rege"));
        service.Accept("open System.Text.RegularExpressions // for Regex\nlet digits = Regex(\"[0-9]\")");
        Assert.Equal("Regex", (await NamesAsync("Rege"))[0]);
        Assert.Contains("IsMatch", await NamesAsync("digits."));
    }

    [Fact]
    public async Task Many_cells_are_all_seen_though_they_share_few_files()
    {
        for (int i = 0; i < 70; i++)
        {
            service.Accept(string.Create(CultureInfo.InvariantCulture, $"#r \"nuget: Nothing\"\nlet serial{i} (x: int) =\n    x + {i}\nserial{i} 1"));
        }

        IReadOnlyList<string> names = await NamesAsync("serial");
        Assert.Equal(70, names.Count(n => n.StartsWith("serial", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("let xs = [ 1 ]\nxs |> List.ma", "map")]
    [InlineData("System.Consol", "Console")]
    [InlineData("open System.Collec", "Collections")]
    [InlineData("let s = \"😀\" in s.Sub", "Substring")]
    [InlineData("displ", "display")]
    [InlineData("mat", "match")]
    [InlineData("#r \"nuget: Nothing\"\nSystem.Math.Ma", "Max")]
    public async Task Code_may_be_incomplete(string code, string expected) => Assert.Contains(expected, await NamesAsync(code));

    [Theory]
    [InlineData("// Con")]
    [InlineData("(* Con")]
    [InlineData("let s = \"Con")]
    [InlineData("let s = \"\"\"one\nCon")]
    public async Task Nothing_is_offered_in_comments_and_strings(string code) => Assert.Empty(await NamesAsync(code));

    [Fact]
    public async Task Names_are_described_with_signature_and_documentation()
    {
        service.Accept("/// Doubles a number.\nlet doubled (x: int) = 2 * x");
        Description? own = await service.DescribeAsync("doubled 3", 3, detailed: false, TestContext.Current.CancellationToken);
        Assert.Contains("val doubled: x: int -> int", own?.PlainText);
        Assert.Contains("Doubles a number.", own?.PlainText);

        Description? framework = await service.DescribeAsync("System.Math.Max(1, 2)", "System.Math.Ma".Length, detailed: true, TestContext.Current.CancellationToken);
        Assert.Contains("Math.Max", framework?.PlainText);
        Assert.Contains("```fsharp", framework?.Markdown);
        Assert.Null(await service.DescribeAsync("1 + 2", 2, detailed: false, TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("1 + 1", Completeness.Complete, "")]
    [InlineData("let x = 1", Completeness.Complete, "")]
    [InlineData("type A = { B: int }", Completeness.Complete, "")]
    [InlineData("for i in 1 .. 3 do printfn \"%d\" i", Completeness.Complete, "")]
    [InlineData("let f x =\n    x + 1\n", Completeness.Complete, "")]
    [InlineData("let f x =\n    x + 1", Completeness.Incomplete, "    ")]
    [InlineData("let f x =", Completeness.Incomplete, "    ")]
    [InlineData("let f x =\n    let y =", Completeness.Incomplete, "        ")]
    [InlineData("printfn \"%d\" (", Completeness.Incomplete, "    ")]
    [InlineData("(1 + 2", Completeness.Incomplete, "")]
    [InlineData("1 +", Completeness.Incomplete, "")]
    [InlineData("(* a comment", Completeness.Incomplete, "")]
    [InlineData("let s = \"\"\"text", Completeness.Incomplete, "")]
    [InlineData("match 1 with", Completeness.Incomplete, "    ")]
    [InlineData("type A =", Completeness.Incomplete, "    ")]
    [InlineData("if true then", Completeness.Incomplete, "    ")]
    [InlineData("async {\n    let! x = y", Completeness.Incomplete, "    ")]
    [InlineData("let = 1", Completeness.Invalid, "")]
    [InlineData("1 + )", Completeness.Invalid, "")]
    [InlineData("let x = )", Completeness.Invalid, "")]
    [InlineData("let 3x = 1", Completeness.Invalid, "")]
    public void Completeness_is_told_from_the_syntax(string code, Completeness expected, string indent) =>
        Assert.Equal(new CodeStatus(expected, indent), service.GetStatus(code));

    [Fact]
    public async Task A_lost_state_is_forgotten()
    {
        FSharpLanguageService own = new();
        own.Accept("let forgotten = 1");
        own.Reset();
        own.Accept("let remembered = 1");
        CompletionList found = await own.CompleteAsync("re", 2, TestContext.Current.CancellationToken);
        Assert.Contains("remembered", found.Items.Select(i => i.Text));
        found = await own.CompleteAsync("forg", 4, TestContext.Current.CancellationToken);
        Assert.DoesNotContain("forgotten", found.Items.Select(i => i.Text));
    }

    private Task<CompletionList> CompleteAsync(string code) => service.CompleteAsync(code, code.Length, TestContext.Current.CancellationToken);

    private async Task<IReadOnlyList<string>> NamesAsync(string code) => [.. (await CompleteAsync(code)).Items.Select(i => i.Text)];
}
