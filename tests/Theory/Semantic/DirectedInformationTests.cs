using ArKernel.Theory.RateDistortion;
using ArKernel.Theory.Semantic;

namespace ArKernel.Theory.Tests.Semantic;

public sealed class DirectedInformationTests
{
    private static readonly double[,] Hamming = { { 0, 1 }, { 1, 0 } };

    private static double H(double p) => -p * Math.Log(p) - (1 - p) * Math.Log(1 - p);

    [Fact]
    public void Both_flows_are_the_mean_ratios_of_the_predictions_with_and_without_the_other_stream()
    {
        const int length = 4;
        for (int seed = 0; seed < 5; seed++)
        {
            var random = new Random(seed);
            Dictionary<string, double[]> tables = [];
            double[] Draw(string side, int[] x, int[] u)
            {
                string key = $"{side}{string.Concat(x)}/{string.Concat(u)}";
                if (!tables.TryGetValue(key, out double[]? table))
                {
                    double p = random.NextDouble();
                    tables[key] = table = [p, 1 - p];
                }

                return table;
            }

            CausalProcess process = new(2, 2, length, (x, u) => Draw("x", x, u), (x, u) => Draw("u", x, u));

            // By the definition: along every path, the given conditional over that of the stream's own past, which sums over the other stream.
            List<(int[] X, int[] U, double Probability)> paths = [];
            for (int code = 0; code < 1 << (2 * length); code++)
            {
                int[] x = [.. Enumerable.Range(0, length).Select(t => (code >> t) & 1)], u = [.. Enumerable.Range(0, length).Select(t => (code >> (length + t)) & 1)];
                paths.Add((x, u, Enumerable.Range(0, length).Aggregate(1.0, (p, t) => p * Draw("x", x[..t], u[..t])[x[t]] * Draw("u", x[..(t + 1)], u[..t])[u[t]])));
            }

            double Alone(Func<(int[] X, int[] U, double), int[]> stream, int[] prefix) => paths.Where(path => stream(path).AsSpan().StartsWith(prefix)).Sum(path => path.Probability);
            (double forth, double back) = (0, 0);
            foreach ((int[] x, int[] u, double probability) in paths)
            {
                for (int t = 0; t < length; t++)
                {
                    forth += probability * Math.Log(Draw("u", x[..(t + 1)], u[..t])[u[t]] * Alone(p => p.U, u[..t]) / Alone(p => p.U, u[..(t + 1)]));
                    back += probability * Math.Log(Draw("x", x[..t], u[..t])[x[t]] * Alone(p => p.X, x[..t]) / Alone(p => p.X, x[..(t + 1)]));
                }
            }

            Assert.Equal(forth, process.DirectedInformation, 1e-12);
            Assert.Equal(back, process.Feedback, 1e-12);
            Assert.Equal(forth + back, process.MutualInformation, 1e-12); // conserved (Massey and Massey)
            Assert.True(forth > 0.01 && back > 0.01);
        }
    }

    [Fact]
    public void Without_feedback_all_information_is_directed_and_a_noisy_channel_s_is_its_own()
    {
        CausalProcess process = new(2, 2, 5, (_, _) => [0.5, 0.5], (x, _) => x[^1] == 0 ? [0.9, 0.1] : [0.1, 0.9]);
        Assert.Equal(0, process.Feedback, 1e-12);
        Assert.Equal(5 * (Math.Log(2) - H(0.1)), process.DirectedInformation, 1e-12);
        Assert.Throws<NotADistributionException>(() => new CausalProcess(2, 2, 1, (_, _) => [0.5, 0.6], (_, _) => [1, 0]));
        Assert.Throws<ArgumentException>(() => new CausalProcess(4, 4, 20, (_, _) => [1], (_, _) => [1]));
    }

    [Fact]
    public void One_letter_is_ordinary_rate_distortion_and_independent_letters_add()
    {
        double[] source = [0.7, 0.3];
        double[,] independent = { { 0.7, 0.3 }, { 0.7, 0.3 } };
        double slope = Math.Log(0.1 / 0.9);
        foreach (int length in (int[])[1, 3])
        {
            DirectedRatePoint point = DirectedRateDistortion.AtSlope(source, independent, Hamming, slope, length);
            Assert.Equal(0.2857813, point.Rate, 1e-6);
            Assert.Equal(0.1, point.Distortion, 1e-5);
        }

        Assert.Equal(BlahutArimoto.AtSlope(source, Hamming, slope).Rate, DirectedRateDistortion.AtSlope(source, independent, Hamming, slope, 1).Rate, 1e-6);
    }

    [Fact]
    public void A_faithful_copy_of_a_markov_source_costs_its_entropy()
    {
        DirectedRatePoint point = DirectedRateDistortion.AtSlope([0.5, 0.5], Flip(0.2), Hamming, -30, 3);
        Assert.Equal((Math.Log(2) + 2 * H(0.2)) / 3, point.Rate, 1e-6);
        Assert.Equal(0.5646507, point.Rate, 1e-6);
    }

