using ArKernel.Notebooks.Engine;
using ArKernel.Notebooks.Tests.Engine;

namespace ArKernel.Notebooks.Tests.Languages;

/// <summary>What C# allows and Roslyn's script does not.</summary>
[Collection("engine")]
public sealed class BeyondScriptTests : IAsyncDisposable
{
    private readonly NotebookEngine engine = new();
    private readonly CellRun run;

    public BeyondScriptTests() => run = new CellRun(engine);

    public ValueTask DisposeAsync() => engine.DisposeAsync();

    private async Task<string?> ResultAsync(string code)
    {
        CellOutcome outcome = await run.RunAsync(code);
        Assert.True(outcome.Succeeded, string.Join('\n', outcome.Events.OfType<CellError>().SelectMany(e => e.Traceback)));
        return outcome.Result;
    }

    [Fact]
    public async Task A_namespace_and_statements_that_use_it_share_a_cell()
    {
        Assert.Equal("3", await ResultAsync("using Shapes.Flat;\nnamespace Shapes.Flat\n{\n    class Square { internal int Side = 3; }\n}\nvar s = new Square();\ns.Side"));
        Assert.Equal("Shapes.Flat.Square 3", await ResultAsync("$\"{typeof(Shapes.Flat.Square)} {new Square().Side}\""));
    }

    [Fact]
    public async Task A_file_scoped_namespace_makes_the_cell_a_library()
    {
        await ResultAsync("namespace Deep.Down;\npublic record Point(int X, int Y);\npublic static class Points { public static int Sum(this Point p) => p.X + p.Y; }");
        Assert.Equal("7", await ResultAsync("using Deep.Down;\nnew Point(3, 4).Sum()"));
    }

    [Fact]
    public async Task Extension_methods_and_blocks_extend_types_of_the_same_and_of_earlier_cells()
    {
        await ResultAsync("record P(int X);");
        await ResultAsync("""
            static class PExtensions
            {
                public static int Twice(this P p) => 2 * p.X;
                extension(P p)
                {
                    public int Tripled => 3 * p.X;
                    public static P Origin => new(0);
                    public static P operator +(P a, P b) => new(a.X + b.X);
                }
            }
            """);
        Assert.Equal("8 12 0 5", await ResultAsync("var p = new P(4); $\"{p.Twice()} {p.Tripled} {P.Origin.X} {(p + new P(1)).X}\""));
        Assert.Equal("HI!", await ResultAsync("static class Loud { public static string Shout(this string s) => s.ToUpperInvariant() + \"!\"; }\n\"hi\".Shout()"));
    }

    [Fact]
    public async Task The_last_definition_of_a_type_wins_and_old_objects_keep_theirs()
    {
        await ResultAsync("namespace N { class A { public string Is => \"old\"; } class B { } }\nstatic class E { public static string Of(this int i) => \"old\"; public static string Both(this int i) => i.Of(); }\nclass Box<T> { public string Is => \"old\"; }");
        await ResultAsync("using N; var a = new A(); var b = new B(); var box = new Box<int>();");
        await ResultAsync("namespace N { class A { public string Is => \"new\"; } }\nstatic class E { public static string Of(this int i) => \"new\"; public static string Both(this int i) => i.Of(); }\nclass Box<T> { public string Is => \"new\"; }");
        Assert.Equal("old new new new old new", await ResultAsync("$\"{a.Is} {new A().Is} {1.Of()} {1.Both()} {box.Is} {new Box<int>().Is}\""));
        Assert.Equal("True", await ResultAsync("B same = b; N.B qualified = same; qualified == b"));
    }

    [Fact]
    public async Task Of_types_that_depend_on_one_another_each_can_be_defined_anew()
    {
        await ResultAsync("class Leaf { } class Tree { public List<Leaf> Leaves = [new()]; } interface IOther; record Other(int A) : IOther;");
        await ResultAsync("Other other = new(1);");
        await ResultAsync("class Leaf { public int Size = 2; }");
        Assert.Equal("2 1", await ResultAsync("Other still = other; IOther it = still; $\"{new Leaf().Size} {new Tree().Leaves.Count}\""));
    }

