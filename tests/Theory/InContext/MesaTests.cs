using ArKernel.Theory.Dynamics;
using ArKernel.Theory.InContext;
using MathNet.Numerics.LinearAlgebra;
using Complex = System.Numerics.Complex;

namespace ArKernel.Theory.Tests.InContext;

public sealed class MesaTests
{
    private static MesaPopulationFlow Flow(StartToken start, int length = 100) => new(start.Moments(5), 5, length);

    [Fact]
    public void The_limits_are_the_known_numbers()
    {
        Assert.Equal(0.1919050885, Flow(new StartToken.Gaussian(1)).Limit, 10);
        Assert.Equal(0.7676203541, Flow(new StartToken.Gaussian(0.5)).Limit, 10);
        Assert.Equal(0.0479762721, Flow(new StartToken.Gaussian(2)).Limit, 10);
        foreach (double c in new[] { 0.5, 1, 2 })
        {
            Assert.Equal(1 / (c * c), Flow(new StartToken.SparseOneHot(c)).Limit, 12);
        }

        Assert.Equal(0.8258257206, MesaPopulationFlow.MaskedOnesLimit(5, 100), 10);
        Assert.Equal(0.6406049631, MesaPopulationFlow.MaskedOnesLimit(5, 30), 10);
        Assert.Equal(0.2, new MesaPopulationFlow(new StartToken.Gaussian(1).Moments(5), 5, 1_000_000).Limit, 4);
    }

    [Fact]
    public void The_flow_is_logistic_conserves_the_balance_and_ends_at_the_limits()
    {
        MesaPopulationFlow flow = Flow(new StartToken.Gaussian(1));
        OdeSolution even = flow.Solve(0.1, 0.1, 0.015);
        Assert.Equal(0.1913907035, even.Final[0] * even.Final[1], 1e-9);
        Assert.Equal(0.01274833, even.Events[0].Time, 1e-8);
        Assert.All(even.Times, t => Assert.Equal(flow.Logistic(0.01, t), even.Interpolate(t)[0] * even.Interpolate(t)[1], 1e-9));
        OdeSolution odd = flow.Solve(0.5, 1.5, 0.05);
        Assert.All(odd.Times, t => Assert.Equal(-2, Math.Pow(odd.Interpolate(t)[0], 2) - Math.Pow(odd.Interpolate(t)[1], 2), 1e-9));
        (double a, double b) = flow.Limits(0.5, 1.5);
        Assert.Equal(a, odd.Final[0], 1e-6);
        Assert.Equal(b, odd.Final[1], 1e-6);
    }

    [Fact]
    public void Descent_from_sparse_starts_follows_the_logistic_and_stays_exactly_diagonal()
    {
        // As many sequences of each coordinate are the population itself: neither sign nor phase changes a one-hot sequence's loss.
        Complex[][,] drawn = AutoregressiveProcess.Sample(100, 100, 5, new StartToken.SparseOneHot(1), 1);
        Complex[][,] data = [.. Enumerable.Range(0, 5).Select(j => drawn.First(sequence => sequence[0, j] != 0))];
        LinearCausalSelfAttention model = LinearCausalSelfAttention.Diagonal(5, 0.1, 0.1).Train(data, 1e-3, 200)[^1];
        double u = model.A.Diagonal().Zip(model.B.Diagonal(), (a, b) => (a * b).Real).Average();
        Assert.Equal(0.963, u, 1e-3);
        Assert.Equal(0.9625, Flow(new StartToken.SparseOneHot(1)).Logistic(0.01, 0.2), 4);
        for (int i = 0; i < 5; i++)
        {
            for (int j = 0; j < 5; j++)
            {
                Assert.True(i == j || (model.A[i, j] == 0 && model.B[i, j] == 0));
            }
        }
    }

