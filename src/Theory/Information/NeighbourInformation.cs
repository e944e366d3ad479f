using MathNet.Numerics;

namespace ArKernel.Theory.Information;

/// <summary>The two forms of the estimator of Kraskov, Stögbauer and Grassberger (2004, arXiv cond-mat/0305641).</summary>
public enum KraskovForm
{
    /// <summary>Eq. 8: one cube around each point; the smaller variance.</summary>
    First = 1,

    /// <summary>Eq. 9: a box whose sides fit each variable; the smaller bias in high dimensions.</summary>
    Second = 2,
}

/// <summary>Information from the distances to nearest neighbours. Every method gives each sample's share; their mean is the estimate, in nats.</summary>
internal static class NeighbourInformation
{
    private const int Chunk = 256;

    /// <summary>Kozachenko and Leonenko: ψ(N) − ψ(k) + d ⟨ln 2ε⟩.</summary>
    public static double[] Entropy(Samples samples, int neighbours)
    {
        Require(samples.Count, neighbours);
        (double[] values, double logScale) = Standardise(samples);
        KdTree tree = new(values, samples.Variables);
        double constant = SpecialFunctions.DiGamma(samples.Count) - SpecialFunctions.DiGamma(neighbours) + logScale;
        return ForEach(tree, neighbours, (place, found, distances) => constant + samples.Variables * Math.Log(2 * Radius(distances, tree.Order[place])));
    }

    /// <summary>Kraskov, Stögbauer and Grassberger's I(X;Y).</summary>
    public static double[] Mutual(Samples x, Samples y, int neighbours, KraskovForm form)
    {
        Samples joint = Samples.Join(x, y);
        Require(joint.Count, neighbours);
        (double[] values, _) = Standardise(joint);
        KdTree tree = new(values, joint.Variables);
        Marginal xs = new(values, joint.Variables, 0, x.Variables);
        Marginal ys = new(values, joint.Variables, x.Variables, y.Variables);
        double[] digamma = DigammaTable(joint.Count);
        double constant = digamma[neighbours] + digamma[joint.Count] - (form == KraskovForm.Second ? 1.0 / neighbours : 0);
        return ForEach(tree, neighbours, (place, found, distances) =>
        {
            int sample = tree.Order[place];
            double radius = Radius(distances, sample);
            if (form == KraskovForm.First)
            {
                return constant - digamma[xs.Count(sample, radius, closed: false)] - digamma[ys.Count(sample, radius, closed: false)];
            }

            ReadOnlySpan<double> centre = tree.Point(place);
            (double alongX, double alongY) = (0, 0);
            foreach (int neighbour in found)
            {
                ReadOnlySpan<double> point = tree.Point(neighbour);
                alongX = Math.Max(alongX, Distance(point, centre, 0, x.Variables));
                alongY = Math.Max(alongY, Distance(point, centre, x.Variables, y.Variables));
            }

            // The counts hold the sample itself, which eq. 9 leaves out.
            return constant - digamma[xs.Count(sample, alongX, closed: true) - 1] - digamma[ys.Count(sample, alongY, closed: true) - 1];
        });
    }

    /// <summary>Frenzel and Pompe's I(X;Y|Z) (2007, Phys. Rev. Lett. 99, 204101): ψ(k) − ⟨ψ(n_xz) + ψ(n_yz) − ψ(n_z)⟩, counts with the sample itself.</summary>
    public static double[] Conditional(Samples x, Samples y, Samples z, int neighbours)
    {
        Samples joint = Samples.Join(x, z, y); // z in the middle: it lies beside x and beside y
        Require(joint.Count, neighbours);
        (double[] values, _) = Standardise(joint);
        KdTree tree = new(values, joint.Variables);
        Marginal xz = new(values, joint.Variables, 0, x.Variables + z.Variables);
        Marginal zy = new(values, joint.Variables, x.Variables, z.Variables + y.Variables);
        Marginal zs = new(values, joint.Variables, x.Variables, z.Variables);
        double[] digamma = DigammaTable(joint.Count);
        return ForEach(tree, neighbours, (place, found, distances) =>
        {
            int sample = tree.Order[place];
            double radius = Radius(distances, sample);
            return digamma[neighbours] - digamma[xz.Count(sample, radius, closed: false)] - digamma[zy.Count(sample, radius, closed: false)] + digamma[zs.Count(sample, radius, closed: false)];
        });
    }

    private delegate double Share(int place, ReadOnlySpan<int> neighbours, ReadOnlySpan<double> distances);

