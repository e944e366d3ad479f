using System.Text;
using System.Text.Json.Nodes;
using ArKernel.Notebooks.Documents;
using CsCheck;

namespace ArKernel.Notebooks.Tests.Documents;

public sealed class IpynbTests
{
    /// <summary>A notebook in exactly the form that Jupyter writes, with keys that no library knows.</summary>
    private static readonly string Written = string.Join('\n', """
        {
         "cells": [
          {
           "attachments": {
            "dot.png": {
             "image/png": "aGk="
            }
           },
           "cell_type": "markdown",
           "id": "m-1",
           "metadata": {},
           "source": [
            "# Título 😀\n",
            "second\u0000 \"line\" \\"
           ],
           "x_cell": {
            "a": [
             1,
             1.50,
             1e-05,
             123456789012345678901234567890,
             true,
             null,
             {}
            ]
           }
          },
          {
           "cell_type": "code",
           "execution_count": 3,
           "id": "c-1",
           "metadata": {
            "polyglot_notebook": {
             "kernelName": "fsharp"
            },
            "tags": [
             "parameters"
            ]
           },
           "outputs": [
            {
             "name": "stdout",
             "output_type": "stream",
             "text": [
              "a\n",
              "b\n"
             ]
            },
            {
             "data": {
              "application/vnd.x+json": [
               "kept",
               "as a list"
              ],
              "text/html": [
               "<b>\n",
               "</b>"
              ]
             },
             "metadata": {
              "k": 1
             },
             "output_type": "display_data",
             "transient": {
              "x": 1
             }
            },
            {
             "data": {
              "text/plain": []
             },
             "execution_count": 3,
             "metadata": {},
             "output_type": "execute_result"
            },
            {
             "ename": "E",
             "evalue": "v",
             "output_type": "error",
             "traceback": [
              "t1",
              "t2"
             ]
            },
            {
             "future": 1,
             "output_type": "hologram"
            }
           ],
           "source": []
          },
          {
           "cell_type": "raw",
           "id": "r",
           "metadata": {},
           "source": [
            "raw"
           ]
          }
         ],
         "metadata": {
          "kernelspec": {
           "display_name": ".NET (C#)",
           "language": "C#",
           "name": ".net-csharp"
          },
          "zeta": [],
          "alpha": {}
         },
         "nbformat": 4,
         "nbformat_minor": 5,
         "unknown": "kept"
        }

        """.ReplaceLineEndings("\n").Split('\n'));

    [Fact]
    public void A_file_as_Jupyter_writes_it_is_written_back_byte_for_byte()
    {
        NotebookDocument document = Ipynb.Read(Encoding.UTF8.GetBytes(Written), "x.ipynb");
        Assert.Equal(Written, Text(document));
    }

    [Fact]
    public void Reading_gives_kinds_languages_sources_and_outputs()
    {
        NotebookDocument document = Ipynb.Read(Encoding.UTF8.GetBytes(Written), "x.ipynb");
        Assert.Equal([CellKind.Markdown, CellKind.Code, CellKind.Raw], document.Cells.Select(cell => cell.Kind));
        Assert.Equal("markdown fsharp raw", string.Join(' ', document.Cells.Select(cell => cell.Language)));
        Assert.Equal("csharp", document.Language);
        Assert.Equal("# Título 😀\nsecond\0 \"line\" \\", document.Cells[0].Source);
        NotebookCell code = document.Cells[1];
        Assert.Equal((3, true), (code.ExecutionCount, code.HasTag("parameters")));
        Assert.Equal("stream display_data execute_result error hologram", string.Join(' ', code.Outputs.Select(output => output.Type)));
        Assert.Equal("a\nb\n", code.Outputs[0].Text);
        Assert.Equal(["t1", "t2"], code.Outputs[3].Traceback);
    }

