using MathNet.Numerics.LinearAlgebra;

namespace ArKernel.Theory.RateDistortion;

/// <summary>
/// Sequential (causal, nonanticipative) rate-distortion of Gauss-Markov sources x_{t+1} = A x_t + w_t, w ~ N(0, W), under squared error: the least directed information
/// from the source to a reproduction that sees no future, per step and in nats.
/// </summary>
public static class SequentialRateDistortion
{
    /// <summary>One dimension: R(D) = max(0, ½ ln(a² + σ_w²/D)) (Gorbunov and Pinsker 1974; Tatikonda, Sahai and Mitter 2004).</summary>
    /// <param name="coefficient">a; it may be 1 or more, where the rate never falls below ln |a|.</param>
    /// <param name="noiseVariance">σ_w², positive.</param>
    /// <param name="distortion">D, positive.</param>
    /// <exception cref="ArgumentException">A variance or distortion is not positive.</exception>
    public static ScalarSequentialRate Scalar(double coefficient, double noiseVariance, double distortion)
    {
        Check.Finite([coefficient], "The coefficient");
        RequirePositive(noiseVariance, "The noise variance");
        RequirePositive(distortion, "The distortion");
        double stationary = Math.Abs(coefficient) < 1 ? noiseVariance / (1 - coefficient * coefficient) : double.PositiveInfinity;
        double reached = Math.Min(distortion, stationary), predicted = coefficient * coefficient * reached + noiseVariance;
        return new ScalarSequentialRate(distortion >= stationary ? 0 : 0.5 * Math.Log(coefficient * coefficient + noiseVariance / distortion), reached, predicted, 1 - reached / predicted, coefficient);
    }

    /// <summary>Independent components under the sum of their errors: D_i = min([−w_i + √(w_i² + 2 a_i² w_i/θ)] / (2 a_i²), w_i/(1 − a_i²)), with θ so that Σ D_i = D.</summary>
    /// <param name="coefficients">a_i.</param>
    /// <param name="noiseVariances">w_i, positive.</param>
    /// <param name="distortion">D, positive.</param>
    /// <exception cref="ArgumentException">There are not as many coefficients as variances, or a variance or the distortion is not positive.</exception>
    public static VectorRate Independent(double[] coefficients, double[] noiseVariances, double distortion)
    {
        if (coefficients.Length != noiseVariances.Length || coefficients.Length == 0)
        {
            throw new ArgumentException($"{coefficients.Length} coefficients and {noiseVariances.Length} noise variances; there must be as many, and at least one.");
        }

        Check.Finite(coefficients, "The coefficients");
        foreach (double variance in noiseVariances)
        {
            RequirePositive(variance, "A noise variance");
        }

        RequirePositive(distortion, "The distortion");
        double[] limits = [.. coefficients.Select((a, i) => Math.Abs(a) < 1 ? noiseVariances[i] / (1 - a * a) : double.PositiveInfinity)];
        double[] At(double theta) => [.. coefficients.Select((a, i) =>
        {
            // Written with the root in the denominator: no cancellation for small a, and 1/(2θ) for a = 0.
            double w = noiseVariances[i];
            return Math.Min(limits[i], w / theta / (w + Math.Sqrt(w * w + 2 * a * a * w / theta)));
        })];
        double low = 1e-300, high = 1e300; // At falls with θ
        if (limits.Sum() > distortion)
        {
            for (int i = 0; i < 2100 && high / low > 1 + 1e-15; i++)
            {
                double middle = Math.Sqrt(low) * Math.Sqrt(high);
                (low, high) = At(middle).Sum() > distortion ? (middle, high) : (low, middle);
            }
        }

        double[] distortions = limits.Sum() > distortion ? At(high) : limits;
        double rate = distortions.Select((d, i) => d >= limits[i] ? 0 : 0.5 * Math.Log(coefficients[i] * coefficients[i] + noiseVariances[i] / d)).Sum();
        return new VectorRate(rate, distortions.Sum(), limits.Sum() > distortion ? high : 0, distortions);
    }

