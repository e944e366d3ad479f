using ArKernel.Codecs;
using ArKernel.Recipes;
using CsCheck;
using Microsoft.Data.Analysis;
using static TorchSharp.torch;

namespace ArKernel.Interactive.Tests;

public sealed class ViewTests
{
    [Fact]
    public void A_model_is_a_tree_whose_counts_are_its_parameters()
    {
        using AutoregressiveModel model = NextToken.Compose(NextToken.Tiny(256));
        Notebook.HtmlOf(model);
        long before = Notebook.SettledTensorCount();
        long parameters = model.parameters().Sum(parameter => parameter.numel());
        string text = Notebook.TextOf(model);
        Assert.Contains($"{parameters:N0} parameters", text.Split('\n')[0], StringComparison.Ordinal);
        Assert.True(text.Split('\n').Length > 10);
        Assert.Contains("<details", Notebook.HtmlOf(model), StringComparison.Ordinal);
        Assert.Equal(before, Tensor.TotalCount);
    }

    [Fact]
    public void Any_module_has_a_tree()
    {
        using var module = nn.Sequential(("first", nn.Linear(3, 4)), ("second", nn.ReLU()), ("third", nn.Linear(4, 2, hasBias: false)));
        Assert.StartsWith("Sequential  24 parameters, 96 B\n  first: Linear  16", Notebook.TextOf(module), StringComparison.Ordinal);
        module.Dispose();
        Notebook.HtmlOf(module);
    }

    [Fact]
    public void Tokens_stand_between_bars_with_their_ids_as_tooltips()
    {
        var codec = new ByteCodec();
        TokenView view = codec.Show(codec.Encode("a<é\n"));
        Assert.Equal("a|<|⟨C3⟩|⟨A9⟩|\n\n5 tokens, 5 bytes, 1.00 bytes a token", Notebook.TextOf(view));
        string html = Notebook.HtmlOf(view);
        Assert.Contains("title=\"60\"", html, StringComparison.Ordinal);
        Assert.Contains("&lt;", html, StringComparison.Ordinal);
        Assert.Contains("↵", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Any_tokens_have_a_bounded_view() => Gen.Int[0, 255].Array[0, 5000].Sample(ids => Notebook.HtmlOf(new ByteCodec().Show(ids)), iter: 30);

    [Fact]
    public void Attention_has_a_map_a_head_and_its_entropy()
    {
        Tensor uniform = ones(1, 2, 16, 16) / 16;
        Tensor sharp = eye(16).reshape(1, 1, 16, 16);
        AttentionView view = new([uniform, cat([uniform, sharp], 1)], null, 1);
        uniform.Dispose();
        Assert.Equal("attention of layer 1, 16 positions; mean entropy a head in bits: 4.00, 4.00, 0.00", Notebook.TextOf(view));
        Assert.Equal(3, Notebook.HtmlOf(view).Split("<img").Length - 1);
    }

    [Fact]
    public void Attention_with_few_tokens_names_them()
    {
        AttentionView view = new([ones(1, 1, 3, 3) / 3], ["<s>", "the", "cat"]);
        Assert.Contains("&lt;s&gt;", Notebook.HtmlOf(view), StringComparison.Ordinal);
        Assert.Contains("2 tokens for attention weights over 3 positions", Assert.Throws<ArgumentException>(() => new AttentionView([ones(1, 1, 3, 3)], ["a", "b"])).Message, StringComparison.Ordinal);
        Assert.Contains("layer 1 is not", Assert.Throws<ArgumentException>(() => new AttentionView([ones(1, 1, 3, 3)], null, 1)).Message, StringComparison.Ordinal);
        Assert.Contains("[batch, heads, time, time]", Assert.Throws<ArgumentException>(() => new AttentionView([ones(1, 3, 2)])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_data_frame_is_a_table_with_types_and_pages()
    {
        DataFrame frame = new(
            new PrimitiveDataFrameColumn<double>("loss", Enumerable.Range(0, 1000).Select(i => (double?)(i == 3 ? null : i / 7.0))),
            new StringDataFrameColumn("<name>", Enumerable.Range(0, 1000).Select(i => $"row & {i}")));
        string html = Notebook.HtmlOf(frame);
        Assert.Contains("double, 1 null", html, StringComparison.Ordinal);
        Assert.Contains("&lt;name&gt;", html, StringComparison.Ordinal);
        Assert.Equal(9, html.Split("<details>").Length - 1);
        Assert.Contains("and 800 more rows", html, StringComparison.Ordinal);
        Assert.Contains("… 980 more rows", Notebook.TextOf(frame), StringComparison.Ordinal);
        Assert.Equal("0 rows, 0 columns", Notebook.TextOf(new DataFrame()).Trim());
    }

    [Fact]
    public void A_comparison_says_what_holds()
    {
        Comparison table = new Comparison().Near("accuracy <test>", 0.9, 0.91, 0.02).AtMost("loss", 2, 2.5).AtLeast("gain", 0, double.NaN).Row("sign", "+", "+", true);
        Assert.False(table.Holds);
        Assert.Equal("""
            what             expected    measured  holds
            ───────────────  ──────────  ────────  ─────
            accuracy <test>  0.9 ± 0.02  0.91      ✓
            loss             ≤ 2         2.5       ✗
            gain             ≥ 0         NaN       ✗
            sign             +           +         ✓
            ✗ 2 of 4 do not hold
            """.ReplaceLineEndings("\n"), Notebook.TextOf(table));
        Assert.Contains("accuracy &lt;test&gt;", Notebook.HtmlOf(table), StringComparison.Ordinal);
        Assert.True(new Comparison().Row("a", 1, 1, true).Holds);
    }

    [Fact]
    public void Control_characters_become_their_pictures_and_pairs_stay_whole() => Gen.Char.Array[0, 60].Sample(characters =>
        System.Xml.Linq.XElement.Parse($"<r a=\"{Html.Escape(new string(characters))}\">{Html.Escape(new string(characters))}</r>"));
}
