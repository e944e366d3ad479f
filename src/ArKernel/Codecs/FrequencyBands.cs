using static TorchSharp.torch;

namespace ArKernel.Codecs;

/// <summary>Where the edges between the frequency bands of a list of sides lie, as a share of the highest radial frequency.</summary>
public enum BandRule
{
    /// <summary>σ_k = s_k / s_K.</summary>
    SideProportional,

    /// <summary>σ_k = √(Σ_{j≤k} s_j² / Σ_j s_j²).</summary>
    AreaSquareRoot,

    /// <summary>σ_k = Σ_{j≤k} s_j² / Σ_j s_j², as NFIG reports it; on small maps it leaves low bands empty.</summary>
    AreaLinear,
}

/// <summary>
/// Splits maps into bands of radial frequency ρ(u, v) = √(u² + v²), one a side of a list: f_k = F⁻¹(F(f) ⊙ M_k) with M_k = 1[σ_{k−1} ≤ ρ &lt; σ_k], so
/// that Σ_k f_k = f (NFIG, "Next-Frequency Image Generation", 2025).
/// </summary>
public sealed class FrequencyBands
{
    private readonly int[] bandOf; // [height × width]

    /// <summary>Lays the bands out.</summary>
    /// <param name="height">Rows of a map.</param>
    /// <param name="width">Columns of a map.</param>
    /// <param name="sides">The sides, rising, one a band.</param>
    /// <param name="rule">Where the edges lie.</param>
    /// <param name="allowEmptyBands">Whether a band may hold no frequency at all.</param>
    /// <exception cref="ArgumentException">The sides do not rise, or a band is empty.</exception>
    public FrequencyBands(int height, int width, IReadOnlyList<int> sides, BandRule rule = BandRule.SideProportional, bool allowEmptyBands = false)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        if (sides.Count == 0 || sides[0] < 1 || sides.Zip(sides.Skip(1)).Any(pair => pair.Second < pair.First))
        {
            throw new ArgumentException($"FrequencyBands: the sides are {string.Join(", ", sides)}; they must be positive and not fall.", nameof(sides));
        }

        (Height, Width, Rule) = (height, width, rule);
        double[] edges = SquaredEdges(sides, rule);
        bandOf = new int[height * width];
        int[] counts = new int[sides.Count];
        for (int place = 0; place < bandOf.Length; place++)
        {
            long row = Frequency(place / width, height), column = Frequency(place % width, width);
            long squaredHeight = (long)height * height, squaredWidth = (long)width * width;

            // ρ² over that of the corner (½, ½). One division of whole numbers, as in the edges: equal fractions give equal numbers.
            double squared = 2.0 * (row * row * squaredWidth + column * column * squaredHeight) / (squaredHeight * squaredWidth);
            int band = Array.FindIndex(edges, edge => squared < edge);
            bandOf[place] = band < 0 ? sides.Count - 1 : band; // the last band is closed
            counts[bandOf[place]]++;
        }

        CoefficientCounts = counts;
        if (!allowEmptyBands && counts.Contains(0))
        {
            throw new ArgumentException(
                $"FrequencyBands: rule {rule} with sides {string.Join(", ", sides)} on {height}×{width} gives bands of {string.Join(", ", counts)} coefficients, " +
                $"so some are empty. Use {BandRule.SideProportional}, other sides, or allowEmptyBands.",
                nameof(rule));
        }
    }

    /// <summary>Rows of a map.</summary>
    public int Height { get; }

    /// <summary>Columns of a map.</summary>
    public int Width { get; }

    /// <summary>Where the edges lie.</summary>
    public BandRule Rule { get; }

    /// <summary>The number of Fourier coefficients of each band.</summary>
    public IReadOnlyList<int> CoefficientCounts { get; }

    /// <summary>The coefficients of a band.</summary>
    /// <param name="band">The band, from 0.</param>
    /// <returns>[height, width] float32, 1 or 0, in the sequence of the discrete Fourier transform.</returns>
    public Tensor Mask(int band)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(band);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(band, CoefficientCounts.Count);
        return tensor(Array.ConvertAll(bandOf, other => other == band ? 1f : 0f), [Height, Width]);
    }

    /// <summary>The bands of maps.</summary>
    /// <param name="map">[batch, channels, height, width].</param>
    /// <returns>A band: [batch, channels, height, width]; their sum is the map.</returns>
    public Tensor[] Split(Tensor map)
    {
        Check(map);
        using var scope = NewDisposeScope();
        Tensor spectrum = fft.fft2(map);
        return [.. Enumerable.Range(0, CoefficientCounts.Count)
            .Select(band => fft.ifft2(spectrum * Mask(band).to(map.device)).real.MoveToOuterDisposeScope())];
    }

    /// <summary>How the energy of maps is spread over the bands: Σ|F|²/(height · width), whose sum over the bands is that of the squared values.</summary>
    /// <param name="map">[batch, channels, height, width].</param>
    /// <returns>[batch, channels, bands].</returns>
    public Tensor Energy(Tensor map)
    {
        Check(map);
        using var scope = NewDisposeScope();
        Tensor power = fft.fft2(map).abs().square() / (Height * Width);
        Tensor[] bands = [.. Enumerable.Range(0, CoefficientCounts.Count).Select(band => (power * Mask(band).to(map.device)).sum([-2, -1]))];
        return stack(bands, -1).MoveToOuterDisposeScope();
    }

    private void Check(Tensor map)
    {
        if (map.dim() != 4 || map.shape[2] != Height || map.shape[3] != Width)
        {
            throw new ArgumentException($"FrequencyBands: the maps are [{string.Join(", ", map.shape)}]; they must be [batch, channels, {Height}, {Width}].");
        }
    }

    private static long Frequency(int index, int length) => index <= length / 2 ? index : index - length;

    private static double[] SquaredEdges(IReadOnlyList<int> sides, BandRule rule)
    {
        long total = sides.Sum(side => (long)side * side), sum = 0;
        long last = (long)sides[^1] * sides[^1];
        double[] edges = new double[sides.Count];
        for (int band = 0; band < edges.Length; band++)
        {
            long area = (long)sides[band] * sides[band];
            sum += area;
            edges[band] = rule switch
            {
                BandRule.SideProportional => (double)area / last,
                BandRule.AreaSquareRoot => (double)sum / total,
                _ => (double)sum * sum / ((double)total * total),
            };
        }

        return edges;
    }
}
