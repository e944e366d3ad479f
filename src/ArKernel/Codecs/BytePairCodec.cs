using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.ML.Tokenizers;

namespace ArKernel.Codecs;

/// <summary>
/// Byte-level byte-pair encoding (Sennrich et al. 2016; Radford et al. 2019): a token is a byte or a frequent pair of tokens inside a
/// word. Files are GPT-2's <c>vocab.json</c> and <c>merges.txt</c>.
/// </summary>
public sealed partial class BytePairCodec : TextCodec
{
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private const int LongWord = 1000; // characters; from here on the tokenizer's time grows with the square of the length

    private readonly BpeTokenizer tokenizer;
    private readonly Lazy<BytePairMerger> merger;
    private readonly string[] vocabulary; // a token in GPT-2's printable alphabet
    private readonly (string Left, string Right)[] merges;
    private readonly byte[][] bytes;

    private BytePairCodec(string[] vocabulary, (string Left, string Right)[] merges)
    {
        (this.vocabulary, this.merges) = (vocabulary, merges);
        bytes = [.. vocabulary.Select(token => token.Select(character => ByteAlphabet.ByteOf[character]).ToArray())];
        var options = new BpeOptions(vocabulary.Select((token, id) => KeyValuePair.Create(token, id)))
        {
            Merges = merges.Select(merge => $"{merge.Left} {merge.Right}"),
            ByteLevel = true,
            PreTokenizer = new RegexPreTokenizer(Words(), null),
        };
        tokenizer = BpeTokenizer.Create(options);
        merger = new Lazy<BytePairMerger>(NewMerger);
    }

    /// <inheritdoc/>
    public override int VocabularySize => vocabulary.Length;

    /// <summary>Learns the merges of a text: again and again the most frequent pair becomes a token.</summary>
    /// <param name="text">The text, which must be training data only.</param>
    /// <param name="vocabularySize">The number of tokens wanted, at least 256; fewer result when no pair occurs twice any more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The vocabulary is smaller than the 256 bytes.</exception>
    public static BytePairCodec Train(string text, int vocabularySize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabularySize, 256);
        List<(int Left, int Right)> learned = BytePairTrainer.Learn(CountWords(text), vocabularySize - 256);
        var tokens = new List<string>(Enumerable.Range(0, 256).Select(value => ByteAlphabet.CharacterOf[value].ToString()));
        foreach ((int left, int right) in learned)
        {
            tokens.Add(tokens[left] + tokens[right]);
        }

