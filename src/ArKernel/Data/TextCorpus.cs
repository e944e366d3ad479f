using System.IO.Compression;
using System.Text;

namespace ArKernel.Data;

/// <summary>A text, split into a part to learn from and a later part to be judged on; the two share no character.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Training">The first part.</param>
/// <param name="Validation">The rest.</param>
public sealed record TextCorpus(string Name, string Training, string Validation)
{
    /// <summary>Herman Melville's novel of 1851, in the public domain: 1.19 million characters.</summary>
    /// <param name="validationFraction">The fraction of the text that is held out at its end.</param>
    public static TextCorpus MobyDick(double validationFraction = 0.1) => Read(DataFolder.Find("moby-dick.txt.gz"), validationFraction);

    /// <summary>Reads a UTF-8 text file; one that ends in <c>.gz</c> is decompressed.</summary>
    /// <param name="path">The file.</param>
    /// <param name="validationFraction">The fraction of the text that is held out at its end.</param>
    /// <exception cref="InvalidDataException">The file is not UTF-8 text, or not gzip though its name says so.</exception>
    public static TextCorpus Read(string path, double validationFraction = 0.1)
    {
        if (validationFraction is not (>= 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(validationFraction), validationFraction, "The validation fraction must be in [0, 1).");
        }

        using FileStream file = File.OpenRead(path);
        using Stream stream = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new GZipStream(file, CompressionMode.Decompress) : file;
        using var reader = new StreamReader(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true));
        string text;
        try
        {
            text = reader.ReadToEnd();
        }
        catch (DecoderFallbackException exception)
        {
            throw new InvalidDataException($"'{path}' is not UTF-8 text: {exception.Message}", exception);
        }

        int cut = (int)Math.Round(text.Length * (1 - validationFraction));
        if (cut > 0 && cut < text.Length && char.IsLowSurrogate(text[cut]))
        {
            cut++; // a character outside the basic plane stays whole
        }

        return new TextCorpus(Path.GetFileName(path), text[..cut], text[cut..]);
    }
}
