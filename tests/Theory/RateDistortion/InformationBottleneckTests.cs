using ArKernel.Theory.RateDistortion;
using MathNet.Numerics.LinearAlgebra;

namespace ArKernel.Theory.Tests.RateDistortion;

public sealed class InformationBottleneckTests
{
    [Fact]
    public void Large_beta_keeps_everything_about_Y_and_merges_letters_that_say_the_same()
    {
        double[,] joint = { { 0.2, 0.05 }, { 0.2, 0.05 }, { 0.1, 0.4 } };
        Bottleneck kept = InformationBottleneck.Discrete(joint, 200);
        Assert.Equal(Information(joint), kept.Relevance, 1e-6);
        Assert.Equal(ClosedForms.BinaryEntropy(0.5), kept.Compression, 1e-3); // two clusters of mass ½, though X has three letters
    }

    [Fact]
    public void Below_the_first_transition_nothing_is_kept()
    {
        // Symmetric binary channel: the first direction enters at β = 1/(1 − 2ε)², the reciprocal squared correlation.
        double[,] joint = { { 0.4, 0.1 }, { 0.1, 0.4 } };
        double critical = 1 / (0.6 * 0.6);
        Assert.Equal(0, InformationBottleneck.Discrete(joint, 0.95 * critical).Relevance, 1e-5);
        Assert.True(InformationBottleneck.Discrete(joint, 1.1 * critical).Relevance > 1e-2);
    }

    [Fact]
    public void The_symmetric_binary_curve_is_Mrs_Gerbers()
    {
        // For X uniform and Y = X ⊕ Bernoulli(ε) the optimal T is X ⊕ Bernoulli(α): I(X;T) = ln 2 − h(α), I(T;Y) = ln 2 − h(α ∗ ε).
        double[,] joint = { { 0.45, 0.05 }, { 0.05, 0.45 } };
        Bottleneck found = InformationBottleneck.Discrete(joint, 2.5);
        double alpha = Enumerable.Range(1, 49_999).Select(i => i / 100_000.0).MinBy(a => Math.Abs(Math.Log(2) - ClosedForms.BinaryEntropy(a) - found.Compression));
        Assert.Equal(Math.Log(2) - ClosedForms.BinaryEntropy(alpha * 0.9 + (1 - alpha) * 0.1), found.Relevance, 1e-4);
    }

    [Fact]
    public void The_Gaussian_curve_has_its_phase_changes_and_its_slope()
    {
        Matrix<double> x = Matrix<double>.Build.DenseOfArray(new[,] { { 2.0, 0.3 }, { 0.3, 1 } }), y = Matrix<double>.Build.DenseIdentity(2);
        Matrix<double> cross = Matrix<double>.Build.DenseOfArray(new[,] { { 1.0, 0.1 }, { 0.2, 0.5 } });
        double[] critical = InformationBottleneck.Gaussian(x, cross, y, 1).CriticalBetas;
        Assert.Equal(2, critical.Length);
        Assert.Equal(0, InformationBottleneck.Gaussian(x, cross, y, critical[0] * 0.999).Compression);
        Assert.True(InformationBottleneck.Gaussian(x, cross, y, critical[0] * 1.001).Compression > 0);
        foreach (double beta in new[] { critical[0] * 1.05, critical[1] * 1.5, 20.0 })
        {
            // dI(T;X)/dI(T;Y) = β along the curve.
            GaussianBottleneck low = InformationBottleneck.Gaussian(x, cross, y, beta * (1 - 1e-5)), high = InformationBottleneck.Gaussian(x, cross, y, beta * (1 + 1e-5));
            Assert.Equal(beta, (high.Compression - low.Compression) / (high.Relevance - low.Relevance), 1e-3 * beta);
        }

        // In the limit T says all that X says about Y: −½ ln det(Σ_x|y Σ_x⁻¹).
        double all = -0.5 * Math.Log(((x - cross * cross.Transpose()) * x.Inverse()).Determinant());
        Assert.Equal(all, InformationBottleneck.Gaussian(x, cross, y, 1e6).Relevance, 1e-5);
    }

    [Fact]
    public void Bad_input_is_named()
    {
        Assert.Throws<NotADistributionException>(() => InformationBottleneck.Discrete(new[,] { { 0.5, 0.6 } }, 1));
        Assert.Throws<ArgumentException>(() => InformationBottleneck.Discrete(new[,] { { 0.5, 0.5 } }, -1));
        Matrix<double> one = Matrix<double>.Build.DenseIdentity(1);
        Assert.Throws<SingularCovarianceException>(() => InformationBottleneck.Gaussian(one, one, one, 2));
        Assert.Throws<SingularCovarianceException>(() => InformationBottleneck.Gaussian(one * 0, one, one, 2));
    }

    private static double Information(double[,] joint)
    {
        double sum = 0;
        for (int x = 0; x < joint.GetLength(0); x++)
        {
            for (int y = 0; y < joint.GetLength(1); y++)
            {
                double px = Enumerable.Range(0, joint.GetLength(1)).Sum(j => joint[x, j]), py = Enumerable.Range(0, joint.GetLength(0)).Sum(i => joint[i, y]);
                sum += joint[x, y] * Math.Log(joint[x, y] / (px * py));
            }
        }

        return sum;
    }
}