    /// <summary>
    /// A vector source under total squared error: minimise ½ ln det(A P Aᵀ + W) − ½ ln det P over error covariances 0 &lt; P ≤ A P Aᵀ + W with tr P ≤ D. The problem is convex
    /// (Tanaka, Kim, Parrilo and Mitter 2017); it is solved by an interior-point method until the dual bound is as near as asked. ("Dynamic reverse water-filling" is
    /// wrong in general: Stavrou, Tanaka and Tatikonda 2018.)
    /// </summary>
    /// <param name="transition">A, [n, n]; it may be unstable.</param>
    /// <param name="noiseCovariance">W, [n, n], positive definite.</param>
    /// <param name="distortion">D, the stationary E‖x − y‖².</param>
    /// <param name="tolerance">The largest width of the rate's interval, in nats.</param>
    /// <exception cref="SingularCovarianceException">W is not symmetric and positive definite.</exception>
    /// <exception cref="NoConvergenceException">Rounding keeps the interval wider.</exception>
    public static SequentialRate GaussMarkov(Matrix<double> transition, Matrix<double> noiseCovariance, double distortion, double tolerance = 1e-8)
    {
        BlahutArimoto.RequireTolerance(tolerance);
        RequirePositive(distortion, "The distortion");
        Check.Finite(transition.ToArray(), "A");
        Check.Finite(noiseCovariance.ToArray(), "W");
        int n = transition.RowCount;
        if (transition.ColumnCount != n || noiseCovariance.RowCount != n || noiseCovariance.ColumnCount != n)
        {
            throw new ArgumentException($"A is [{n}, {transition.ColumnCount}] and W [{noiseCovariance.RowCount}, {noiseCovariance.ColumnCount}]; both must be square and of one size.");
        }

        double asymmetry = (noiseCovariance - noiseCovariance.Transpose()).L2Norm();
        double smallest = noiseCovariance.Evd(Symmetricity.Symmetric).EigenValues.Min(value => value.Real);
        if (asymmetry > 1e-10 * noiseCovariance.L2Norm() || !(smallest > 1e-13 * noiseCovariance.L2Norm()))
        {
            throw new SingularCovarianceException(
                $"W's smallest eigenvalue is {smallest:G4} and its asymmetry {asymmetry:G4}.", "The rate needs noise in every direction: add a small multiple of the identity, or leave out states that others determine.");
        }

        return new GaussMarkovProgram(transition, noiseCovariance, distortion).Solve(tolerance);
    }

    private static void RequirePositive(double value, string name)
    {
        if (!(value > 0) || !double.IsFinite(value))
        {
            throw new ArgumentException($"{name} is {value}; it must be positive.");
        }
    }
}

/// <summary>The sequential rate of a scalar source, and the filter that achieves it: y_t = a y_{t−1} + g (x_t − a y_{t−1}) + N(0, g D).</summary>
/// <param name="Rate">R(D) in nats a step.</param>
/// <param name="Distortion">The distortion reached: D, or the stationary variance where that is less.</param>
/// <param name="PredictedVariance">P⁻ = a² D + σ_w².</param>
/// <param name="Gain">g = 1 − D/P⁻.</param>
/// <param name="Coefficient">a.</param>
public sealed record ScalarSequentialRate(double Rate, double Distortion, double PredictedVariance, double Gain, double Coefficient) : TheoryResult
{
    /// <inheritdoc/>
    public override string Title => $"Sequential rate-distortion at D = {Quantity.Format(Distortion)}";

    /// <inheritdoc/>
    public override IReadOnlyList<Quantity> Quantities => [
        new("rate", Rate / Math.Log(2), "bits per step"), new("rate", Rate, "nats per step"), new("distortion", Distortion), new("predicted variance", PredictedVariance), new("gain", Gain)];

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters => [new("a", Coefficient)];
}

/// <summary>The sequential rate of a vector source.</summary>
/// <param name="Lower">The dual bound in nats a step.</param>
/// <param name="Rate">The rate of the covariance found, in nats a step: achieved.</param>
/// <param name="ErrorCovariance">P, [n, n].</param>
/// <param name="PredictedCovariance">P⁻ = A P Aᵀ + W, [n, n]. An observation of precision P⁻¹ − (P⁻)⁻¹ followed by a Kalman filter achieves the rate.</param>
/// <param name="Iterations">The Newton steps.</param>
/// <param name="Tolerance">The gap that was asked for, in nats.</param>
public sealed record SequentialRate(double Lower, double Rate, Matrix<double> ErrorCovariance, Matrix<double> PredictedCovariance, int Iterations, double Tolerance) : TheoryResult
{
    /// <summary>Where the rate lies, in nats a step.</summary>
    public Interval Interval => Interval.Certificate(Lower, Rate);

    /// <inheritdoc/>
    public override string Title => $"Sequential rate-distortion of a Gauss-Markov source at D = {Quantity.Format(ErrorCovariance.Trace())}";

    /// <inheritdoc/>
    public override IReadOnlyList<Quantity> Quantities => [
        new("rate", Rate / Math.Log(2), "bits per step", Interval.Certificate(Lower / Math.Log(2), Rate / Math.Log(2))), new("rate", Rate, "nats per step", Interval),
        new("distortion", ErrorCovariance.Trace())];

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters => [new("dimension", ErrorCovariance.RowCount), new("iterations", Iterations), new("gap at most", Tolerance)];
}
