namespace ArKernel.Theory.Information;

/// <summary>
/// A k-d tree (Bentley 1975) in the largest-coordinate norm: medians split the longest side, nodes keep the tight box of their points, and
/// the points lie in the tree's order so that a leaf is contiguous. Queries allocate nothing and may run in parallel.
/// </summary>
internal sealed class KdTree
{
    private const int LeafSize = 12;

    private readonly int dimensions;
    private readonly double[] points; // in the tree's order
    private readonly double[] boxes;  // of each node the lower corner, then the upper
    private readonly int[] ends;      // of each node the index after its last point
    private readonly int[] starts;
    private readonly int firstLeaf;   // nodes form a complete binary tree: node i has the children 2i+1 and 2i+2

    /// <summary>Builds the tree.</summary>
    /// <param name="points">The points, by row.</param>
    /// <param name="dimensions">The coordinates of a point.</param>
    public KdTree(ReadOnlySpan<double> points, int dimensions)
    {
        this.dimensions = dimensions;
        int count = points.Length / dimensions;
        int levels = 0;
        while (count >> levels > LeafSize)
        {
            levels++;
        }

        firstLeaf = (1 << levels) - 1;
        int nodes = 2 * firstLeaf + 1;
        (starts, ends, boxes) = (new int[nodes], new int[nodes], new double[nodes * 2 * dimensions]);
        Order = [.. Enumerable.Range(0, count)];
        double[] keys = new double[count];
        Build(points, keys, 0, 0, count);
        this.points = new double[points.Length];
        for (int i = 0; i < count; i++)
        {
            points.Slice(Order[i] * dimensions, dimensions).CopyTo(this.points.AsSpan(i * dimensions));
        }
    }

    /// <summary>The index of each point before it was brought into the tree's order.</summary>
    public int[] Order { get; }

    /// <summary>The k nearest other points of a point of the tree, by their place in the tree's order, nearest first.</summary>
    /// <param name="self">The point's place in the tree's order.</param>
    /// <param name="neighbours">Receives the places.</param>
    /// <param name="distances">Receives the distances; as many.</param>
    public void Nearest(int self, Span<int> neighbours, Span<double> distances)
    {
        distances.Fill(double.PositiveInfinity);
        Nearest(0, Point(self), self, neighbours, distances);
    }

    /// <summary>The number of points closer to a place than a radius, or as close when <paramref name="closed"/>.</summary>
    public int Count(ReadOnlySpan<double> centre, double radius, bool closed) =>
        // The next larger number turns ≤ into <.
        Count(0, centre, closed ? Math.BitIncrement(radius) : radius);

    /// <summary>The coordinates of a point.</summary>
    /// <param name="place">Its place in the tree's order.</param>
    public ReadOnlySpan<double> Point(int place) => points.AsSpan(place * dimensions, dimensions);

    private void Build(ReadOnlySpan<double> source, double[] keys, int node, int start, int end)
    {
        (starts[node], ends[node]) = (start, end);
        Span<double> lower = boxes.AsSpan(node * 2 * dimensions, dimensions);
        Span<double> upper = boxes.AsSpan((node * 2 + 1) * dimensions, dimensions);
        lower.Fill(double.PositiveInfinity);
        upper.Fill(double.NegativeInfinity);
        for (int i = start; i < end; i++)
        {
            ReadOnlySpan<double> point = source.Slice(Order[i] * dimensions, dimensions);
            for (int d = 0; d < point.Length; d++)
            {
                lower[d] = Math.Min(lower[d], point[d]);
                upper[d] = Math.Max(upper[d], point[d]);
            }
        }

        if (node >= firstLeaf)
        {
            return;
        }

        int longest = 0;
        for (int d = 1; d < dimensions; d++)
        {
            longest = upper[d] - lower[d] > upper[longest] - lower[longest] ? d : longest;
        }

        for (int i = start; i < end; i++)
        {
            keys[i] = source[Order[i] * dimensions + longest];
        }

        int middle = (start + end) / 2;
        SelectMedian(keys, Order, start, end - 1, middle);
        Build(source, keys, 2 * node + 1, start, middle);
        Build(source, keys, 2 * node + 2, middle, end);
    }

