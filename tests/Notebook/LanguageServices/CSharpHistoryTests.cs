using System.Globalization;
using CsCheck;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace ArKernel.Notebooks.Tests.LanguageServices;

/// <summary>What remains of accepted cells: what is in force, and no more.</summary>
public sealed class CSharpHistoryTests
{
    private static readonly Editor Shared = new();

    private static readonly string[] Types = ["int", "string", "List<int>", "Dictionary<string, double[]>", "DateTime", "(int Left, string Right)"];

    // Each kind of declaration makes its name answer to a member that no other kind has.
    private static readonly (Func<int, string, string> Declare, Func<int, string, string> Ask, string Answer)[] Forms =
    [
        ((i, m) => $"var name{i} = new {{ {m} = 1, Nested = new {{ Deep = \"\" }} }};", (i, _) => $"name{i}.", ""),
        ((i, m) => $"class name{i} {{ public static int {m}; }}", (i, _) => $"name{i}.", ""),
        ((i, m) => $"/// <summary>A method.</summary>\nasync Task<int> name{i}(int {m}) {{ await Task.Yield(); return {m}; }}", (i, _) => $"name{i}(", ":"),
        ((i, m) => $"var name{i} = Enumerable.Range(0, 3).Select(k => new {{ {m} = k }}).First();", (i, _) => $"name{i}.", ""),
        ((i, m) => $"var (name{i}, other{i}) = ((Left: 1, {m}: 2), 3);", (i, _) => $"name{i}.", ""),
    ];

    [Fact]
    public void Whatever_cells_declare_the_last_meaning_of_each_name_is_what_is_offered() =>
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, Forms.Length - 1]).List[1, 8].Sample(
            cells =>
            {
                Editor editor = Shared.Reset();
                for (int cell = 0; cell < cells.Count; cell++)
                {
                    editor.CSharp.Accept(Forms[cells[cell].Item2].Declare(cells[cell].Item1, Member(cell)));
                }

                foreach (int name in cells.Select(c => c.Item1).Distinct())
                {
                    int last = cells.FindLastIndex(c => c.Item1 == name);
                    (_, Func<int, string, string> ask, string answer) = Forms[cells[last].Item2];
                    string[] found = editor.NamesAsync(ask(name, Member(last))).GetAwaiter().GetResult();
                    Assert.Contains(Member(last) + answer, found);
                    Assert.DoesNotContain(found, f => f.StartsWith("Quux", StringComparison.Ordinal) && f != Member(last) + answer);
                }

                AssertParses(editor);

                static string Member(int cell) => string.Create(CultureInfo.InvariantCulture, $"Quux{cell}");
            },
            iter: 15,
            threads: 1);

    [Fact]
    public async Task The_type_of_a_variable_is_written_out()
    {
        foreach (string type in Types)
        {
            Editor editor = Shared.Reset();
            editor.CSharp.Accept($"{type} Make() => default!;\nvar made = Make();");
            Assert.Contains($" {type} made", (await editor.DescribeAsync("mad|e"))!.PlainText, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Many_cells_that_redefine_twenty_names_leave_what_twenty_leave()
    {
        Editor editor = Shared.Reset();
        int first = 0;
        for (int cell = 0; cell < 200; cell++)
        {
            editor.CSharp.Accept(Cell(cell % 20));
            editor.CSharp.Accept($"{cell}.ToString()");
            if (cell == 19)
            {
                first = await LengthAsync(editor);
            }
        }

        Assert.True(first > 0);
        Assert.Equal(first, await LengthAsync(editor));

        static string Cell(int i) => (i % 4) switch
        {
            0 => $"var name{i} = new List<string>();",
            1 => $"class name{i} {{ public int Value; }}",
            2 => $"int name{i}(int x) {{ return x + 1; }}",
            _ => $"using System.Net;\nvar name{i} = new {{ A = 1, B = new[] {{ new {{ C = 2 }} }} }};",
        };
    }

    [Fact]
    public async Task Overloads_are_kept_and_a_method_of_the_same_parameters_is_replaced()
    {
        Editor editor = Shared.Reset();
        editor.CSharp.Accept("int Twice(int x) => 2 * x;\nint Twice(int x, int y) => 2 * x * y;");
        editor.CSharp.Accept("string Twice(string s) => s + s;");
        editor.CSharp.Accept("long Twice(int z) => 2L * z;");
        string text = (await editor.DescribeAsync("Twice(|)"))!.PlainText;
        Assert.Contains("long Twice(int z)", text, StringComparison.Ordinal);
        Assert.Contains("string Twice(string s)", text, StringComparison.Ordinal);
        Assert.Contains("int Twice(int x, int y)", text, StringComparison.Ordinal);
        Assert.DoesNotContain("int Twice(int x)", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Namespaces_extensions_aliases_and_static_usings_count()
    {
        Editor editor = Shared.Reset();
        editor.CSharp.Accept("namespace Shapes.Flat { public class Square { public int Side; } }");
        editor.CSharp.Accept("static class Extensions { public static int Thrice(this int i) => 3 * i; extension(string s) { public int Vowels => 0; } }");
        editor.CSharp.Accept("using static System.Math;\nusing Words = System.Collections.Generic.List<string>;");
        Assert.Contains("Square", await editor.NamesAsync("new Shapes.Flat."));
        Assert.Equal(["Thrice"], await editor.NamesAsync("1.Thri"));
        Assert.Contains("Vowels", await editor.NamesAsync("\"\".Vow"));
        Assert.Contains("Sqrt", await editor.NamesAsync("Sqr"));
        Assert.Contains("AddRange", await editor.NamesAsync("new Words().Add"));
    }

    [Fact]
    public async Task What_a_cell_declares_on_its_way_is_there_too()
    {
        Editor editor = Shared.Reset();
        editor.CSharp.Accept("int.TryParse(\"1\", out var parsed);\nif (1 is var matched) { }\nusing var stream = new MemoryStream();");
        Assert.Equal("parsed", (await editor.NamesAsync("parse|d"))[0]);
        Assert.Contains("CompareTo", await editor.NamesAsync("parsed."));
        Assert.Contains("WriteByte", await editor.NamesAsync("stream."));
    }

    private static async Task<int> LengthAsync(Editor editor)
    {
        await editor.CompleteAsync("x");
        AssertParses(editor);
        return editor.CSharp.Notebook.History.Script.Length + editor.CSharp.Notebook.History.Library([]).Length;
    }

    private static void AssertParses(Editor editor)
    {
        CSharpParseOptions options = new(LanguageVersion.CSharp14);
        Assert.Empty(CSharpSyntaxTree.ParseText(editor.CSharp.Notebook.History.Script, options.WithKind(SourceCodeKind.Script)).GetDiagnostics());
        Assert.Empty(CSharpSyntaxTree.ParseText(editor.CSharp.Notebook.History.Library(["System"]), options).GetDiagnostics());
    }
}