    private static double[] ForEach(KdTree tree, int neighbours, Share share)
    {
        double[] shares = new double[tree.Order.Length];
        try
        {
            Parallel.For(0, (shares.Length + Chunk - 1) / Chunk, chunk =>
            {
                Span<int> found = stackalloc int[neighbours];
                Span<double> distances = stackalloc double[neighbours];
                for (int place = chunk * Chunk; place < Math.Min((chunk + 1) * Chunk, shares.Length); place++)
                {
                    tree.Nearest(place, found, distances);
                    shares[tree.Order[place]] = share(place, found, distances);
                }
            });
        }
        catch (AggregateException several)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(several.InnerExceptions[0]);
        }

        return shares;
    }

    private static double Radius(ReadOnlySpan<double> distances, int sample) => distances[^1] > 0 ? distances[^1]
        : throw new TiedSamplesException($"Sample {sample} is repeated {distances.Length} times or more, so its neighbours lie at distance 0.", "Use a discrete estimator, ask for more neighbours, or add noise far below the measurement's precision.");

    private static double Distance(ReadOnlySpan<double> a, ReadOnlySpan<double> b, int from, int count)
    {
        double distance = 0;
        for (int d = from; d < from + count; d++)
        {
            distance = Math.Max(distance, Math.Abs(a[d] - b[d]));
        }

        return distance;
    }

    private static void Require(int samples, int neighbours)
    {
        if (neighbours is < 1 or > 1000)
        {
            throw new ArgumentOutOfRangeException(nameof(neighbours), neighbours, "The neighbours must be 1 to 1000.");
        }

        if (samples <= neighbours)
        {
            throw new TooFewSamplesException($"{samples} samples have no {neighbours} neighbours each.", "Take more samples or fewer neighbours.");
        }
    }

    /// <summary>The samples in units of each variable's standard deviation, by row, and the sum of the logarithms of these units.</summary>
    private static (double[] Values, double LogScale) Standardise(Samples samples)
    {
        int variables = samples.Variables;
        double[] values = new double[samples.Count * variables];
        double logScale = 0;
        for (int j = 0; j < variables; j++)
        {
            double[] column = samples.Column(j);
            double mean = column.Average();
            double deviation = Math.Sqrt(column.Sum(value => (value - mean) * (value - mean)) / column.Length);
            if (!(deviation > 1e-14 * Math.Abs(mean)))
            {
                throw new TiedSamplesException($"'{samples.Names[j]}' is constant.", "Leave it out: a constant has no density.");
            }

            logScale += Math.Log(deviation);
            for (int i = 0; i < column.Length; i++)
            {
                values[i * variables + j] = (column[i] - mean) / deviation;
            }
        }

        return (values, logScale);
    }

    private static double[] DigammaTable(int largest)
    {
        double[] table = new double[largest + 1];
        table[0] = double.NaN;
        for (int n = 1; n <= largest; n++)
        {
            table[n] = n == 1 ? -Constants.EulerMascheroni : table[n - 1] + 1.0 / (n - 1);
        }

        return table;
    }

    /// <summary>Counts the samples that are near in some of the variables: in one variable by bisection, in more by a tree.</summary>
    private sealed class Marginal
    {
        private readonly double[] values; // by row
        private readonly int variables;
        private readonly double[]? sorted;
        private readonly KdTree? tree;

        public Marginal(double[] joint, int all, int from, int variables)
        {
            this.variables = variables;
            values = new double[joint.Length / all * variables];
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = joint[i / variables * all + from + i % variables];
            }

            if (variables == 1)
            {
                sorted = [.. values];
                Array.Sort(sorted);
            }
            else
            {
                tree = new KdTree(values, variables);
            }
        }

        /// <summary>The samples, this one included, closer than a radius, or as close when closed.</summary>
        public int Count(int sample, double radius, bool closed)
        {
            if (tree is not null)
            {
                return tree.Count(values.AsSpan(sample * variables, variables), radius, closed);
            }

            double centre = values[sample];
            double limit = closed ? Math.BitIncrement(radius) : radius;
            return First(centre, above: true, limit) - First(centre, above: false, limit);
        }

        /// <summary>The first index whose value lies within the limit of the centre, or above it. The distance itself is compared: centre ± radius would round.</summary>
        private int First(double centre, bool above, double limit)
        {
            (int low, int high) = (0, sorted!.Length);
            while (low < high)
            {
                int middle = (low + high) >>> 1;
                double distance = sorted[middle] - centre;
                bool before = above ? distance < limit : distance <= -limit;
                (low, high) = before ? (middle + 1, high) : (low, middle);
            }

            return low;
        }
    }
}