    /// <summary>Brings the key of rank <paramref name="rank"/> to its place, smaller ones before it and larger ones after (Hoare 1961).</summary>
    private static void SelectMedian(double[] keys, int[] items, int left, int right, int rank)
    {
        while (left < right)
        {
            double pivot = keys[left + (right - left) / 2];
            int i = left;
            int j = right;
            while (i <= j)
            {
                while (keys[i] < pivot)
                {
                    i++;
                }

                while (keys[j] > pivot)
                {
                    j--;
                }

                if (i <= j)
                {
                    (keys[i], keys[j]) = (keys[j], keys[i]);
                    (items[i], items[j]) = (items[j], items[i]);
                    i++;
                    j--;
                }
            }

            if (rank <= j)
            {
                right = j;
            }
            else if (rank >= i)
            {
                left = i;
            }
            else
            {
                return;
            }
        }
    }

    private void Nearest(int node, ReadOnlySpan<double> centre, int self, Span<int> neighbours, Span<double> distances)
    {
        if (node >= firstLeaf)
        {
            double worst = distances[^1];
            ReadOnlySpan<double> leaf = points.AsSpan(starts[node] * dimensions, (ends[node] - starts[node]) * dimensions);
            for (int i = 0, place = starts[node]; i < leaf.Length; i += centre.Length, place++)
            {
                double distance = 0;
                for (int d = 0; d < centre.Length; d++)
                {
                    distance = Math.Max(distance, Math.Abs(leaf[i + d] - centre[d]));
                }

                if (distance < worst && place != self)
                {
                    int at = distances.Length - 1;
                    for (; at > 0 && distances[at - 1] > distance; at--)
                    {
                        distances[at] = distances[at - 1];
                        neighbours[at] = neighbours[at - 1];
                    }

                    distances[at] = distance;
                    neighbours[at] = place;
                    worst = distances[^1];
                }
            }

            return;
        }

        int near = 2 * node + 1;
        int far = near + 1;
        double toNear = BoxDistance(near, centre);
        double toFar = BoxDistance(far, centre);
        if (toFar < toNear)
        {
            (near, far, toNear, toFar) = (far, near, toFar, toNear);
        }

        if (toNear < distances[^1])
        {
            Nearest(near, centre, self, neighbours, distances);
        }

        if (toFar < distances[^1])
        {
            Nearest(far, centre, self, neighbours, distances);
        }
    }

    private double BoxDistance(int node, ReadOnlySpan<double> centre)
    {
        ReadOnlySpan<double> box = boxes.AsSpan(node * 2 * dimensions, 2 * dimensions);
        double distance = 0;
        for (int d = 0; d < centre.Length; d++)
        {
            distance = Math.Max(distance, Math.Max(box[d] - centre[d], centre[d] - box[centre.Length + d]));
        }

        return distance;
    }

    private int Count(int node, ReadOnlySpan<double> centre, double radius)
    {
        ReadOnlySpan<double> box = boxes.AsSpan(node * 2 * dimensions, 2 * dimensions);
        double nearest = 0;
        double farthest = 0;
        for (int d = 0; d < centre.Length; d++)
        {
            double below = box[d] - centre[d];
            double above = centre[d] - box[centre.Length + d];
            nearest = Math.Max(nearest, Math.Max(below, above));
            farthest = Math.Max(farthest, Math.Max(-below, -above));
        }

        if (nearest >= radius)
        {
            return 0;
        }

        if (farthest < radius)
        {
            return ends[node] - starts[node];
        }

        if (node < firstLeaf)
        {
            return Count(2 * node + 1, centre, radius) + Count(2 * node + 2, centre, radius);
        }

        int count = 0;
        ReadOnlySpan<double> leaf = points.AsSpan(starts[node] * dimensions, (ends[node] - starts[node]) * dimensions);
        for (int i = 0; i < leaf.Length; i += centre.Length)
        {
            double distance = 0;
            for (int d = 0; d < centre.Length; d++)
            {
                distance = Math.Max(distance, Math.Abs(leaf[i + d] - centre[d]));
            }

            count += distance < radius ? 1 : 0;
        }

        return count;
    }
}
