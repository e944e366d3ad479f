using MathNet.Numerics.LinearAlgebra;

namespace ArKernel.Theory.RateDistortion;

/// <summary>
/// The information bottleneck (Tishby, Pereira and Bialek 1999): a representation T of X that keeps little of X and much of Y, minimising
/// I(X;T) − β I(T;Y).
/// </summary>
public static class InformationBottleneck
{
    private const int IterationLimit = 20_000;

    /// <summary>
    /// A representation of discrete variables by the self-consistent iteration p(t|x) ∝ p(t) e^{−β KL(p(y|x) ‖ p(y|t))}. The problem is not convex: the best of several starts is
    /// returned, each followed from large β, where every letter has its own cluster, down to the β asked for, and no bound on the optimum comes with it.
    /// </summary>
    /// <param name="joint">p(x, y), [x, y].</param>
    /// <param name="beta">β, the worth of a nat about Y in nats about X.</param>
    /// <param name="clusters">The largest number of values of T; 0 means as many as x.</param>
    /// <param name="starts">How many starts.</param>
    /// <param name="seed">The seed of the starts.</param>
    /// <param name="tolerance">The iteration ends when I(X;T) − β I(T;Y) changes by less, in nats.</param>
    /// <exception cref="NotADistributionException">The joint distribution is negative somewhere or does not sum to 1.</exception>
    /// <exception cref="NotFiniteException">An entry is NaN or infinite.</exception>
    public static Bottleneck Discrete(double[,] joint, double beta, int clusters = 0, int starts = 4, int seed = 1, double tolerance = 1e-12)
    {
        Check.Distribution(joint.Cast<double>().ToArray(), "The joint distribution");
        BlahutArimoto.RequireTolerance(tolerance);
        if (!(beta >= 0) || !double.IsFinite(beta) || clusters < 0 || starts < 1)
        {
            throw new ArgumentException($"β = {beta}, {clusters} clusters and {starts} starts; β must be finite and at least 0, clusters at least 0 and starts at least 1.");
        }

        var problem = new BottleneckIteration(joint, clusters == 0 ? joint.GetLength(0) : clusters);
        Bottleneck? best = null;
        for (int start = 0; start < starts; start++)
        {
            problem.Start(new Random(HashCode.Combine(seed, start)), start == 0);
            double[] path = [.. Enumerable.Range(0, 12).Select(i => beta * Math.Pow(2, (11 - i) / 3.0))];
            int iterations = 0;
            foreach (double current in path)
            {
                bool last = current == path[^1];
                double value = double.PositiveInfinity;
                for (int i = 0; i < (last ? IterationLimit : 200); i++)
                {
                    double next = problem.Step(current);
                    iterations++;
                    if (Math.Abs(value - next) <= tolerance)
                    {
                        break;
                    }

                    value = next;
                }
            }

            Bottleneck found = problem.Result(beta, iterations, seed, starts);
            if (best is null || found.Lagrangian < best.Lagrangian)
            {
                best = found;
            }
        }

        return best!;
    }

