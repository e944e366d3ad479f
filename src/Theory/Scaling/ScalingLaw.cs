namespace ArKernel.Theory.Scaling;

/// <summary>
/// L(x) = L∞ + (x₀/x)^α: a loss that falls with the number of parameters, the compute or the data (Henighan et al. 2020, eq. 1.1). The
/// constant estimates the entropy of the data, the power law the divergence D_KL(data‖model) that is left.
/// </summary>
/// <param name="Irreducible">L∞, in nats.</param>
/// <param name="Scale">x₀: where one nat is left; in the unit of x.</param>
/// <param name="Exponent">α.</param>
public sealed record ScalingLaw(double Irreducible, double Scale, double Exponent)
{
    /// <summary>L(x), in nats.</summary>
    /// <param name="x">Parameters, compute or data.</param>
    public double Loss(double x) => Irreducible + Reducible(x);

    /// <summary>(x₀/x)^α: the part of the loss that a larger x still takes away, in nats.</summary>
    /// <param name="x">Parameters, compute or data.</param>
    public double Reducible(double x) => Math.Pow(Scale / x, Exponent);

    /// <summary>The x at which so much reducible loss is left.</summary>
    /// <param name="reducible">In nats, above 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is not above 0: no finite x reaches that.</exception>
    public double ForReducible(double reducible)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(reducible);
        return Scale * Math.Pow(reducible, -1 / Exponent);
    }

    /// <summary>The same law for a sequence of so many tokens: M·L(x) = M·L∞ + (x₀ M^(1/α) / x)^α.</summary>
    /// <param name="tokens">M, tokens in a sequence.</param>
    public ScalingLaw PerSequence(double tokens) => new(tokens * Irreducible, Scale * Math.Pow(tokens, 1 / Exponent), Exponent);

    /// <summary><c>L(x) = 2.2 + (63 / x)^0.13</c>.</summary>
    public override string ToString() => $"L(x) = {(Irreducible == 0 ? "" : $"{Quantity.Format(Irreducible)} + ")}({Quantity.Format(Scale)} / x)^{Quantity.Format(Exponent)}";
}

/// <summary>N_opt(C) = (C/C₀)^β: the number of parameters that uses a compute budget best.</summary>
/// <param name="Scale">C₀, in the unit of C.</param>
/// <param name="Exponent">β.</param>
public sealed record OptimalSizeLaw(double Scale, double Exponent)
{
    /// <summary>N_opt(C).</summary>
    /// <param name="compute">C.</param>
    public double Parameters(double compute) => Math.Pow(compute / Scale, Exponent);

    /// <summary>
    /// C(D), the compute at which D tokens suffice: C = 6 N D with N = N_opt(C), so that D grows as C^(1−β) (section 6 of the paper).
    /// </summary>
    /// <returns>C(D) = coefficient · D^exponent.</returns>
    /// <param name="unit">The FLOP in a unit of C: <see cref="TransformerCost.PetaflopDay"/> for PF-days, 1 for FLOP.</param>
    /// <exception cref="InvalidOperationException">β is 1 or more: then the data do not grow with compute.</exception>
    public (double Coefficient, double Exponent) ComputeForTokens(double unit = TransformerCost.PetaflopDay)
    {
        if (Exponent >= 1)
        {
            throw new InvalidOperationException($"With β = {Exponent} the data do not grow with compute; C(D) needs β < 1.");
        }

        double exponent = 1 / (1 - Exponent);
        // C·unit = 6 D (C/C₀)^β ⇒ C^(1−β) = 6 D C₀^−β / unit.
        return (Math.Pow(6 * Math.Pow(Scale, -Exponent) / unit, exponent), exponent);
    }

    /// <summary>
    /// The compute beyond which L(C), extrapolated, promises less than L(D) leaves of the data that N_opt(C) lets one see, so that one of the two laws
    /// must bend (section 6 of the paper). Both losses fall as powers above it.
    /// </summary>
    /// <returns>C, in its unit; infinite where the laws never cross above <paramref name="from"/>.</returns>
    /// <param name="compute">L(C).</param>
    /// <param name="data">L(D).</param>
    /// <param name="from">A compute at which L(C) still lies above L(D), such as the largest measured.</param>
    /// <param name="unit">The FLOP in a unit of C: <see cref="TransformerCost.PetaflopDay"/> for PF-days, 1 for FLOP.</param>
    /// <exception cref="ArgumentException">At <paramref name="from"/> L(C) lies below L(D) already.</exception>
    public double Crossing(ScalingLaw compute, ScalingLaw data, double from, double unit = TransformerCost.PetaflopDay)
    {
        const double Decades = 60;
        double Above(double logC) => compute.Loss(Math.Exp(logC)) - data.Loss(Math.Exp(logC) * unit / (6 * Parameters(Math.Exp(logC))));
        double start = Math.Log(from), step = Math.Log(10) / 8;
        if (!(Above(start) > 0))
        {
            throw new ArgumentException($"At C = {from:G4} L(C) = {compute.Loss(from):G5} nats does not lie above L(D) = {compute.Loss(from) - Above(start):G5}; begin with less compute.", nameof(from));
        }

        for (double at = start; at < start + Decades * Math.Log(10); at += step)
        {
            if (Above(at + step) <= 0)
            {
                return Math.Exp(MathNet.Numerics.RootFinding.Brent.FindRoot(Above, at, at + step, 1e-12, 200));
            }
        }

        return double.PositiveInfinity;
    }
}