    [Fact]
    public async Task Types_that_depend_on_one_another_in_a_circle_are_in_force_together()
    {
        await ResultAsync("class Node { public Tree Owner; } class Tree { public Node Root = new(); public string Is => \"old\"; }\nvar tree = new Tree();");
        await ResultAsync("class Node { public int Size = 2; }");
        Assert.Equal("old 2 True", await ResultAsync("$\"{tree.Is} {new Node().Size} {tree.Root.Owner is null}\""));
        CellOutcome outcome = await run.RunAsync("new Tree()");
        Assert.Contains(outcome.Error.Traceback, l => l.EndsWith("run the cell that defines 'Tree' (cell 1) again.", StringComparison.Ordinal));
        await ResultAsync("class Tree { public Node Root = new(); public string Is => \"new\"; }");
        Assert.Equal("old new 2", await ResultAsync("$\"{tree.Is} {new Tree().Is} {new Tree().Root.Size}\""));
    }

    [Fact]
    public async Task A_type_that_uses_the_notebooks_variables_stays_with_them()
    {
        await ResultAsync("static int counter = 0; static int Next() => ++counter;");
        await ResultAsync("class Ticket { public int Number = Next(); } class Pair { public Ticket A = new(), B = new(); }");
        Assert.Equal("3", await ResultAsync("var pair = new Pair(); pair.A.Number + pair.B.Number"));
        Assert.Equal("2", await ResultAsync("counter"));
        await ResultAsync("class Ticket { public int Number = 100; }");
        Assert.Equal("100", await ResultAsync("new Ticket().Number"));
    }

    [Fact]
    public async Task A_name_of_the_notebook_beats_one_of_a_library()
    {
        await ResultAsync("static int calls = 0; class StringBuilder { public int Mine => ++calls; }");
        await ResultAsync("class User { public object Make() => new StringBuilder(); }");
        Assert.Equal("1", await ResultAsync("((StringBuilder)new User().Make()).Mine"));
    }

    [Fact]
    public async Task A_library_that_needs_the_notebooks_variables_is_told_what_to_do()
    {
        await ResultAsync("static int scale = 2;\nclass Scaled { public int X = scale; }");
        CellOutcome outcome = await run.RunAsync("int unrelated = 1;\nnamespace N\n{\n    class A { int X => scale; Scaled Y; }\n}");
        Assert.Equal("CompilationError", outcome.Error.Name);
        Assert.Equal(4, outcome.Error.Line);
        Assert.Contains("(4,24): error CS0103", outcome.Error.Traceback[0], StringComparison.Ordinal);
        Assert.Contains(outcome.Error.Traceback, l => l.StartsWith("'scale' (cell 1) belongs to the statements of the notebook.", StringComparison.Ordinal));
        Assert.Contains(outcome.Error.Traceback, l => l.StartsWith("'Scaled' (cell 1) belongs to the statements of the notebook.", StringComparison.Ordinal));
        Assert.Equal("CS0103", (await run.RunAsync("unrelated")).Error.Message[..6]);
    }

    [Fact]
    public async Task A_cell_that_does_not_compile_leaves_the_types_as_they_were()
    {
        await ResultAsync("namespace N { class A { public int X = 1; } }\nrecord R(int X);");
        Assert.Equal("CompilationError", (await run.RunAsync("namespace N { class A { public int X = 2; } }\nrecord R(string Y);\nint y = nope;")).Error.Name);
        Assert.Equal("CompilationError", (await run.RunAsync("namespace N { class A { public int X = nope; } }\nrecord R(string Y);")).Error.Name);
        Assert.Equal("11", await ResultAsync("N.A a = new(); R r = new(10); a.X + r.X"));
    }

    [Fact]
    public async Task Frames_and_errors_have_the_lines_of_the_cell()
    {
        await ResultAsync("var before = 1;\n\nnamespace N\n{\n    static class Thrower\n    {\n        public static int Go(this string text) =>\n            int.Parse(text);\n    }\n}\nvar after = 2;");
        CellOutcome outcome = await run.RunAsync("using N;\n\n\"q\".Go()");
        Assert.Equal(["   at System.Int32.Parse", "   at N.Thrower.Go in cell 1:line 8", "   at cell 2:line 3"], outcome.Error.Traceback);
        outcome = await run.RunAsync("class Fine { }\n\tusing var s = new MemoryStream(); /* */ nope();");
        Assert.Equal(["(2,42): error CS0103: The name 'nope' does not exist in the current context", "\tusing var s = new MemoryStream(); /* */ nope();"], outcome.Error.Traceback.Take(2));
    }

