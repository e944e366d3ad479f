using ArKernel.Theory.Scaling;
using ArKernel.Theory.Tests.Information;

namespace ArKernel.Theory.Tests.Scaling;

public sealed class ComputeFrontierTests
{
    /// <summary>Kaplan's surface (N_c/N)^a + (S_c·6NB/C)^b: S = C/(6NB) steps of B tokens.</summary>
    private static LearningCurve[] Surface(double a, double b, double constant = 0)
    {
        double[] tokens = [.. Enumerable.Range(0, 400).Select(i => Math.Pow(10, 4 + 0.02 * i))];
        return [.. Enumerable.Range(0, 41).Select(i => Math.Pow(10, 3 + 0.1 * i)).Select(n =>
            new LearningCurve(n, tokens, [.. tokens.Select(e => constant + Math.Pow(500 / n, a) + Math.Pow(3e4 / e, b))]))];
    }

    [Fact]
    public void The_frontier_of_a_known_surface_has_the_exponents_that_follow()
    {
        ComputeFrontier frontier = ComputeFrontier.From(Surface(0.24, 0.4), constant: false);
        Assert.Equal(0.4 / 0.64, frontier.OptimalSize!.Exponent, 0.01);
        Assert.Equal(0.15, frontier.Law.Exponent, 0.003);
        // The best split of the loss: N_opt where a (N_c/N)^a = b (…)^b.
        double compute = 1e14;
        double n = frontier.OptimalSize.Parameters(compute);
        double ratio = 0.24 * Math.Pow(500 / n, 0.24) / (0.4 * Math.Pow(3e4 * 6 * n / compute, 0.4));
        Assert.Equal(1, ratio, 0.05);
    }

    [Fact]
    public void A_constant_below_the_frontier_is_found()
    {
        ComputeFrontier frontier = ComputeFrontier.From(Surface(0.24, 0.4, constant: 1.5));
        Assert.Equal(1.5, frontier.Law.Irreducible, 0.03);
        // A bent frontier touches every size, a straight one only those that happen to lie on it.
        Assert.Equal(0.625, frontier.OptimalSize!.Exponent, 0.01);
        Assert.True(frontier.OptimalSizeExponent!.Width < 0.02, frontier.ToString());
        Assert.Equal(0.15, frontier.Law.Exponent, 0.01);
    }

    [Fact]
    public void The_hull_is_below_all_curves_falls_and_is_convex_in_logarithms()
    {
        LearningCurve[] curves = Surface(0.3, 0.5);
        ComputeFrontier frontier = ComputeFrontier.From(curves, constant: false);
        (double X, double Y)[] hull = [.. frontier.Points.Select(point => (Math.Log(point.Compute), Math.Log(point.Loss)))];
        for (int i = 1; i < hull.Length; i++)
        {
            Assert.True(hull[i].X > hull[i - 1].X && hull[i].Y < hull[i - 1].Y);
        }

        foreach ((double x, double y) in curves.SelectMany(run => run.Compute.Zip(run.Losses, (c, l) => (Math.Log(c), Math.Log(l)))).Where((_, i) => i % 37 == 0))
        {
            int right = Array.FindIndex(hull, point => point.X >= x);
            if (right > 0)
            {
                double t = (x - hull[right - 1].X) / (hull[right].X - hull[right - 1].X);
                Assert.True(y >= hull[right - 1].Y + t * (hull[right].Y - hull[right - 1].Y) - 1e-12);
            }
        }

        Assert.All(frontier.Points, point => Assert.True(frontier.Law.Loss(point.Compute) <= point.Loss + 1e-9));
    }

    [Fact]
    public void Runs_of_one_size_have_a_frontier_and_no_best_size()
    {
        ComputeFrontier frontier = ComputeFrontier.From([Surface(0.3, 0.5)[5]]);
        Assert.Null(frontier.OptimalSize);
        Assert.NotEmpty(frontier.Charts);
        Assert.Throws<ArgumentException>(() => new LearningCurve(10, [1, 2], [1]));
        Assert.Throws<TooFewPointsException>(() => ComputeFrontier.From([new LearningCurve(10, [1, 2], [2, 1])]));
    }

