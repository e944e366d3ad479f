using ArKernel.Theory.Dynamics;

namespace ArKernel.Theory.Tests.Dynamics;

public sealed class OdeSolverTests
{
    private static readonly OdeOptions Tight = new() { RelativeTolerance = 1e-10, AbsoluteTolerance = 1e-12 };

    public static TheoryData<string, double> Methods => new() { { "DormandPrince", 5 }, { "Tsitouras", 5 }, { "Rosenbrock", 4 } };

    private static OdeSolution Solve(string method, RightHandSide f, double from, double[] start, double to, OdeOptions? options = null) => method switch
    {
        "DormandPrince" => OdeSolver.DormandPrince(f, from, start, to, options),
        "Tsitouras" => OdeSolver.Tsitouras(f, from, start, to, options),
        _ => OdeSolver.Rosenbrock(f, from, start, to, options),
    };

    [Theory, MemberData(nameof(Methods))]
    public void The_order_on_a_problem_that_depends_on_time_is_the_methods_own(string method, double order)
    {
        // y' = y cos t + sin 2t has y = 3 e^{sin t} − 2 − 2 sin t from y(0) = 1.
        static void F(double t, ReadOnlySpan<double> y, Span<double> dy) => dy[0] = y[0] * Math.Cos(t) + Math.Sin(2 * t);
        double Exact(double t) => 3 * Math.Exp(Math.Sin(t)) - 2 - 2 * Math.Sin(t);
        double Error(int steps)
        {
            OdeSolution solution = Solve(method, F, 0, [1], 4, new OdeOptions { FixedStep = 4.0 / steps });
            return solution.Times.Max(t => Math.Abs(solution.Interpolate(t)[0] - Exact(t)));
        }

        double slope = Math.Log(Error(40) / Error(160)) / Math.Log(4);
        Assert.True(slope > order - 0.15 && slope < order + 0.3, $"{slope:F3}");
    }

    [Theory, MemberData(nameof(Methods))]
    public void Dense_output_is_as_good_between_steps_as_at_them(string method, double order)
    {
        OdeSolution solution = Solve(method, (t, y, dy) => (dy[0], dy[1]) = (y[1], -y[0]), 0, [1, 0], 10, Tight);
        for (double t = 0; t <= 10; t += 0.037)
        {
            Assert.Equal(Math.Cos(t), solution.Interpolate(t)[0], order > 4 ? 1e-8 : 1e-6);
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => solution.Interpolate(10.1));
    }

    [Fact]
    public void Tableaux_are_consistent_and_their_dense_output_ends_at_the_step()
    {
        foreach (ExplicitTableau tableau in new[] { ExplicitTableau.DormandPrince, ExplicitTableau.Tsitouras })
        {
            for (int stage = 0; stage < 7; stage++)
            {
                Assert.Equal(tableau.Nodes[stage], tableau.Matrix[stage].Sum(), 1e-13);
                Assert.Equal(stage < 6 ? tableau.Matrix[6][stage] : 0, tableau.Dense[stage].Sum(), 1e-12);
            }

            Assert.Equal(0, tableau.Error.Sum(), 1e-14);
            for (int power = 0; power < 5; power++)
            {
                Assert.Equal(1.0 / (power + 1), tableau.Matrix[6].Select((b, i) => b * Math.Pow(tableau.Nodes[i], power)).Sum(), 1e-13);
            }
        }
    }

    [Fact]
    public void One_step_and_its_middle_have_the_known_errors()
    {
        double[] steps = [0.2, 0.1, 0.05], end = [1.93e-6, 1.70e-8, 1.68e-10], middle = [1.68e-6, 5.53e-8, 1.81e-9];
        for (int i = 0; i < 3; i++)
        {
            double h = steps[i];
            OdeSolution step = OdeSolver.DormandPrince((_, y, dy) => dy[0] = -y[0] * y[0], 0, [1], h, new OdeOptions { FixedStep = h });
            Assert.Equal(end[i], Math.Abs(step.Final[0] - 1 / (1 + h)), 0.01 * end[i]);
            Assert.Equal(middle[i], Math.Abs(step.Interpolate(h / 2)[0] - 1 / (1 + h / 2)), 0.01 * middle[i]);
        }
    }

