using static TorchSharp.torch;

namespace ArKernel.Codecs;

/// <summary>
/// Groups the codes of a codebook by k-means, so that a coarse token names a group and a fine one the code in it (CTF, "Improving Autoregressive Image
/// Generation through Coarse-to-Fine Token Prediction", 2025).
/// </summary>
public sealed class CodebookClustering
{
    private readonly int[] coarseOf;

    private CodebookClustering(int[] coarseOf, int clusters, IReadOnlyList<double> inertias)
    {
        (this.coarseOf, ClusterCount, Inertias) = (coarseOf, clusters, inertias);
    }

    /// <summary>The number of clusters (M).</summary>
    public int ClusterCount { get; }

    /// <summary>The cluster of every code (g).</summary>
    public IReadOnlyList<int> CoarseOf => coarseOf;

    /// <summary>The sum of squared distances of the codes to the centres of their clusters, after every iteration; empty where there are no centres.</summary>
    public IReadOnlyList<double> Inertias { get; }

    /// <summary>Clusters by k-means (Lloyd's iterations from k-means++ centres: Arthur and Vassilvitskii 2007), in float64, until nothing changes.</summary>
    /// <param name="codes">[size, channels]: the codes as the decoder sees them, such as <see cref="Codebook.Codes"/>.</param>
    /// <param name="clusters">The number of clusters (M), 1 to the number of codes.</param>
    /// <param name="iterations">The most iterations to make.</param>
    /// <param name="seed">Determines the first centres.</param>
    /// <exception cref="ArgumentException">The codes are no matrix, or not finite.</exception>
    public static CodebookClustering Fit(Tensor codes, int clusters, int iterations = 300, int seed = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(iterations, 1);
        double[][] points = Points(codes);
        if (clusters < 1 || clusters > points.Length)
        {
            throw new ArgumentOutOfRangeException(nameof(clusters), clusters, $"There must be 1 to {points.Length} clusters, as there are {points.Length} codes.");
        }

        double[][] centres = FirstCentres(points, clusters, new Random(seed));
        int[] nearest = new int[points.Length];
        double[] distances = new double[points.Length];
        List<double> inertias = [];
        for (int iteration = 0; iteration < iterations; iteration++)
        {
            bool changed = Assign(points, centres, nearest, distances) || iteration == 0;
            inertias.Add(distances.Sum());
            if (!changed)
            {
                break;
            }

            centres = Means(points, nearest, distances, clusters);
        }

        return new CodebookClustering(nearest, clusters, inertias);
    }

    /// <summary>Clusters of the same sizes with members drawn at random: what k-means is to be compared with.</summary>
    /// <param name="seed">Determines the draw.</param>
    public CodebookClustering Shuffle(int seed)
    {
        int[] shuffled = [.. coarseOf];
        new Random(seed).Shuffle(shuffled);
        return new CodebookClustering(shuffled, ClusterCount, []);
    }

    /// <summary>The coarse tokens of fine ones.</summary>
    /// <param name="tokens">[...] int64.</param>
    /// <returns>[...] int64.</returns>
    public Tensor Coarse(Tensor tokens)
    {
        Backbones.TokenEmbedding.Check(tokens, coarseOf.Length, nameof(CodebookClustering));
        using Tensor table = Table(tokens.device);
        return table.index_select(0, tokens.flatten()).view(tokens.shape);
    }

    /// <summary>Which fine tokens a coarse one leaves possible.</summary>
    /// <param name="coarse">[...] int64.</param>
    /// <returns>[..., size] bool; true for the members of the cluster.</returns>
    public Tensor Support(Tensor coarse)
    {
        Backbones.TokenEmbedding.Check(coarse, ClusterCount, nameof(CodebookClustering));
        using Tensor table = Table(coarse.device);
        using Tensor column = coarse.unsqueeze(-1);
        return column.eq(table);
    }

    private Tensor Table(Device device) => tensor(Array.ConvertAll(coarseOf, cluster => (long)cluster), device: device);

    private static double[][] Points(Tensor codes)
    {
        if (codes.dim() != 2 || codes.shape[0] == 0)
        {
            throw new ArgumentException($"CodebookClustering: the codes are [{string.Join(", ", codes.shape)}]; they must be [size, channels].", nameof(codes));
        }

        using Tensor contiguous = codes.detach().to(ScalarType.Float64).cpu().contiguous();
        double[] flat = contiguous.data<double>().ToArray();
        int channels = (int)codes.shape[1];
        return flat.All(double.IsFinite)
            ? [.. flat.Chunk(channels)]
            : throw new ArgumentException("CodebookClustering: a code is not finite.", nameof(codes));
    }

    /// <summary>k-means++: each centre is a point drawn in proportion to its squared distance to the centres before.</summary>
    private static double[][] FirstCentres(double[][] points, int clusters, Random random)
    {
        List<double[]> centres = [points[random.Next(points.Length)]];
        double[] distances = Array.ConvertAll(points, point => Squared(point, centres[0]));
        while (centres.Count < clusters)
        {
            double left = random.NextDouble() * distances.Sum();
            int chosen = 0;
            for (int i = 0; i < points.Length; i++)
            {
                if (distances[i] > 0)
                {
                    chosen = i; // never a point that is a centre already, unless all are
                    left -= distances[i];
                    if (left < 0)
                    {
                        break;
                    }
                }
            }

            centres.Add(points[chosen]);
            for (int i = 0; i < points.Length; i++)
            {
                distances[i] = Math.Min(distances[i], Squared(points[i], points[chosen]));
            }
        }

        return [.. centres];
    }

    private static bool Assign(double[][] points, double[][] centres, int[] nearest, double[] distances)
    {
        bool changed = false;
        for (int i = 0; i < points.Length; i++)
        {
            int best = nearest[i]; // stays where it is unless another is nearer, so that ties end
            double least = Squared(points[i], centres[best]);
            for (int cluster = 0; cluster < centres.Length; cluster++)
            {
                double distance = Squared(points[i], centres[cluster]);
                if (distance < least)
                {
                    (best, least) = (cluster, distance);
                }
            }

            changed |= best != nearest[i];
            (nearest[i], distances[i]) = (best, least);
        }

        return changed;
    }

    private static double[][] Means(double[][] points, int[] nearest, double[] distances, int clusters)
    {
        int channels = points[0].Length;
        double[][] means = [.. Enumerable.Range(0, clusters).Select(_ => new double[channels])];
        int[] counts = new int[clusters];
        for (int i = 0; i < points.Length; i++)
        {
            counts[nearest[i]]++;
            for (int channel = 0; channel < channels; channel++)
            {
                means[nearest[i]][channel] += points[i][channel];
            }
        }

        for (int cluster = 0; cluster < clusters; cluster++)
        {
            if (counts[cluster] == 0)
            {
                // An empty cluster takes the point that is farthest from its centre, which can only lower the inertia.
                int farthest = Array.IndexOf(distances, distances.Max());
                means[cluster] = [.. points[farthest]];
                distances[farthest] = 0;
                continue;
            }

            for (int channel = 0; channel < channels; channel++)
            {
                means[cluster][channel] /= counts[cluster];
            }
        }

        return means;
    }

    private static double Squared(double[] a, double[] b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
        {
            double difference = a[i] - b[i];
            sum += difference * difference;
        }

        return sum;
    }
}
