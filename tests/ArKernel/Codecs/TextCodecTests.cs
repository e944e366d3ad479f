using System.Text;
using System.Text.RegularExpressions;
using ArKernel.Codecs;
using ArKernel.Data;
using CsCheck;
using static TorchSharp.torch;

namespace ArKernel.Tests.Codecs;

public sealed class TextCodecTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("arkernel-codec-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static readonly BytePairCodec Whale = BytePairCodec.Train("the white whale, the whale's white jaw; thé whále 12 121 1212\n\n  the end 🐋🐋🐋 the 🐋🐋", 300);

    /// <summary>Strings of letters, spaces, apostrophes, digits, emoji, combining marks, control characters and lone surrogates.</summary>
    private static readonly Gen<string> AnyText = Gen.OneOf(
        Gen.String[0, 40],
        Gen.OneOf(
            Gen.OneOf("the", " the", " whale", "'s", "'ll", "  ", "\n", "\t ", "12", "🐋", "👩‍👩‍👧", "é", "\u0301", "漢字", "\0", "\uFEFF", "\u00A0", "Ġ").Select(part => part),
            Gen.Char['\uD800', '\uDFFF'].Select(surrogate => surrogate.ToString()),
            Gen.Char.Select(character => character.ToString())).Array[0, 20].Select(string.Concat));

    private static byte[] BytesOf(TextCodec codec, int[] tokens) => [.. tokens.SelectMany(token => codec.BytesOf(token).ToArray())];

    [Fact]
    public void The_tokens_of_any_text_spell_its_UTF8_bytes_and_decode_to_it() =>
        AnyText.Sample(text =>
        {
            byte[] utf8 = Encoding.UTF8.GetBytes(text); // a lone surrogate becomes the replacement character
            foreach (TextCodec codec in (TextCodec[])[new ByteCodec(), Whale])
            {
                int[] tokens = codec.Encode(text);
                Assert.Equal(utf8, BytesOf(codec, tokens));
                Assert.Equal(Encoding.UTF8.GetString(utf8), codec.Decode(tokens));
                Assert.All(tokens, token => Assert.InRange(token, 0, codec.VocabularySize - 1));
            }
        });

    [Fact]
    public void Any_tokens_decode_to_some_text() =>
        Gen.Int[0, Whale.VocabularySize - 1].Array[0, 20].Sample(tokens => Assert.Equal(Encoding.UTF8.GetString(BytesOf(Whale, tokens)), Whale.Decode(tokens)));

    [Fact]
    public void A_tensor_decodes_like_its_tokens()
    {
        using Tensor tokens = tensor(new ByteCodec().Encode("whale 🐋"), ScalarType.Int64);
        Assert.Equal("whale 🐋", new ByteCodec().Decode(tokens));
        Assert.Equal("whale 🐋", new ByteCodec().Decode(tokens.unsqueeze(0)));
    }

    [Fact]
    public void A_token_outside_the_vocabulary_is_named()
    {
        Assert.Contains("tokens 0..255", Assert.Throws<ArgumentOutOfRangeException>(() => new ByteCodec().Decode([65, 256])).Message);
        Assert.Contains($"tokens 0..{Whale.VocabularySize - 1}", Assert.Throws<ArgumentOutOfRangeException>(() => Whale.Decode([-1])).Message);
    }

    /// <summary>The words of GPT-2's published pattern, by a second spelling of it.</summary>
    private static readonly Regex Words = new(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+", RegexOptions.None, TimeSpan.FromSeconds(5));

    private static List<List<int>> SymbolsOf(string text) => [.. Words.Matches(text).Select(word => Encoding.UTF8.GetBytes(word.Value).Select(value => (int)value).ToList())];

    private static void Replace(List<int> symbols, (int Left, int Right) pair, int merged)
    {
        for (int i = 0; i + 1 < symbols.Count; i++)
        {
            if (symbols[i] == pair.Left && symbols[i + 1] == pair.Right)
            {
                symbols[i] = merged;
                symbols.RemoveAt(i + 1);
            }
        }
    }

    /// <summary>Counts all pairs of the whole text again for every merge.</summary>
    private static List<(int Left, int Right)> NaiveMerges(string text, int count)
    {
        List<List<int>> words = SymbolsOf(text);
        var merges = new List<(int Left, int Right)>();
        while (merges.Count < count)
        {
            var best = words.SelectMany(word => word.Zip(word.Skip(1))).CountBy(pair => pair).Where(entry => entry.Value >= 2)
                .OrderByDescending(entry => entry.Value).ThenBy(entry => entry.Key.First).ThenBy(entry => entry.Key.Second).Take(1).ToList();
            if (best.Count == 0)
            {
                break;
            }

            (int, int) pair = best[0].Key;
            words.ForEach(word => Replace(word, pair, 256 + merges.Count));
            merges.Add(pair);
        }

        return merges;
    }

    private static readonly Gen<string> SmallText = Gen.OneOf(
        Gen.Char["ab "].Array[0, 60].Select(characters => new string(characters)),
        Gen.OneOf("a", "b", "aa", "ab", " ", "é", "🐋", "'s", "1").Array[0, 40].Select(string.Concat));

    [Fact]
    public void The_trainer_learns_the_merges_of_one_that_recounts_everything() =>
        Gen.Select(SmallText, Gen.Int[0, 20]).Sample((text, count) =>
        {
            List<(int Left, int Right)> naive = NaiveMerges(text, count);
            BytePairCodec codec = BytePairCodec.Train(text, 256 + count);
            Assert.Equal(256 + naive.Count, codec.VocabularySize);
            for (int i = 0; i < naive.Count; i++)
            {
                Assert.Equal([.. codec.BytesOf(naive[i].Left).Span, .. codec.BytesOf(naive[i].Right).Span], codec.BytesOf(256 + i).ToArray());
            }
        });

    [Fact]
    public void Encoding_applies_the_merges_in_the_sequence_they_were_learned() =>
        Gen.Select(SmallText, SmallText, Gen.Int[0, 20]).Sample((text, other, count) =>
        {
            BytePairCodec codec = BytePairCodec.Train(text, 256 + count);
            List<(int Left, int Right)> merges = NaiveMerges(text, count);
            List<List<int>> words = SymbolsOf(other);
            for (int i = 0; i < merges.Count; i++)
            {
                words.ForEach(word => Replace(word, merges[i], 256 + i));
            }

            Assert.Equal(words.SelectMany(word => word), codec.Encode(other));
        });

    [Fact]
    public void A_long_word_does_not_change_how_the_others_are_encoded() =>
        Gen.Select(SmallText, SmallText, Gen.Int[0, 20]).Sample((text, other, count) =>
        {
            // A run of 1001 digits sends a text down another path; "!" on both sides makes it a word of its own.
            BytePairCodec codec = BytePairCodec.Train(text, 256 + count);
            string digits = new('7', 1001);
            Assert.Equal([.. codec.Encode(other + "!"), .. Enumerable.Repeat((int)'7', 1001), .. codec.Encode("!" + other)], codec.Encode($"{other}!{digits}!{other}"));
        });

    [Fact]
    public void Words_of_a_hundred_thousand_letters_are_learned_and_encoded_in_no_time()
    {
        // Times are not asserted; with the square of the length in either place this test would take minutes.
        var random = new Random(1);
        string genome = new([.. Enumerable.Range(0, 100_000).Select(_ => "acgt"[random.Next(4)])]);
        BytePairCodec codec = BytePairCodec.Train(genome, 512);
        int[] tokens = codec.Encode(genome);
        Assert.Equal(512, codec.VocabularySize);
        Assert.InRange(tokens.Length, 100_000 / 5, 100_000 / 3); // 256 merges of four letters reach about four a token
        Assert.Equal(genome, codec.Decode(tokens));
        string start = genome[..3000];
        Assert.Equal(NaiveEncode(codec, genome, start), codec.Encode(start));
    }

    /// <summary>Applies every merge in turn to a whole word.</summary>
    private static List<int> NaiveEncode(BytePairCodec codec, string training, string word)
    {
        List<int> symbols = [.. Encoding.UTF8.GetBytes(word).Select(value => (int)value)];
        List<(int Left, int Right)> merges = BytePairTrainer.Learn(new Dictionary<string, int> { [training] = 1 }, codec.VocabularySize - 256);
        for (int i = 0; i < merges.Count; i++)
        {
            Replace(symbols, merges[i], 256 + i);
        }

        return symbols;
    }

    [Fact]
    public void A_saved_codec_gives_the_same_tokens()
    {
        Whale.Save(folder);
        BytePairCodec loaded = BytePairCodec.Load(folder);
        Assert.Equal(Whale.VocabularySize, loaded.VocabularySize);
        AnyText.Sample(text => Assert.Equal(Whale.Encode(text), loaded.Encode(text)));
        Assert.Equal(["merges.txt", "vocab.json"], Directory.GetFiles(folder).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void The_vocabulary_has_the_size_asked_for_and_never_less_than_the_bytes()
    {
        Assert.Equal(300, BytePairCodec.Train(string.Concat(Enumerable.Range(0, 500).Select(i => $" word{i % 50}")), 300).VocabularySize);
        Assert.Equal(256, BytePairCodec.Train("", 1000).VocabularySize);
        Assert.Throws<ArgumentOutOfRangeException>(() => BytePairCodec.Train("text", 255));
    }

    [Theory]
    [InlineData("nonsense", "", "not a JSON object")]
    [InlineData("{\"a\":0,\"b\":2}", "", "ids 0..n-1")]
    [InlineData("{\"a\":0,\"b\":0}", "", "ids 0..n-1")]
    [InlineData("{\"a\":0,\"b\":1}", "a b c\n", "a pair a line")]
    [InlineData("{\"a\":0,\"b\":1}", "", "lacks the token 'Ā'")]
    [InlineData("{\"a\":0,\"漢\":1}", "", "byte-level tokens")]
    [InlineData("null", "", "no vocabulary")]
    public void Files_that_are_no_codec_are_refused(string vocabulary, string merges, string expected)
    {
        File.WriteAllText(Path.Combine(folder, "vocab.json"), vocabulary);
        File.WriteAllText(Path.Combine(folder, "merges.txt"), merges);
        Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => BytePairCodec.Load(folder)).Message);
    }

    [Fact]
    public void A_merge_whose_token_is_missing_is_refused()
    {
        BytePairCodec.Train("", 256).Save(folder);
        File.AppendAllText(Path.Combine(folder, "merges.txt"), "a b\n");
        Assert.Contains("lacks the token 'ab'", Assert.Throws<InvalidDataException>(() => BytePairCodec.Load(folder)).Message);
    }

    [Fact]
    public void A_thousand_tokens_are_learned_from_a_novel_and_shorten_it()
    {
        TextCorpus novel = TextCorpus.MobyDick();
        BytePairCodec codec = BytePairCodec.Train(novel.Training, 1024);
        Assert.Equal(1024, codec.VocabularySize);
        int[] tokens = codec.Encode(novel.Validation);
        Assert.Equal(novel.Validation, codec.Decode(tokens));
        double bytesPerToken = (double)Encoding.UTF8.GetByteCount(novel.Validation) / tokens.Length;
        Assert.InRange(bytesPerToken, 2, 4);
        Assert.Contains(" whale", Enumerable.Range(256, 768).Select(token => codec.Decode([token])));
    }
}