    [Fact]
    public void Arbitrary_keys_and_texts_survive_and_any_split_into_lines_means_the_same()
    {
        Gen<string> text = Gen.Frequency((3, Gen.String[Choose.From('a', '\n', '\r', '"', '\\', '\u2028', 'é', '\t', '\0', '\x85', '\v'), 0, 12]), (1, Gen.Const("😀\n😀")));
        Gen<(string Source, string Output, int[] Cuts)> gen = Gen.Select(text, text, Gen.Int[0, 12].Array[0, 4]);
        gen.Array[0, 5].Sample(cells =>
        {
            var list = new JsonArray();
            foreach ((string source, string output, int[] cuts) in cells)
            {
                list.Add(new JsonObject
                {
                    ["cell_type"] = "code", ["execution_count"] = null, ["id"] = $"i{list.Count}", ["metadata"] = new JsonObject { [source] = output },
                    ["outputs"] = new JsonArray(
                        new JsonObject { ["name"] = "stdout", ["output_type"] = "stream", ["text"] = output },
                        new JsonObject { ["data"] = new JsonObject { ["text/plain"] = Split(output, cuts), ["a/b"] = source }, ["metadata"] = new JsonObject(), ["output_type"] = "display_data" }),
                    ["source"] = Split(source, cuts), ["x" + source] = new JsonArray(source, 1, null),
                });
            }

            var json = new JsonObject { ["cells"] = list, ["metadata"] = new JsonObject { ["k"] = 1.5 }, ["nbformat"] = 4, ["nbformat_minor"] = 5, ["z"] = "q" };
            string first = Text(Ipynb.Read(Encoding.UTF8.GetBytes(json.ToJsonString()), "x.ipynb"));
            Assert.True(JsonNode.DeepEquals(Joined(json), Joined(JsonNode.Parse(first)!)));
            Assert.Equal(first, Text(Ipynb.Read(Encoding.UTF8.GetBytes(first), "x.ipynb")));
        }, iter: 300);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    public void Older_minor_versions_get_the_same_unique_identifiers_each_time(int minor)
    {
        string json = $$"""{"cells":[{"cell_type":"markdown","metadata":{},"source":"a"},{"cell_type":"markdown","metadata":{},"source":"a"}],"metadata":{},"nbformat":4,"nbformat_minor":{{minor}}}""";
        string[] Ids() => [.. Ipynb.Read(Encoding.UTF8.GetBytes(json), "x.ipynb").Cells.Select(cell => cell.Id)];
        Assert.Equal(Ids(), Ids());
        Assert.Equal(2, Ids().Distinct(StringComparer.Ordinal).Count());
        Assert.All(Ids(), id => Assert.Matches("^[0-9a-f]{8}$", id));
        Assert.Contains("\"nbformat_minor\": 5", Text(Ipynb.Read(Encoding.UTF8.GetBytes(json), "x.ipynb")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("hello", "line 1, column 1")]
    [InlineData("[]", "JSON object")]
    [InlineData("{}", "nbformat")]
    [InlineData("{\"nbformat\": 3, \"nbformat_minor\": 0, \"worksheets\": []}", "nbconvert")]
    [InlineData("{\"nbformat\": 5, \"metadata\": {}, \"cells\": []}", "format 4")]
    [InlineData("{\"nbformat\": \"4\"}", "nbformat must be a whole number")]
    [InlineData("{\"nbformat\": 4, \"metadata\": [], \"cells\": []}", "metadata must be an object")]
    [InlineData("{\"nbformat\": 4, \"metadata\": {}}", "cells must be a list")]
    [InlineData("{\"nbformat\": 4,\n\"metadata\": {\"a\": \"\\ud800\"}, \"cells\": []}", "line 2")]
    [InlineData("{\"nbformat\": 4, \"nbformat\": 4, \"metadata\": {}, \"cells\": []}", "nbformat")]
    [InlineData("{\"nbformat\": 4, \"metadata\": {}, \"cells\": [{\"cell_type\": \"heading\"}]}", "cells[0].cell_type")]
    public void A_file_that_is_no_notebook_gets_one_error_that_says_what_and_where(string json, string expected)
    {
        var error = Assert.Throws<DocumentException>(() => Ipynb.Read(Encoding.UTF8.GetBytes(json), "dir/x.ipynb"));
        Assert.StartsWith("dir/x.ipynb: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Deep_nesting_is_an_error_and_not_a_stack_overflow()
    {
        string json = $"{{\"nbformat\":4,\"metadata\":{{\"a\":{new string('[', 100_000)}{new string(']', 100_000)}}},\"cells\":[]}}";
        Assert.Throws<DocumentException>(() => Ipynb.Read(Encoding.UTF8.GetBytes(json), "x.ipynb"));
    }

    [Fact]
    public void Every_truncation_and_every_byte_changed_reads_or_gives_the_documented_error()
    {
        byte[] bytes = Encoding.UTF8.GetBytes(Written);
        for (int length = 0; length < bytes.Length - 2; length++)
        {
            Assert.Throws<DocumentException>(() => Ipynb.Read(bytes.AsSpan(0, length), "x.ipynb"));
        }

        Gen.Select(Gen.Int[0, bytes.Length - 1], Gen.Byte).Sample((at, value) =>
        {
            byte[] changed = [.. bytes];
            changed[at] = value;
            ReadsOrFailsCleanly(changed);
        }, iter: 400);
    }

    [Fact]
    public void Every_value_replaced_by_another_type_reads_or_gives_the_documented_error()
    {
        int places = Places(JsonNode.Parse(Written)!).Count;
        string[] others = ["null", "1", "-1", "1.5", "\"text\"", "[]", "{}", "[1]", "{\"a\":1}", "true", "[\"a\",null]"];
        for (int i = 0; i < places; i++)
        {
            foreach (string other in others)
            {
                JsonNode root = JsonNode.Parse(Written)!;
                (JsonNode parent, string? key, int index) = Places(root)[i];
                if (parent is JsonObject owner)
                {
                    owner[key!] = JsonNode.Parse(other);
                }
                else
                {
                    ((JsonArray)parent)[index] = JsonNode.Parse(other);
                }

                ReadsOrFailsCleanly(Encoding.UTF8.GetBytes(root.ToJsonString()));
            }
        }
    }

    [Fact]
    public void Fifty_megabytes_of_output_survive()
    {
        string text = string.Concat(Enumerable.Repeat(new string('x', 99) + "\n", 500_000));
        var document = new NotebookDocument();
        document.Add(CellKind.Code, "1").Outputs.Add(CellOutput.Stream("stdout", text));
        NotebookDocument again = Ipynb.Read(Encoding.UTF8.GetBytes(Text(document)), "x.ipynb");
        Assert.True(again.Cells[0].Outputs[0].Text == text);
    }

    internal static string Text(NotebookDocument document)
    {
        using var writer = new StringWriter();
        Ipynb.Write(document, writer);
        return writer.ToString();
    }

    private static void ReadsOrFailsCleanly(byte[] bytes)
    {
        try
        {
            NotebookDocument document = Ipynb.Read(bytes, "x.ipynb");
            _ = Text(document); // what reads can be written
            _ = HtmlExporter.Export(document, "x");
        }
        catch (DocumentException error)
        {
            Assert.StartsWith("x.ipynb: ", error.Message, StringComparison.Ordinal);
        }
    }

    private static List<(JsonNode Parent, string? Key, int Index)> Places(JsonNode node)
    {
        var places = new List<(JsonNode, string?, int)>();
        if (node is JsonObject json)
        {
            foreach ((string key, JsonNode? value) in json)
            {
                places.Add((json, key, 0));
                places.AddRange(value is null ? [] : Places(value));
            }
        }
        else if (node is JsonArray array)
        {
            for (int i = 0; i < array.Count; i++)
            {
                places.Add((array, null, i));
                places.AddRange(array[i] is { } value ? Places(value) : []);
            }
        }

        return places;
    }

    private static JsonArray Split(string text, int[] cuts)
    {
        int[] at = [0, .. cuts.Where(cut => cut < text.Length && !char.IsLowSurrogate(text[cut])).Order(), text.Length];
        return [.. Enumerable.Range(0, at.Length - 1).Select(i => (JsonNode)text[at[i]..at[i + 1]])];
    }

    /// <summary>The notebook with every list of strings that stands for a text joined.</summary>
    private static JsonNode Joined(JsonNode node)
    {
        JsonNode copy = node.DeepClone();
        foreach (JsonNode? cell in copy["cells"]!.AsArray())
        {
            cell!["source"] = Join(cell["source"]);
            foreach (JsonNode? output in cell["outputs"]?.AsArray() ?? [])
            {
                if (output!["text"] is { } text)
                {
                    output["text"] = Join(text);
                }

                foreach (string mime in (output["data"] as JsonObject ?? []).Select(pair => pair.Key).ToArray())
                {
                    output["data"]![mime] = Join(output["data"]![mime]);
                }
            }
        }

        return copy;
    }

    private static string Join(JsonNode? node) => node is JsonArray lines ? string.Concat(lines.Select(line => (string?)line)) : (string?)node ?? "";
}