    [Fact]
    public void The_literal_layer_the_fast_one_and_one_gradient_step_agree_and_see_no_future()
    {
        Complex[,] x = AutoregressiveProcess.Sample(1, 12, 4, new StartToken.Gaussian(1), 2)[0];
        var random = new Random(3);
        Matrix<Complex> Draw() => Matrix<Complex>.Build.Dense(4, 4, (_, _) => new Complex(random.NextDouble(), random.NextDouble()));
        var general = new LinearCausalSelfAttention(Draw(), Draw());
        LinearCausalSelfAttention diagonal = LinearCausalSelfAttention.Diagonal(4, 0.7, 0.4);
        for (int t = 2; t <= 10; t++)
        {
            Assert.Equal(0, (general.ForwardLiteral(x, t) - general.Forward(x, t)).L2Norm(), 1e-11);
            Vector<Complex> now = Vector<Complex>.Build.Dense(4, i => x[t - 1, i]);
            Assert.Equal(0, (diagonal.Forward(x, t) - InContextLinear.Of(x, t).OneStep(0.28 / (t - 1)) * now).L2Norm(), 1e-12);
        }

        Vector<Complex> before = general.Forward(x, 6);
        x[7, 0] += 5;
        x[6, 1] -= 3;
        Assert.Equal(before, general.Forward(x, 6));
    }

    [Fact]
    public void The_gradients_are_those_of_finite_differences_in_both_parts()
    {
        Complex[][,] data = AutoregressiveProcess.Sample(3, 8, 3, new StartToken.Gaussian(1), 4);
        var random = new Random(5);
        Matrix<Complex> Draw() => Matrix<Complex>.Build.Dense(3, 3, (_, _) => new Complex(random.NextDouble() - 0.5, random.NextDouble() - 0.5));
        Matrix<Complex> a = Draw(), b = Draw();
        (_, Matrix<Complex> gradientA, Matrix<Complex> gradientB) = new LinearCausalSelfAttention(a, b).LossAndGradients(data);
        foreach (Complex unit in new[] { Complex.One, Complex.ImaginaryOne })
        {
            for (int i = 0; i < 9; i++)
            {
                Matrix<Complex> step = Matrix<Complex>.Build.Dense(3, 3);
                step[i / 3, i % 3] = unit * 1e-5;
                double Loss(Matrix<Complex> p, Matrix<Complex> q) => new LinearCausalSelfAttention(p, q).LossAndGradients(data).Loss;
                double numericA = (Loss(a + step, b) - Loss(a - step, b)) / 2e-5, numericB = (Loss(a, b + step) - Loss(a, b - step)) / 2e-5;
                Assert.Equal(numericA, unit == 1 ? gradientA[i / 3, i % 3].Real : gradientA[i / 3, i % 3].Imaginary, 1e-6 * (1 + Math.Abs(numericA)));
                Assert.Equal(numericB, unit == 1 ? gradientB[i / 3, i % 3].Real : gradientB[i / 3, i % 3].Imaginary, 1e-6 * (1 + Math.Abs(numericB)));
            }
        }
    }

    [Fact]
    public void Predictors_meet_in_their_limits_and_least_squares_alone_is_exact_without_noise()
    {
        Complex[,] x = AutoregressiveProcess.Sample(1, 40, 3, new StartToken.Gaussian(1), 6)[0];
        InContextLinear pairs = InContextLinear.Of(x, 39);
        Vector<Complex> now = Vector<Complex>.Build.Dense(3, i => x[38, i]), next = Vector<Complex>.Build.Dense(3, i => x[39, i]);
        Assert.Equal(0, (pairs.LeastSquares() * now - next).L2Norm(), 1e-8);
        Assert.True((pairs.OneStep(0.19 / 38) * now - next).L2Norm() > 0.1);
        Assert.Equal(0, (pairs.Steps(1, 0.01) - pairs.OneStep(0.01)).L2Norm(), 1e-12);
        Assert.Equal(0, (pairs.Ridge(0.3) - InContextLinear.Recursive(x, 39, 0.3)).L2Norm(), 1e-10);
        double largest = pairs.Gram.Evd(Symmetricity.Hermitian).EigenValues.Max(value => value.Real);
        Assert.Equal(0, (pairs.Steps(20_000, 1 / largest) - pairs.LeastSquares()).L2Norm(), 1e-6);
    }

    [Fact]
    public void Bad_input_is_named()
    {
        Assert.Throws<ArgumentException>(() => AutoregressiveProcess.Sample(1, 2, 5, new StartToken.Ones(), 1));
        Assert.Throws<ArgumentException>(() => Flow(new StartToken.Ones()).Solve(0, 1, 1));
        Assert.Throws<ArgumentException>(() => LinearCausalSelfAttention.Diagonal(3, 1, 1).Forward(new Complex[5, 4], 3));
        Assert.Throws<NoConvergenceException>(() => LinearCausalSelfAttention.Diagonal(3, 2, 2).Train(AutoregressiveProcess.Sample(5, 20, 3, new StartToken.Gaussian(1), 1), 10, 100));
    }
}
