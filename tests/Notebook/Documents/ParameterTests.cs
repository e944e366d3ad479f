using ArKernel.Notebooks.Documents;
using CsCheck;
using Microsoft.CodeAnalysis.CSharp;

namespace ArKernel.Notebooks.Tests.Documents;

public sealed class ParameterTests
{
    private const string Declarations = """
        int epochs = 10; // a comment
        var lr = 1e-3; var steps = -5; long big = 1; float f = 1; decimal m = 2m;
        double x = 0.5, y = 1;
        string name = "a"; var other = "b"; char c = 'c';
        bool quick = false;
        int? maybe = null;
        TimeSpan wait = TimeSpan.FromSeconds(1);
        var mode = Mode.Fast; Mode second = Mode.Slow;
        const int Fixed = 3; var list = new List<int>(); int unset;
        """;

    [Theory]
    [InlineData("epochs=2", "epochs = 2;")]
    [InlineData("epochs=-1_000", "epochs = -1000;")]
    [InlineData("lr=2", "lr = 2D;")]
    [InlineData("lr=1e-5", "lr = 1E-05D;")]
    [InlineData("lr=NaN", "lr = double.NaN;")]
    [InlineData("steps=7", "steps = 7;")]
    [InlineData("big=9000000000", "big = 9000000000L;")]
    [InlineData("f=0.1", "f = 0.1F;")]
    [InlineData("m=0.1", "m = 0.1M;")]
    [InlineData("y=3.5", "y = 3.5D;")]
    [InlineData("name=", "name = \"\";")]
    [InlineData("other=a=b", "other = \"a=b\";")]
    [InlineData("c='", "c = '\\'';")]
    [InlineData("quick=True", "quick = true;")]
    [InlineData("maybe=null", "maybe = null;")]
    [InlineData("maybe=4", "maybe = 4;")]
    [InlineData("wait=00:00:02", "wait = new TimeSpan(20000000L);")]
    [InlineData("mode=Slow", "mode = Mode.Slow;")]
    [InlineData("second=Fast", "second = Mode.Fast;")]
    public void A_value_becomes_a_literal_of_the_declared_type(string assignment, string expected)
    {
        NotebookDocument document = Notebook();
        NotebookParameters.Inject(document, [assignment], "x.ipynb");
        Assert.Equal("// Parameters\n" + expected, document.Cells[2].Source);
        Assert.True(document.Cells[2].HasTag("injected-parameters"));
        Assert.Equal(Declarations, document.Cells[1].Source);
    }

    [Theory]
    [InlineData("epoch=2", "there is no parameter 'epoch'")]
    [InlineData("epochs=2.5", "'2.5' is no int")]
    [InlineData("epochs=99999999999", "is no int")]
    [InlineData("quick=maybe", "is no bool")]
    [InlineData("c=ab", "is no char")]
    [InlineData("mode=a b", "is no Mode")]
    [InlineData("Fixed=4", "there is no parameter 'Fixed'")]
    [InlineData("list=4", "there is no parameter 'list'")]
    [InlineData("epochs", "name=value")]
    [InlineData("=1", "name=value")]
    public void A_wrong_assignment_is_an_error_that_lists_the_parameters(string assignment, string expected)
    {
        var error = Assert.Throws<DocumentException>(() => NotebookParameters.Inject(Notebook(), [assignment], "x.ipynb"));
        Assert.StartsWith("x.ipynb: cell 2: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Contains("int epochs = 10", error.Message, StringComparison.Ordinal);
        Assert.Contains("double lr = 1e-3", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Any_text_is_a_string_literal_and_no_code() => Gen.String.Sample(text =>
    {
        NotebookDocument document = Notebook();
        NotebookParameters.Inject(document, ["name=" + text], "x.ipynb");
        var statement = SyntaxFactory.ParseStatement(document.Cells[2].Source);
        var literal = Assert.Single(statement.DescendantNodes().OfType<Microsoft.CodeAnalysis.CSharp.Syntax.LiteralExpressionSyntax>());
        Assert.Equal(text, literal.Token.ValueText);
        Assert.False(statement.ContainsDiagnostics);
    });

    [Fact]
    public void A_second_injection_replaces_the_first()
    {
        NotebookDocument document = Notebook();
        NotebookParameters.Inject(document, ["epochs=2", "epochs=3"], "x.ipynb");
        NotebookParameters.Inject(document, ["lr=1"], "x.ipynb");
        Assert.Equal(3, document.Cells.Count);
        Assert.Equal("// Parameters\nlr = 1D;", document.Cells[2].Source);
    }

    [Fact]
    public void A_notebook_without_a_tagged_cell_says_how_to_tag_one()
    {
        var document = new NotebookDocument();
        document.Add(CellKind.Code, "int epochs = 1;");
        var error = Assert.Throws<DocumentException>(() => NotebookParameters.Inject(document, ["epochs=2"], "x.ipynb"));
        Assert.Contains("\"tags\": [\"parameters\"]", error.Message, StringComparison.Ordinal);
    }

    private static NotebookDocument Notebook()
    {
        var document = new NotebookDocument();
        document.Add(CellKind.Markdown, "# Title");
        document.Add(CellKind.Code, Declarations).Metadata["tags"] = new System.Text.Json.Nodes.JsonArray("parameters");
        return document;
    }
}
