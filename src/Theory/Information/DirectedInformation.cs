namespace ArKernel.Theory.Information;

/// <summary>The four estimators of Jiao, Permuter, Zhao, Kim and Weissman (2013, arXiv 1201.2334), from sequential predictions of the pair and of y alone.</summary>
public enum DirectedEstimator
{
    /// <summary>The mean of ln [P(y_t | x^t, y^{t−1}) / P(y_t | y^{t−1})]: the difference of two code lengths.</summary>
    CodeLengths = 1,

    /// <summary>The mean difference of the predictions' entropies; smoother, may be slightly negative.</summary>
    Entropies = 2,

    /// <summary>The mean divergence of y's two predictions; never negative.</summary>
    Divergence = 3,

    /// <summary>The mean divergence of the pair's prediction from independence; never negative and the smoothest.</summary>
    JointDivergence = 4,
}

/// <summary>
/// The rate of directed information from x to y (Massey 1990), lim (1/n) Σ_t I(X^t ; Y_t | Y^{t−1}): what the present and past of x tell of
/// each y beyond y's past. It is the transfer entropy plus the instantaneous information I(X_t ; Y_t | pasts). In nats a step.
/// </summary>
public static class DirectedInformation
{
    private const string MeasureName = "directed information";

    /// <summary>Of discrete sequences with context-tree weighting: consistent for all stationary ergodic sources as the depth grows, without a choice of lags.</summary>
    /// <param name="x">The source.</param>
    /// <param name="y">The target, as long.</param>
    /// <param name="depth">The longest context.</param>
    /// <param name="estimator">Which of the four estimators.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    /// <exception cref="TooFewSamplesException">The sequences are not longer than the depth.</exception>
    public static InformationEstimate ContextTree(Symbols x, Symbols y, int depth = 4, DirectedEstimator estimator = DirectedEstimator.JointDivergence)
    {
        Symbols pair = Symbols.Pair(x, y);
        if (x.Count < depth + 2)
        {
            throw new TooFewSamplesException($"Sequences of {x.Count} symbols are too short for contexts of {depth}.", "Take longer sequences or a smaller depth.");
        }

        (int sizeX, int sizeY) = (Math.Max(2, x.Alphabet), Math.Max(2, y.Alphabet));
        ContextTree pairs = new(Math.Max(2, pair.Alphabet), depth, pair.Span[..depth]);
        ContextTree xs = new(sizeX, depth, x.Span[..depth]);
        ContextTree ys = new(sizeY, depth, y.Span[..depth]);
        double[] joint = new double[pairs.Alphabet];
        double[] aloneX = new double[sizeX];
        double[] aloneY = new double[sizeY];
        double[] givenX = new double[sizeX];
        double[] givenY = new double[sizeY];
        int times = x.Count - depth;
        double[] forward = new double[times];
        (double backward, double instantaneous) = (0, 0);
        for (int t = 0; t < times; t++)
        {
            (int nowX, int nowY) = (x[depth + t], y[depth + t]);
            pairs.Predict(joint);
            xs.Predict(aloneX);
            ys.Predict(aloneY);
            Marginals(joint, x.Alphabet, givenX, givenY);
            forward[t] = estimator switch
            {
                DirectedEstimator.CodeLengths => Math.Log(joint[nowX + x.Alphabet * nowY] / givenX[nowX] / aloneY[nowY]),
                DirectedEstimator.Entropies => Entropy(aloneY) - Entropy(joint) + Entropy(givenX),
                DirectedEstimator.Divergence => Divergence(y.Alphabet, j => joint[nowX + x.Alphabet * j] / givenX[nowX], j => aloneY[j]),
                _ => Divergence(pair.Alphabet, i => joint[i], i => givenX[i % x.Alphabet] * aloneY[i / x.Alphabet]),
            };
            backward += Divergence(x.Alphabet, i => givenX[i], i => aloneX[i]) / times;
            instantaneous += Divergence(pair.Alphabet, i => joint[i], i => givenX[i % x.Alphabet] * givenY[i / x.Alphabet]) / times;
            pairs.Update(pair[depth + t]);
            xs.Update(nowX);
            ys.Update(nowY);
        }

        double value = forward.Average();
        return new InformationEstimate(MeasureName, $"context-tree weighting (Jiao et al., estimator {(int)estimator})", value, DiscreteInformation.StandardErrorOfProcess(forward), times)
        {
            Unit = "nats a step",
            Settings = [new("depth", depth), new("alphabets", $"{x.Alphabet} × {y.Alphabet}")],
            Further = [new("instantaneous information", instantaneous, "nats a step"), new("reverse transfer, y's past to x", backward, "nats a step")],
            OfFirst = count => forward.AsSpan(0, count).ToArray().Average(),
        };
    }