        return new BytePairCodec([.. tokens], [.. learned.Select(merge => (tokens[merge.Left], tokens[merge.Right]))]);
    }

    /// <summary>Reads a codec from GPT-2's two files.</summary>
    /// <param name="folder">The folder that holds <c>vocab.json</c> and <c>merges.txt</c>.</param>
    /// <exception cref="InvalidDataException">A file is not of that form.</exception>
    public static BytePairCodec Load(string folder)
    {
        string vocabularyFile = Path.Combine(folder, "vocab.json"), mergesFile = Path.Combine(folder, "merges.txt");
        try
        {
            Dictionary<string, int> ids = JsonSerializer.Deserialize<Dictionary<string, int>>(File.ReadAllText(vocabularyFile))
                ?? throw new InvalidDataException($"{vocabularyFile} holds no vocabulary.");
            string[] tokens = [.. ids.OrderBy(entry => entry.Value).Select(entry => entry.Key)];
            string[][] pairs = [.. File.ReadLines(mergesFile).Where(line => line.Length > 0 && !line.StartsWith("#version", StringComparison.Ordinal)).Select(line => line.Split(' '))];
            if (ids.Values.Order().Where((id, index) => id != index).Any() || pairs.Any(pair => pair.Length != 2)
                || tokens.Any(token => token.Any(character => !ByteAlphabet.ByteOf.ContainsKey(character))))
            {
                throw new InvalidDataException($"{folder}: vocab.json must map byte-level tokens to ids 0..n-1, merges.txt hold a pair a line.");
            }

            foreach (string needed in ByteAlphabet.CharacterOf.Select(character => character.ToString()).Concat(pairs.SelectMany(pair => (string[])[.. pair, pair[0] + pair[1]])))
            {
                if (!ids.ContainsKey(needed))
                {
                    throw new InvalidDataException($"{vocabularyFile} lacks the token '{needed}': it must hold all 256 bytes and all that {mergesFile} merges.");
                }
            }

            return new BytePairCodec(tokens, [.. pairs.Select(pair => (pair[0], pair[1]))]);
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{vocabularyFile} is not a JSON object of token ids: {error.Message}", error);
        }
    }

    /// <summary>Writes GPT-2's two files.</summary>
    /// <param name="folder">The folder, created where it is missing.</param>
    public void Save(string folder)
    {
        Directory.CreateDirectory(folder);
        Write("vocab.json", JsonSerializer.Serialize(vocabulary.Select((token, id) => KeyValuePair.Create(token, id)).ToDictionary(StringComparer.Ordinal), Readable));
        Write("merges.txt", "#version: 0.2\n" + string.Concat(merges.Select(merge => $"{merge.Left} {merge.Right}\n")));

        void Write(string name, string text)
        {
            string path = Path.Combine(folder, name), temporary = path + ".tmp";
            File.WriteAllText(temporary, text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
            File.Move(temporary, path, overwrite: true);
        }
    }

    /// <inheritdoc/>
    public override int[] Encode(string text)
    {
        // The tokenizer would spell half a surrogate pair in bytes that are not UTF-8; it becomes the replacement character here as everywhere.
        bool suspect = text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF');
        string valid = suspect ? Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)) : text;
        if (!BytePairMerger.HasRun(valid, LongWord))
        {
            return [.. tokenizer.EncodeToIds(valid)];
        }

        var tokens = new List<int>();
        foreach (ValueMatch word in Words().EnumerateMatches(valid))
        {
            merger.Value.Encode(Encoding.UTF8.GetBytes(valid, word.Index, word.Length), tokens);
        }

        return [.. tokens];
    }

    private BytePairMerger NewMerger()
    {
        Dictionary<string, int> ids = vocabulary.Select((token, id) => KeyValuePair.Create(token, id)).ToDictionary(StringComparer.Ordinal);
        var merged = new Dictionary<(int, int), (int, int)>();
        for (int rank = 0; rank < merges.Length; rank++)
        {
            (string left, string right) = merges[rank];
            merged.TryAdd((ids[left], ids[right]), (rank, ids[left + right]));
        }

        return new BytePairMerger([.. ByteAlphabet.CharacterOf.Select(character => ids[character.ToString()])], merged);
    }

    /// <inheritdoc/>
    public override ReadOnlyMemory<byte> BytesOf(int token) => (uint)token < (uint)bytes.Length
        ? bytes[token]
        : throw new ArgumentOutOfRangeException(nameof(token), token, $"This BytePairCodec has tokens 0..{bytes.Length - 1}.");

    private static Dictionary<string, int> CountWords(string text)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (ValueMatch match in Words().EnumerateMatches(text))
        {
            string word = text.Substring(match.Index, match.Length);
            counts[word] = counts.GetValueOrDefault(word) + 1;
        }

        return counts;
    }

    /// <summary>GPT-2's split into words with their leading space, so that no token spans two.</summary>
    [GeneratedRegex(@"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: -1)]
    private static partial Regex Words();
}

/// <summary>GPT-2's printable stand-in for every byte: printable Latin-1 stands for itself, the rest for U+0100 and up.</summary>
internal static class ByteAlphabet
{
    public static readonly char[] CharacterOf = Build();

    public static readonly Dictionary<char, byte> ByteOf = CharacterOf.Select((character, value) => (character, value)).ToDictionary(entry => entry.character, entry => (byte)entry.value);

    private static char[] Build()
    {
        var characters = new char[256];
        int next = 256;
        for (int value = 0; value < 256; value++)
        {
            bool printable = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
            characters[value] = printable ? (char)value : (char)next++;
        }

        return characters;
    }
}