    [Fact]
    public async Task Using_variables_are_disposed_of_at_the_end_of_the_cell_last_one_first()
    {
        await ResultAsync("class Noisy(string name) : IDisposable, IAsyncDisposable { public string Name => name; public void Dispose() => Console.Write($\"-{name}\"); public async ValueTask DisposeAsync() { await Task.Delay(1); Console.Write($\"~{name}\"); } }");
        CellOutcome outcome = await run.RunAsync("using var a = new Noisy(\"a\");\nusing Noisy b = new(\"b\"), c = new(\"c\");\nawait using var d = new Noisy(\"d\");\nConsole.Write(\"body\");\nd.Name");
        Assert.Equal(("body~d-c-b-a", "d"), (outcome.StandardOutput, outcome.Result));
        Assert.Equal("a", await ResultAsync("a.Name"));
        outcome = await run.RunAsync("using var first = new Noisy(\"first\");\nif (a != null) throw new Exception(\"in the middle\");\nusing var never = new Noisy(\"never\");");
        Assert.Equal(("-first", "in the middle", 2), (outcome.StandardOutput, outcome.Error.Message, outcome.Error.Line ?? 0));
        await ResultAsync("using var stream = new MemoryStream([1, 2]);\nstream.ReadByte()");
        Assert.Equal("ObjectDisposedException", (await run.RunAsync("stream.ReadByte()")).Error.Name);
        Assert.Contains("CS1674: 'int'", (await run.RunAsync("\nusing var wrong = 1;")).Error.Message, StringComparison.Ordinal);
        outcome = await run.RunAsync("using (var inner = new Noisy(\"inner\")) { Console.Write(inner.Name); }");
        Assert.Equal("inner-inner", outcome.StandardOutput);
    }

    [Fact]
    public async Task A_dispose_that_throws_fails_the_cell()
    {
        await ResultAsync("class Bad : IDisposable { public void Dispose() => throw new InvalidOperationException(\"at the end\"); }");
        Assert.Equal("at the end", (await run.RunAsync("using var bad = new Bad();")).Error.Message);
    }

    [Fact]
    public async Task A_value_alone_is_shown_with_or_without_a_semicolon()
    {
        await ResultAsync("int x1 = 5;");
        Assert.Equal("5", await ResultAsync("x1;"));
        Assert.Equal("10", await ResultAsync("x1 * 2; // twice"));
        Assert.Null(await ResultAsync("x1++;"));
        Assert.Contains("CS0201", (await run.RunAsync("x1;\nx1 + 1;")).Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_span_at_the_top_level_is_refused_with_the_remedy()
    {
        CellOutcome outcome = await run.RunAsync("Span<int> s = stackalloc int[3];");
        Assert.Contains(outcome.Error.Traceback, l => l.Contains("into a block { … } or a method", StringComparison.Ordinal));
        Assert.Equal("3", await ResultAsync("int length;\n{ Span<int> s = stackalloc int[3]; length = s.Length; }\nlength"));
    }

    [Fact]
    public async Task A_file_type_is_a_type_of_the_cell()
    {
        Assert.Equal("1", await ResultAsync("file class Hidden { public int X = 1; }\nnamespace N { public class Shown { public int Y => new Hidden().X; } }\nnew N.Shown().Y"));
        Assert.Equal("2", await ResultAsync("file class Hidden { public int X = 2; }\nnew Hidden().X"));
    }

    [Fact]
    public async Task Usings_and_aliases_of_earlier_cells_hold_in_libraries()
    {
        await ResultAsync("using System.Globalization;\nusing Numbers = System.Collections.Generic.List<int>;");
        await ResultAsync("namespace N { static class A { public static string Name => CultureInfo.InvariantCulture.EnglishName; public static Numbers Make() => [1, 2]; public static void Show() => display(3); } }");
        Assert.Equal("2", await ResultAsync("N.A.Show(); N.A.Make().Count"));
        await ResultAsync("using Numbers = System.Collections.Generic.HashSet<int>;\nnamespace M { static class B { public static Numbers Make() => [1, 1]; } }");
        Assert.Equal("1", await ResultAsync("M.B.Make().Count"));
    }
}