    /// <summary>Of discrete sequences, from counts with fixed lags.</summary>
    /// <param name="x">The source.</param>
    /// <param name="y">The target, as long.</param>
    /// <param name="sourceLags">How many past values of x count, beside the present one.</param>
    /// <param name="targetLags">How many past values of y count.</param>
    /// <param name="estimator">How the bias of few samples is met.</param>
    /// <exception cref="ArgumentException">The lengths differ, or a lag is not positive.</exception>
    /// <exception cref="TooFewSamplesException">The series are too short for the lags.</exception>
    public static InformationEstimate Discrete(Symbols x, Symbols y, int sourceLags = 1, int targetLags = 1, EntropyEstimator estimator = EntropyEstimator.MillerMadow)
    {
        int start = TransferEntropy.Start(x.Count, y.Count, sourceLags, targetLags);
        Codes past = Codes.Of(x).Past(sourceLags, start).Pair(Codes.Of(x.Slice(start, x.Count - start)));
        Codes own = Codes.Of(y).Past(targetLags, start);
        Codes next = Codes.Of(y.Slice(start, y.Count - start));
        InformationEstimate estimate = MutualInformation.Discrete(MeasureName, past, next, own, estimator, 0, 0, _ => [], isProcess: true);
        return estimate with { Unit = "nats a step", Settings = [new("source lags", sourceLags), new("target lags", targetLags), .. estimate.Settings] };
    }

    /// <summary>Of normal series: half the logarithm of the ratio of the errors of predicting y from its past and from that and x up to the present.</summary>
    /// <param name="x">The source; one variable or more.</param>
    /// <param name="y">The target, as long; one variable or more.</param>
    /// <param name="lags">The number of lags; null chooses it.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    /// <exception cref="TooFewSamplesException">The series are too short for the lags.</exception>
    /// <exception cref="SingularCovarianceException">A series is constant or a linear function of others.</exception>
    public static InformationEstimate Gaussian(Samples x, Samples y, int? lags = null)
    {
        Samples joint = Samples.Join(x, y);
        int used = lags ?? AutoregressionFit.Choose(joint, InformationCriterion.Bayes, null);
        InformationEstimate transfer = TransferEntropy.Gaussian(x, y, used);
        double Instantaneous(int count) => GaussianInformation.Conditional(
            VectorAutoregression.Fit(joint.Slice(0, count), used).Process.Noise, x.Variables, y.Variables, joint.Names);
        double now = Instantaneous(joint.Count);
        double value = transfer.Value + now;
        return new InformationEstimate(MeasureName, "vector autoregression", value, Math.Sqrt(-Special.ExpMinusOne(-2 * value) / transfer.Samples), transfer.Samples)
        {
            Unit = "nats a step",
            Settings = [new("lags", used)],
            Further = [new("transfer entropy", transfer.Value, "nats a step"), new("instantaneous information", now, "nats a step")],
            OfFirst = count => transfer.OfFirst!(count) + Instantaneous(count + used),
        };
    }

    /// <summary>Of a known autoregressive process, exactly.</summary>
    /// <param name="process">A stationary process.</param>
    /// <param name="source">The source's variables.</param>
    /// <param name="target">The target's variables.</param>
    /// <returns>Nats a step.</returns>
    /// <exception cref="UnstableProcessException">The process is not stationary.</exception>
    public static double Exact(VectorAutoregression process, int[] source, int[] target)
    {
        int[] both = [.. source, .. target];
        MathNet.Numerics.LinearAlgebra.Matrix<double> error = process.PredictionError(both);
        return TransferEntropy.Exact(process, source, target)
            + GaussianInformation.Conditional(VectorAutoregression.Pick(error, both, both), source.Length, target.Length, [.. both.Select(i => $"variable {i}")]);
    }

    private static void Marginals(double[] joint, int alphabetX, double[] x, double[] y)
    {
        Array.Clear(x);
        Array.Clear(y);
        for (int i = 0; i < joint.Length; i++)
        {
            x[i % alphabetX] += joint[i];
            y[Math.Min(i / alphabetX, y.Length - 1)] += joint[i];
        }
    }

    private static double Entropy(double[] probabilities) => -probabilities.Sum(p => p > 0 ? p * Math.Log(p) : 0);

    private static double Divergence(int count, Func<int, double> from, Func<int, double> to)
    {
        double sum = 0;
        for (int i = 0; i < count; i++)
        {
            double p = from(i);
            sum += p > 0 ? p * Math.Log(p / to(i)) : 0;
        }

        return Math.Max(0, sum); // rounding may leave −1e-17
    }
}