    [Theory]
    [InlineData(JointForm.Hoffmann)]
    [InlineData(JointForm.Kaplan)]
    public void A_joint_law_is_recovered_and_its_intervals_cover(JointForm form)
    {
        JointScalingLaw truth = form == JointForm.Hoffmann ? new(form, 1.69, 406.4e3, 0.34, 410.7e4, 0.28) : new(form, 0, 8.8e6, 0.076, 5.4e7, 0.095);
        (double N, double D)[] runs = [.. from n in Enumerable.Range(0, 6) from d in Enumerable.Range(0, 6) select (Math.Pow(10, 4 + 0.6 * n), Math.Pow(10, 6 + 0.6 * d))];
        double[] sizes = [.. runs.Select(run => run.N)], tokens = [.. runs.Select(run => run.D)];
        JointScalingLaw law = JointPowerLaw.Fit(sizes, tokens, [.. runs.Select(run => truth.Loss(run.N, run.D))], form, bootstrapSamples: 0).Law;
        Assert.Equal(truth.SizeExponent, law.SizeExponent, 1e-5);
        Assert.Equal(truth.DataExponent, law.DataExponent, 1e-5);
        Assert.Equal(truth.Irreducible, law.Irreducible, 1e-4);
        Assert.Equal(1, law.SizeScale / truth.SizeScale, 1e-3);

        const int Draws = 40;
        var random = new Random(9);
        (int covered, int predicted) = (0, 0);
        for (int draw = 0; draw < Draws; draw++)
        {
            double[] losses = [.. runs.Select(run => truth.Loss(run.N, run.D) * Math.Exp(0.003 * Gaussians.Next(random)))];
            JointPowerLawFit fit = JointPowerLaw.Fit(sizes, tokens, losses, form, huberThreshold: 0.01, bootstrapSamples: 60, seed: draw);
            covered += fit.Quantities[0].Interval!.Contains(truth.SizeExponent) ? 1 : 0;
            predicted += fit.Predict(1e8, 1e10).Interval!.Contains(truth.Loss(1e8, 1e10) * Math.Exp(0.003 * Gaussians.Next(random))) ? 1 : 0;
        }

        Assert.InRange(covered, 0.8 * Draws, Draws);
        Assert.InRange(predicted, 0.8 * Draws, Draws);
    }

    [Theory]
    [InlineData(JointForm.Hoffmann)]
    [InlineData(JointForm.Kaplan)]
    public void The_optimum_of_a_joint_law_beats_its_neighbours(JointForm form)
    {
        JointScalingLaw law = new(form, form == JointForm.Kaplan ? 0 : 1, 1e5, 0.3, 1e6, 0.4);
        (double size, double tokens) = law.Optimum(1e15);
        Assert.Equal(1, 6 * size * tokens / 1e15, 1e-9);
        double best = law.Loss(size, tokens);
        Assert.True(best < law.Loss(size * 1.01, tokens / 1.01) && best < law.Loss(size / 1.01, tokens * 1.01));
        (double larger, _) = law.Optimum(1e17);
        Assert.Equal(law.OptimalSizeExponent, Math.Log(larger / size) / Math.Log(100), 1e-9);
    }

    [Fact]
    public void Too_few_runs_for_a_joint_law_are_refused()
    {
        Assert.Throws<TooFewPointsException>(() => JointPowerLaw.Fit([1, 2, 3, 4], [1, 2, 3, 4], [4, 3, 2, 1]));
        Assert.Throws<TooFewPointsException>(() => JointPowerLaw.Fit([1, 1, 1, 1, 1], [1, 2, 3, 4, 5], [5, 4, 3, 2, 1], JointForm.Kaplan));
        Assert.Throws<NotFiniteException>(() => JointPowerLaw.Fit([1, 2, 3, 4, double.NaN], [1, 2, 3, 4, 5], [5, 4, 3, 2, 1]));
        Assert.Throws<ArgumentException>(() => JointPowerLaw.Fit([1, 2, 3, 4, -5], [1, 2, 3, 4, 5], [5, 4, 3, 2, 1]));
    }
}
