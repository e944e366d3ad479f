using System.Text;
using System.Text.Json.Nodes;
using ArKernel.Notebooks.Jupyter;
using CsCheck;

namespace ArKernel.Notebooks.Tests.Jupyter;

public sealed class MessageFormatTests
{
    private static readonly Gen<byte[][]> Frames = Gen.Byte.Array[0, 20].Array[0, 3];

    [Fact]
    public void Every_message_survives_the_wire()
    {
        Gen.Select(Gen.String, Gen.Int, Frames, Frames).Sample((text, number, identities, buffers) =>
        {
            text = string.Concat(text.EnumerateRunes()); // .NET writes half a pair as the replacement character, and so does this
            JupyterMessage sent = JupyterMessage.Create("execute_request", new JsonObject { ["code"] = text, ["n"] = new JsonArray(number, null, true) }, "s") with
            {
                Identities = identities, Buffers = buffers, Metadata = new JsonObject { ["cellId"] = text },
            };
            JupyterMessage got = new MessageFormat("key").Decode(new MessageFormat("key").Encode(sent));
            Assert.True(JsonNode.DeepEquals(sent.Header, got.Header));
            Assert.Equal(text, (string?)got.Content["code"]);
            Assert.Equal(text, (string?)got.Metadata["cellId"]);
            Assert.True(JsonNode.DeepEquals(sent.Content["n"], got.Content["n"]));
            Assert.Equal(identities, got.Identities);
            Assert.Equal(buffers, got.Buffers);
        });
    }

    [Fact]
    public void A_changed_byte_anywhere_in_what_is_signed_is_noticed()
    {
        Gen.Select(Gen.Int[1, 5], Gen.Int[0, 1000], Gen.Byte[1, 255]).Sample((frame, position, change) =>
        {
            List<byte[]> frames = [.. new MessageFormat("key").Encode(Request())];
            frames[frame] = [.. frames[frame]];
            if (frames[frame].Length > 0)
            {
                frames[frame][position % frames[frame].Length] ^= change;
                Assert.Contains("signature is wrong", Refusal("key", frames), StringComparison.Ordinal);
            }
        });
    }

    [Fact]
    public void Any_frames_give_a_message_or_a_reason_and_nothing_else()
    {
        Gen<byte[]> part = Gen.OneOf(Gen.Byte.Array[0, 30], Gen.OneOf("{}", "[]", "null", "{\"msg_id\":\"1\",\"msg_type\":\"a\"}", "{\"msg_id\":\"\\ud800\",\"msg_type\":\"a\"}", "{\"a\":1,\"a\":2}", "{\"a\":", new string('[', 500), "<IDS|MSG>", "").Select(Encoding.UTF8.GetBytes));
        part.Array[0, 9].Sample(frames =>
        {
            try
            {
                JupyterMessage message = new MessageFormat("").Decode([Encoding.ASCII.GetBytes("<IDS|MSG>"), .. frames]);
                new MessageFormat("key").Encode(message); // what was taken can be sent on
            }
            catch (MessageFormatException exception)
            {
                Assert.NotEmpty(exception.Message);
            }
        });
    }

    [Fact]
    public void A_message_is_taken_once()
    {
        MessageFormat format = new("key");
        IReadOnlyList<byte[]> frames = format.Encode(Request());
        format.Decode(frames);
        Assert.Equal("it was received before", Assert.Throws<MessageFormatException>(() => format.Decode(frames)).Message);
        format.Decode(format.Encode(Request()));
    }

    [Fact]
    public void What_is_unsigned_cut_short_too_large_or_no_Unicode_is_refused_with_its_reason()
    {
        IReadOnlyList<byte[]> good = new MessageFormat("key").Encode(Request());
        Assert.Equal("it is not signed", Refusal("key", [good[0], [], .. good.Skip(2)]));
        Assert.Equal("its signature is wrong", Refusal("other", good));
        for (int length = 1; length < good.Count; length++)
        {
            Assert.Equal("it is cut short", Refusal("key", [.. good.Take(length)]));
        }

        Assert.Equal("it has no delimiter", Refusal("key", []));
        byte[] large = new byte[MessageFormat.LargestMessage / 4];
        Assert.Contains("larger than", Refusal("key", [.. good, large, large, large, large]), StringComparison.Ordinal);
        byte[] header = good[2];
        Assert.Equal("its content is no JSON", Refusal("", [good[0], [], header, .. good.Skip(3).Take(2), Encoding.UTF8.GetBytes("{\"code\":[{\"a\":\"\\ud800\"}]}")]));
        Assert.Equal("its content is no JSON", Refusal("", [good[0], [], header, .. good.Skip(3).Take(2), [.. "{\"code\":\""u8, 0xC3, 0x28, .. "\"}"u8]]));
    }

    [Fact]
    public void Positions_in_code_points_and_in_UTF_16_are_each_others_inverse()
    {
        Gen.OneOf("a", "é", "😀", "\n", "𝒳").Array[0, 20].Sample(parts =>
        {
            string text = string.Concat(parts);
            for (int i = 0; i <= parts.Length; i++)
            {
                int offset = string.Concat(parts.Take(i)).Length;
                Assert.Equal(offset, CodePoints.ToUtf16(text, i));
                Assert.Equal(i, CodePoints.FromUtf16(text, offset));
            }
        });
    }

    private static JupyterMessage Request() => JupyterMessage.Create("kernel_info_request", [], "s");

    private static string Refusal(string key, IReadOnlyList<byte[]> frames) => Assert.Throws<MessageFormatException>(() => new MessageFormat(key).Decode(frames)).Message;
}