    [Theory]
    [InlineData(1, 0.494632, 0.05)]
    [InlineData(2, 0.451221, 0.036778)]
    [InlineData(3, 0.436751, 0.032370)]
    [InlineData(4, 0.429515, 0.030167)]
    public void The_causal_rate_of_a_markov_source_lies_above_the_classical_one(int length, double rate, double distortion)
    {
        DirectedRatePoint point = DirectedRateDistortion.AtSlope([0.5, 0.5], Flip(0.2), Hamming, Math.Log(0.05 / 0.95), length);
        Assert.Equal(rate, point.Rate, 1e-5);
        Assert.Equal(distortion, point.Distortion, 1e-5);
        Assert.True(point.Rate >= H(0.2) - H(point.Distortion));
    }

    [Fact]
    public void The_gain_of_a_function_is_its_entropy_and_of_noise_nothing()
    {
        var random = new Random(1);
        double[,] fair = new double[400, 8], known = new double[400, 8], noisy = new double[400, 8];
        for (int i = 0; i < 400; i++)
        {
            for (int t = 0; t < 8; t++)
            {
                (fair[i, t], noisy[i, t]) = (Math.Log(2), Math.Log(2) + 0.1 * (random.NextDouble() - 0.5));
            }
        }

        PredictiveInformation all = PredictiveInformation.Measure(fair, known);
        Assert.Equal(Math.Log(2), all.Value, 1e-12);
        Assert.Equal(1, all.InfoGain, 1e-12);
        PredictiveInformation none = PredictiveInformation.Measure(fair, noisy);
        Assert.InRange(none.Value, -3 * none.StandardError, 3 * none.StandardError);
        Assert.Throws<TooFewSamplesException>(() => PredictiveInformation.Measure(new double[1, 3], new double[1, 3]));
        Assert.Throws<ArgumentException>(() => PredictiveInformation.Measure(new double[2, 3], new double[2, 4]));
    }

    [Fact]
    public void A_perfect_joint_model_gains_as_much_of_the_text_from_the_image_as_of_the_image_from_the_text()
    {
        // A joint law of (caption, image) of two letters each with whole-number weights: every pair stands there as often as it weighs, so that the
        // sample is the law itself, and the model's conditionals are exact.
        for (int seed = 0; seed < 5; seed++)
        {
            var random = new Random(seed);
            List<(int[] Text, int[] Image)> pairs = [];
            for (int code = 0; code < 81; code++)
            {
                int[] letters = [code / 27, code / 9 % 3, code / 3 % 3, code % 3];
                pairs.AddRange(Enumerable.Repeat((letters[..2], letters[2..]), random.Next(6)));
            }

            double Count(Func<(int[] Text, int[] Image), bool> fits) => pairs.Count(fits);
            (double[,] Without, double[,] With) Losses(Func<(int[] Text, int[] Image), int[]> target, Func<(int[] Text, int[] Image), int[]> context)
            {
                double[,] without = new double[pairs.Count, 2], with = new double[pairs.Count, 2];
                for (int i = 0; i < pairs.Count; i++)
                {
                    (int[] u, int[] x) = (target(pairs[i]), context(pairs[i]));
                    for (int t = 0; t < 2; t++)
                    {
                        bool Past((int[] Text, int[] Image) pair) => target(pair).AsSpan(0, t).SequenceEqual(u.AsSpan(0, t));
                        bool Known((int[] Text, int[] Image) pair) => Past(pair) && context(pair).AsSpan().SequenceEqual(x);
                        without[i, t] = -Math.Log(Count(pair => Past(pair) && target(pair)[t] == u[t]) / Count(Past));
                        with[i, t] = -Math.Log(Count(pair => Known(pair) && target(pair)[t] == u[t]) / Count(Known));
                    }
                }

                return (without, with);
            }

            (double[,] image, double[,] imageOfText) = Losses(pair => pair.Image, pair => pair.Text);
            (double[,] text, double[,] textOfImage) = Losses(pair => pair.Text, pair => pair.Image);
            double forth = 2 * PredictiveInformation.Measure(image, imageOfText).Value, back = 2 * PredictiveInformation.Measure(text, textOfImage).Value;
            Assert.Equal(forth, back, 1e-12);

            // And both are the mutual information by its definition.
            double mutual = pairs.Average(pair => Math.Log(Count(other => other.Text.AsSpan().SequenceEqual(pair.Text) && other.Image.AsSpan().SequenceEqual(pair.Image)) * pairs.Count
                / (Count(other => other.Text.AsSpan().SequenceEqual(pair.Text)) * Count(other => other.Image.AsSpan().SequenceEqual(pair.Image)))));
            Assert.Equal(mutual, forth, 1e-12);
            Assert.True(forth > 0.05);
        }
    }

    private static double[,] Flip(double p) => new[,] { { 1 - p, p }, { p, 1 - p } };
}