    /// <summary>
    /// Jointly Gaussian variables, in closed form (Chechik, Globerson, Tishby and Weiss 2005): with λ_i the eigenvalues of Σ_{x|y} Σ_x⁻¹, a direction enters
    /// at β_i = 1/(1 − λ_i), and I(T;X) = ½ Σ ln((β−1)(1−λ_i)/λ_i), I(T;Y) = I(T;X) − ½ Σ ln(β(1−λ_i)) over those that have entered.
    /// </summary>
    /// <param name="covarianceX">Σ_x, [n, n].</param>
    /// <param name="covarianceXY">Σ_xy, [n, m].</param>
    /// <param name="covarianceY">Σ_y, [m, m].</param>
    /// <param name="beta">β, at least 0.</param>
    /// <exception cref="SingularCovarianceException">Σ_x or Σ_y has no inverse, or a part of X is a function of Y.</exception>
    public static GaussianBottleneck Gaussian(Matrix<double> covarianceX, Matrix<double> covarianceXY, Matrix<double> covarianceY, double beta)
    {
        // With whitening L⁻¹ Σ_{x|y} L⁻ᵀ the eigenproblem is symmetric, and its eigenvalues are 1 − ρ², ρ the canonical correlations.
        Matrix<double> whitening = Cholesky(covarianceX, "Σ_x").Inverse();
        Matrix<double> cross = whitening * covarianceXY * Cholesky(covarianceY, "Σ_y").Inverse().Transpose();
        double[] eigenvalues = [.. (Matrix<double>.Build.DenseIdentity(covarianceX.RowCount) - cross * cross.Transpose()).Evd(Symmetricity.Symmetric).EigenValues.Select(value => value.Real).Order()];
        if (eigenvalues[0] < 1e-12)
        {
            throw new SingularCovarianceException($"The smallest eigenvalue of Σ_x|y Σ_x⁻¹ is {eigenvalues[0]:G3}: some part of X is a function of Y.", "Its information is infinite; add noise to it or leave it out.");
        }

        double compression = 0, relevance = 0;
        List<double> critical = [];
        foreach (double eigenvalue in eigenvalues)
        {
            double distance = 1 - eigenvalue;
            if (distance > 1e-12)
            {
                critical.Add(1 / distance);
                if (beta > 1 / distance)
                {
                    double bits = 0.5 * Math.Log((beta - 1) * distance / eigenvalue);
                    compression += bits;
                    relevance += bits - 0.5 * Math.Log(beta * distance);
                }
            }
        }

        return new GaussianBottleneck(compression, relevance, beta, [.. critical]);
    }

    private static Matrix<double> Cholesky(Matrix<double> covariance, string name)
    {
        Check.Finite(covariance.ToArray(), name);
        try
        {
            return covariance.Cholesky().Factor;
        }
        catch (ArgumentException)
        {
            throw new SingularCovarianceException($"{name}, [{covariance.RowCount}, {covariance.ColumnCount}], is not positive definite.", "Remove variables that others determine, or add a little to the diagonal.");
        }
    }
}

/// <summary>A representation of discrete variables.</summary>
/// <param name="Compression">I(X;T) in nats.</param>
/// <param name="Relevance">I(T;Y) in nats.</param>
/// <param name="Beta">β.</param>
/// <param name="Encoder">p(t|x), [x, t].</param>
/// <param name="Iterations">The iterations of the start that was best.</param>
/// <param name="Starts">How many starts were tried.</param>
/// <param name="StartSeed">Their seed.</param>
public sealed record Bottleneck(double Compression, double Relevance, double Beta, double[,] Encoder, int Iterations, int Starts, int StartSeed) : TheoryResult
{
    /// <summary>I(X;T) − β I(T;Y).</summary>
    public double Lagrangian => Compression - Beta * Relevance;

    /// <inheritdoc/>
    public override string Title => $"Information bottleneck at β = {Quantity.Format(Beta)}";

    /// <inheritdoc/>
    public override IReadOnlyList<Quantity> Quantities => [
        new("I(X;T)", Compression, "nats") { Note = "the best of several starts; not certified" }, new("I(T;Y)", Relevance, "nats"), new("Lagrangian", Lagrangian, "nats")];

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters => [new("clusters", Encoder.GetLength(1)), new("starts", Starts), new("iterations", Iterations)];

    /// <inheritdoc/>
    public override int? Seed => StartSeed;

    /// <inheritdoc/>
    public override IReadOnlyList<Chart> Charts => [new HeatMapChart("Encoder p(t|x)", "t", "x", Encoder)];
}

/// <summary>The bottleneck of Gaussian variables.</summary>
/// <param name="Compression">I(X;T) in nats.</param>
/// <param name="Relevance">I(T;Y) in nats.</param>
/// <param name="Beta">β.</param>
/// <param name="CriticalBetas">The β at which each direction enters, ascending.</param>
public sealed record GaussianBottleneck(double Compression, double Relevance, double Beta, double[] CriticalBetas) : TheoryResult
{
    /// <inheritdoc/>
    public override string Title => $"Gaussian information bottleneck at β = {Quantity.Format(Beta)}";

    /// <inheritdoc/>
    public override IReadOnlyList<Quantity> Quantities => [
        new("I(X;T)", Compression, "nats"), new("I(T;Y)", Relevance, "nats"),
        new("directions in use", CriticalBetas.Count(critical => Beta > critical))];

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters => [new("critical β", string.Join(", ", CriticalBetas.Select(Quantity.Format)))];
}