    [Fact]
    public void An_oscillator_keeps_its_energy_over_ten_periods_and_returns_when_run_backwards()
    {
        static void F(double t, ReadOnlySpan<double> y, Span<double> dy) => (dy[0], dy[1]) = (y[1], -y[0]);
        var options = new OdeOptions { RelativeTolerance = 1e-9, AbsoluteTolerance = 1e-12 };
        OdeSolution forth = OdeSolver.DormandPrince(F, 0, [1, 0], 20 * Math.PI, options);
        Assert.All(forth.Times, t => Assert.Equal(1, forth.Interpolate(t).Sum(x => x * x), 1e-7));
        OdeSolution back = OdeSolver.Tsitouras(F, 20 * Math.PI, forth.Final, 0, options);
        Assert.Equal(1, back.Final[0], 1e-7);
        Assert.Equal(0, back.Final[1], 1e-7);
    }

    [Fact]
    public void A_falling_ball_meets_the_ground_when_it_must()
    {
        var options = Tight with { Events = [new OdeEvent((_, y) => y[0], Terminal: true, Direction: -1), new OdeEvent((_, y) => y[0] - 0.5)] };
        OdeSolution fall = OdeSolver.DormandPrince((_, y, dy) => (dy[0], dy[1]) = (y[1], -9.81), 0, [1, 0], 10, options);
        Assert.Equal(0.4515236410, fall.EndTime, 9);
        Assert.Equal([1, 0], fall.Events.Select(one => one.Event));
        Assert.Equal(Math.Sqrt(1 / 9.81), fall.Events[0].Time, 9);
        Assert.Equal(0, fall.Final[0], 1e-12);
    }

    [Fact]
    public void A_stiff_problem_is_named_by_explicit_methods_and_solved_by_Rosenbrocks()
    {
        // Prothero and Robinson: y' = −10⁶ (y − cos t) − sin t, y = cos t.
        static void F(double t, ReadOnlySpan<double> y, Span<double> dy) => dy[0] = -1e6 * (y[0] - Math.Cos(t)) - Math.Sin(t);
        Assert.Contains("Rosenbrock", Assert.Throws<StiffProblemException>(() => OdeSolver.DormandPrince(F, 0, [1], 5)).Message, StringComparison.Ordinal);
        Assert.Throws<StiffProblemException>(() => OdeSolver.Tsitouras(F, 0, [1], 5));
        OdeSolution solution = OdeSolver.Rosenbrock(F, 0, [1], 5);
        Assert.Equal(Math.Cos(5), solution.Final[0], 1e-7);
        Assert.True(solution.Steps < 2000, $"{solution.Steps}");
    }

    [Fact]
    public void The_Robertson_reaction_has_its_reference_values_with_either_Jacobian()
    {
        static void F(double t, ReadOnlySpan<double> y, Span<double> dy)
        {
            double fast = 3e7 * y[1] * y[1], slow = 0.04 * y[0], back = 1e4 * y[1] * y[2];
            (dy[0], dy[1], dy[2]) = (-slow + back, slow - back - fast, fast);
        }

        static void J(double t, ReadOnlySpan<double> y, Span<double> j)
        {
            (j[0], j[1], j[2]) = (-0.04, 1e4 * y[2], 1e4 * y[1]);
            (j[3], j[4], j[5]) = (0.04, -1e4 * y[2] - 6e7 * y[1], -1e4 * y[1]);
            (j[6], j[7], j[8]) = (0, 6e7 * y[1], 0);
        }

        var options = new OdeOptions { RelativeTolerance = 1e-7, AbsoluteTolerance = 1e-12 };
        foreach (Jacobian? jacobian in new Jacobian?[] { null, J })
        {
            double[] end = OdeSolver.Rosenbrock(F, 0, [1, 0, 0], 40, options, jacobian).Final;
            Assert.Equal(0.7158271, end[0], 1e-6);
            Assert.Equal(9.185535e-6, end[1], 1e-10);
            Assert.Equal(1, end.Sum(), 1e-10);
        }
    }

    [Fact]
    public void Impossible_problems_are_named()
    {
        Assert.Throws<NotFiniteException>(() => OdeSolver.DormandPrince((_, _, dy) => dy[0] = double.NaN, 0, [1], 1));
        Assert.Throws<NotFiniteException>(() => OdeSolver.Tsitouras((_, y, dy) => dy[0] = y[0], 0, [double.NaN], 1));
        Assert.ThrowsAny<TheoryException>(() => OdeSolver.DormandPrince((_, y, dy) => dy[0] = y[0] * y[0], 0, [1], 2)); // blows up at t = 1
        Assert.Throws<ArgumentException>(() => OdeSolver.DormandPrince((_, _, _) => { }, 0, [], 1));
        Assert.Throws<NoConvergenceException>(() => OdeSolver.DormandPrince((_, y, dy) => dy[0] = Math.Cos(y[0]), 0, [1], 1e6, new OdeOptions { MaximumSteps = 10 }));
    }
}
