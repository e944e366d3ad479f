using ArKernel.Notebooks.LanguageServices;

namespace ArKernel.Notebooks.Tests.LanguageServices;

/// <summary>What C# code is described as, and whether it is complete.</summary>
public sealed class CSharpDescriptionTests
{
    private static readonly Editor Shared = new();

    private readonly Editor editor = Shared.Reset();

    [Fact]
    public async Task The_framework_is_documented()
    {
        editor.CSharp.Accept("var list = new List<int>();");
        Description brief = (await editor.DescribeAsync("list.Ad|d(1)"))!, detailed = (await editor.DescribeAsync("list.Ad|d(1)", detailed: true))!;
        Assert.StartsWith("void List<int>.Add(int item)", brief.PlainText, StringComparison.Ordinal);
        Assert.Contains("Adds an object to the end", brief.PlainText, StringComparison.Ordinal);
        Assert.StartsWith("```csharp\nvoid List<int>.Add(int item)\n```", brief.Markdown, StringComparison.Ordinal);
        Assert.Contains("item: The object to be added", detailed.PlainText, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("MathNet.Numerics.Distance.Eucli|dean(new double[0], new double[0])", "Euclidean Distance")]
    [InlineData("Microsoft.FSharp.Collections.ListModule.Rev|erse(null)", "in reverse order")]
    public async Task Packages_that_the_program_carries_are_documented(string code, string expected) =>
        Assert.Contains(expected, (await editor.DescribeAsync(code))!.PlainText, StringComparison.OrdinalIgnoreCase);

    [Fact]
    public async Task A_method_of_the_notebook_is_documented_and_shown_as_written()
    {
        const string method = "/// <summary>Adds <paramref name=\"x\"/> and more.</summary>\n/// <param name=\"x\">A number.</param>\n/// <returns>The sum.</returns>\nint Plus(int x) { return x + 40; }";
        editor.CSharp.Accept(method);
        Assert.Equal("int Plus(int x)\n\nAdds x and more.", (await editor.DescribeAsync("Pl|us(2)"))!.PlainText);
        string detailed = (await editor.DescribeAsync("Pl|us(2)", detailed: true))!.PlainText;
        Assert.Contains("x: A number.", detailed, StringComparison.Ordinal);
        Assert.Contains("The sum.", detailed, StringComparison.Ordinal);
        Assert.EndsWith(method, detailed, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Move(|", "**int left**")]
    [InlineData("Move(1|", "**int left**")]
    [InlineData("Move(1,|", "**string right**")]
    [InlineData("Move(1, \"a, b\", |2)", "**params int\\[\\] rest**")]
    [InlineData("Move(1, \"\", 2, 3, |", "**params int\\[\\] rest**")]
    [InlineData("Move(right: |\"\", left: 1)", "**string right**")]
    [InlineData("Move(Math.Max(1, 2), |", "**string right**")]
    [InlineData("Math.Max(Move(1, \"\"), |", "**int val2**")]
    public async Task Overload_help_marks_the_parameter_at_the_cursor(string code, string expected)
    {
        editor.CSharp.Accept("/// <param name=\"right\">The other one.</param>\nint Move(int left, string right, params int[] rest) => 0;");
        Description found = (await editor.DescribeAsync(code))!;
        Assert.Contains(expected, found.Markdown, StringComparison.Ordinal);
        Assert.Equal(expected.Contains("right", StringComparison.Ordinal), found.PlainText.Contains("The other one.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Overload_help_knows_constructors_indexers_and_delegates_and_keeps_to_what_the_call_can_mean()
    {
        editor.CSharp.Accept("var list = new List<int>(); Func<int, string> f = i => \"\";");
        Assert.Contains("List<int>(int capacity)", (await editor.DescribeAsync("new List<int>(|"))!.PlainText, StringComparison.Ordinal);
        Assert.Contains("[int index]", (await editor.DescribeAsync("list[|"))!.PlainText, StringComparison.Ordinal);
        Assert.Contains("(int arg)", (await editor.DescribeAsync("f(|"))!.PlainText, StringComparison.Ordinal);
        Assert.DoesNotContain("IEnumerable<char>", (await editor.DescribeAsync("string.Join(|"))!.PlainText, StringComparison.Ordinal); // Linq's
        Assert.StartsWith("1 of ", (await editor.DescribeAsync("string.Join(|"))!.PlainText, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("// Con|sole")]
    [InlineData("|")]
    [InlineData("notDeclaredAnywhe|re")]
    public async Task Nothing_is_said_of_nothing(string code) => Assert.Null(await editor.DescribeAsync(code));

    [Theory]
    [InlineData("", Completeness.Complete, "")]
    [InlineData("1 + 1", Completeness.Complete, "")]
    [InlineData("var x = 1;", Completeness.Complete, "")]
    [InlineData("#r \"nuget: A\"\nusing System;", Completeness.Complete, "")]
    [InlineData("namespace A { class B { } }", Completeness.Complete, "")]
    [InlineData("using var x = new MemoryStream();", Completeness.Complete, "")]
    [InlineData("if (true) {", Completeness.Incomplete, "    ")]
    [InlineData("class A {\n    void M()\n    {\n        Call(", Completeness.Incomplete, "            ")]
    [InlineData("class A {\n    int x;", Completeness.Incomplete, "    ")]
    [InlineData("/* open", Completeness.Incomplete, "")]
    [InlineData("var s = @\"open", Completeness.Incomplete, "")]
    [InlineData("var s = \"\"\"\nopen", Completeness.Incomplete, "")]
    [InlineData("x +", Completeness.Incomplete, "")]
    [InlineData("}", Completeness.Invalid, "")]
    [InlineData("int x = ;", Completeness.Invalid, "")]
    [InlineData("var s = \"open\n;", Completeness.Invalid, "")]
    public void Completeness_is_told_with_the_next_indent(string code, Completeness expected, string indent) =>
        Assert.Equal(new CodeStatus(expected, indent), editor.CSharp.GetStatus(code));
}
