namespace ArKernel.Theory.RateDistortion;

/// <summary>The state of the self-consistent iteration of the information bottleneck.</summary>
internal sealed class BottleneckIteration
{
    private readonly int inputs, outputs, clusters;
    private readonly double[] marginal; // p(x)
    private readonly double[,] conditional; // p(y|x)
    private readonly double[,] encoder; // p(t|x)
    private readonly double[] weight; // p(t)
    private readonly double[,] decoder; // p(y|t)

    public BottleneckIteration(double[,] joint, int clusters)
    {
        (inputs, outputs, this.clusters) = (joint.GetLength(0), joint.GetLength(1), clusters);
        (marginal, conditional) = (new double[inputs], new double[inputs, outputs]);
        (encoder, weight, decoder) = (new double[inputs, clusters], new double[clusters], new double[clusters, outputs]);
        for (int x = 0; x < inputs; x++)
        {
            for (int y = 0; y < outputs; y++)
            {
                marginal[x] += joint[x, y];
            }

            for (int y = 0; y < outputs; y++)
            {
                conditional[x, y] = marginal[x] > 0 ? joint[x, y] / marginal[x] : 1.0 / outputs;
            }
        }
    }

    /// <summary>Starts with a cluster a letter, slightly blurred, or at random.</summary>
    public void Start(Random random, bool ownCluster)
    {
        for (int x = 0; x < inputs; x++)
        {
            double sum = 0;
            for (int t = 0; t < clusters; t++)
            {
                encoder[x, t] = ownCluster && x % clusters == t ? 1 : (ownCluster ? 0.01 : 1) * random.NextDouble();
                sum += encoder[x, t];
            }

            for (int t = 0; t < clusters; t++)
            {
                encoder[x, t] /= sum;
            }
        }

        Update();
    }

    /// <summary>One iteration; returns I(X;T) − β I(T;Y) after it.</summary>
    public double Step(double beta)
    {
        for (int x = 0; x < inputs; x++)
        {
            double largest = double.NegativeInfinity, sum = 0;
            for (int t = 0; t < clusters; t++)
            {
                encoder[x, t] = weight[t] > 0 ? Math.Log(weight[t]) - beta * Divergence(x, t) : double.NegativeInfinity;
                largest = Math.Max(largest, encoder[x, t]);
            }

            for (int t = 0; t < clusters; t++)
            {
                encoder[x, t] = Math.Exp(encoder[x, t] - largest);
                sum += encoder[x, t];
            }

            for (int t = 0; t < clusters; t++)
            {
                encoder[x, t] /= sum;
            }
        }

        Update();
        (double compression, double relevance) = Informations();
        return compression - beta * relevance;
    }

    public Bottleneck Result(double beta, int iterations, int seed, int starts)
    {
        (double compression, double relevance) = Informations();
        return new Bottleneck(compression, relevance, beta, (double[,])encoder.Clone(), iterations, starts, seed);
    }

    private double Divergence(int x, int t)
    {
        double sum = 0;
        for (int y = 0; y < outputs; y++)
        {
            double p = conditional[x, y];
            if (p > 0)
            {
                sum += decoder[t, y] > 0 ? p * Math.Log(p / decoder[t, y]) : double.PositiveInfinity;
            }
        }

        return sum;
    }

    private void Update()
    {
        Array.Clear(weight);
        Array.Clear(decoder);
        for (int x = 0; x < inputs; x++)
        {
            for (int t = 0; t < clusters; t++)
            {
                double mass = marginal[x] * encoder[x, t];
                weight[t] += mass;
                for (int y = 0; y < outputs; y++)
                {
                    decoder[t, y] += mass * conditional[x, y];
                }
            }
        }

        for (int t = 0; t < clusters; t++)
        {
            for (int y = 0; y < outputs; y++)
            {
                decoder[t, y] = weight[t] > 0 ? decoder[t, y] / weight[t] : 0;
            }
        }
    }

    private (double Compression, double Relevance) Informations()
    {
        double compression = 0, relevance = 0;
        double[] output = new double[outputs];
        for (int t = 0; t < clusters; t++)
        {
            for (int y = 0; y < outputs; y++)
            {
                output[y] += weight[t] * decoder[t, y];
            }

            for (int x = 0; x < inputs; x++)
            {
                double p = encoder[x, t];
                compression += p > 0 && marginal[x] > 0 ? marginal[x] * p * Math.Log(p / weight[t]) : 0;
            }
        }

        for (int t = 0; t < clusters; t++)
        {
            for (int y = 0; y < outputs; y++)
            {
                double p = decoder[t, y];
                relevance += p > 0 ? weight[t] * p * Math.Log(p / output[y]) : 0;
            }
        }

        return (compression, relevance);
    }
}
