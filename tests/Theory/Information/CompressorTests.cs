using ArKernel.Theory.Information;
using CsCheck;

namespace ArKernel.Theory.Tests.Information;

public sealed class CompressorTests
{
    [Fact]
    public void Any_sequence_comes_back_within_32_bits_of_its_models_length() =>
        Gen.Select(Gen.Int[2, 300], Gen.Int[0, 5]).SelectMany((alphabet, depth) => Gen.Int[0, alphabet - 1].Array[0, 400].Select(symbols => (alphabet, depth, symbols))).Sample(given =>
        {
            Symbols symbols = new(given.symbols, given.alphabet);
            CompressedSequence compressed = ContextTreeCompressor.Compress(symbols, given.depth);
            Assert.Equal(symbols.Span, ContextTreeCompressor.Decompress(compressed).Span);
            Assert.InRange(8 * compressed.Bytes.Length, compressed.ModelBits, compressed.ModelBits + 32);
        }, iter: 150);

    [Fact]
    public void A_long_source_is_compressed_to_its_entropy_rate()
    {
        // A binary chain that changes with probability 0.1: h(0.1) = 0.468996 bits a symbol.
        var random = new Random(1);
        int[] symbols = new int[200_000];
        for (int t = 1; t < symbols.Length; t++)
        {
            symbols[t] = random.NextDouble() < 0.1 ? 1 - symbols[t - 1] : symbols[t - 1];
        }

        CompressedSequence compressed = ContextTreeCompressor.Compress(symbols, 6);
        Assert.Equal(0.468996, compressed.BitsPerSymbol, 0.01);
        Assert.InRange(8 * compressed.Bytes.Length, compressed.ModelBits, compressed.ModelBits + 32);
        Assert.Equal(symbols, ContextTreeCompressor.Decompress(compressed).Span);
        CurveChart chart = Assert.IsType<CurveChart>(Assert.Single(compressed.Charts));
        Assert.Equal(compressed.ModelBits / symbols.Length, chart.Curves[0].Y.Average(), 1e-9);
    }

    [Fact]
    public void Random_bits_cost_a_bit_each_and_certain_ones_nothing()
    {
        var random = new Random(2);
        int[] coins = [.. Enumerable.Range(0, 20_000).Select(_ => random.Next(2))];
        Assert.InRange(ContextTreeCompressor.Compress(coins, 0).BitsPerSymbol, 0.999, 1.003);
        Assert.InRange(ContextTreeCompressor.Compress(new Symbols(new int[20_000], 2), 3).Bytes.Length, 3, 8);
    }

    [Fact]
    public void Text_is_compressed_and_read_back()
    {
        string text = string.Concat(Enumerable.Range(0, 300).Select(i => $"the cat number {i % 7} sat on mat {i % 5}; "));
        Symbols symbols = text;
        CompressedSequence compressed = ContextTreeCompressor.Compress(symbols, 8, 0.05);
        Assert.InRange(compressed.BitsPerSymbol, 0, 0.6);
        Assert.Equal(symbols.Span, ContextTreeCompressor.Decompress(compressed).Span);
    }

    [Fact]
    public void Every_truncation_is_a_fault()
    {
        var random = new Random(3);
        foreach (int length in (int[])[1, 10, 100, 2000])
        {
            int[] symbols = [.. Enumerable.Range(0, length).Select(_ => random.Next(3))];
            CompressedSequence compressed = ContextTreeCompressor.Compress(new Symbols(symbols, 3), 2);
            for (int kept = 0; kept < compressed.Bytes.Length; kept++)
            {
                byte[] part = compressed.Bytes[..kept];
                Assert.Throws<DamagedStreamException>(() => ContextTreeCompressor.Decompress(part, length, 3, 2));
            }

            Assert.Contains("was cut short or changed", Assert.Throws<DamagedStreamException>(() => ContextTreeCompressor.Decompress([.. compressed.Bytes, 0], length, 3, 2)).Remedy, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_changed_byte_is_found_as_often_as_twelve_bits_can()
    {
        var random = new Random(4);
        int[] symbols = [.. Enumerable.Range(0, 1000).Select(_ => random.Next(4))];
        CompressedSequence compressed = ContextTreeCompressor.Compress(new Symbols(symbols, 4), 2);
        int missed = 0;
        for (int i = 0; i < compressed.Bytes.Length; i++)
        {
            byte[] changed = [.. compressed.Bytes];
            changed[i] ^= (byte)(1 << random.Next(8));
            try
            {
                // A flip in the last byte's unused bits may still say the same.
                missed += ContextTreeCompressor.Decompress(changed, 1000, 4, 2).Span.SequenceEqual(symbols) ? 0 : 1;
            }
            catch (DamagedStreamException)
            {
                // found
            }
        }

        Assert.InRange(missed, 0, 1);
        Assert.Contains("version", Assert.Throws<DamagedStreamException>(() => ContextTreeCompressor.Decompress([0xf0, 0, 0], 1, 2, 0)).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void The_range_coder_is_within_nine_bits_of_any_frequencies() =>
        Gen.Select(Gen.Int[1, 100_000].Array[1, 40], Gen.Int[0, 1_000_000].Array[0, 200]).Sample((frequencies, draws) =>
        {
            ulong[] cumulative = new ulong[frequencies.Length + 1];
            for (int i = 0; i < frequencies.Length; i++)
            {
                cumulative[i + 1] = cumulative[i] + (ulong)frequencies[i];
            }

            int[] symbols = [.. draws.Select(draw => draw % frequencies.Length)];
            RangeEncoder encoder = new();
            double bits = 0;
            foreach (int symbol in symbols)
            {
                encoder.Encode(cumulative[symbol], (ulong)frequencies[symbol], cumulative[^1]);
                bits += Math.Log2(cumulative[^1] / (double)frequencies[symbol]);
            }

            byte[] code = encoder.Finish();
            Assert.InRange(8 * code.Length, bits, bits + 9.001);
            RangeDecoder decoder = new(code);
            foreach (int symbol in symbols)
            {
                ulong target = decoder.Target(cumulative[^1]);
                Assert.InRange(target, cumulative[symbol], cumulative[symbol + 1] - 1);
                decoder.Consume(cumulative[symbol], (ulong)frequencies[symbol], cumulative[^1]);
            }

            decoder.Finish();
        }, iter: 300);

    [Fact]
    public void A_carry_runs_through_bytes_of_ones()
    {
        // Many symbols at the very top of the scale push the code to 0xff…; one at the edge then carries.
        RangeEncoder encoder = new();
        int[] symbols = [.. Enumerable.Repeat(1, 4000), 0, .. Enumerable.Repeat(1, 50)];
        foreach (int symbol in symbols)
        {
            encoder.Encode(symbol == 0 ? 0 : 1u, symbol == 0 ? 1 : 999u, 1000);
        }

        RangeDecoder decoder = new(encoder.Finish());
        foreach (int symbol in symbols)
        {
            Assert.Equal(symbol, decoder.Target(1000) == 0 ? 0 : 1);
            decoder.Consume(symbol == 0 ? 0 : 1u, symbol == 0 ? 1 : 999u, 1000);
        }

        decoder.Finish();
        Assert.Throws<ArgumentException>(() => new RangeEncoder().Encode(0, 0, 10));
        Assert.Throws<ArgumentException>(() => new RangeEncoder().Encode(9, 2, 10));
    }
}
