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
}
