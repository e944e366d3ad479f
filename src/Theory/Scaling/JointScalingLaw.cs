namespace ArKernel.Theory.Scaling;

/// <summary>How size and data act together.</summary>
public enum JointForm
{
    /// <summary>L(N, D) = E + A/N^α + B/D^β (Hoffmann et al. 2022, eq. 2): each shortage adds its own loss.</summary>
    Hoffmann,

    /// <summary>L(N, D) = [(N_c/N)^(α/β) + D_c/D]^β (Kaplan et al. 2020, eq. 1.5): the scarcer one dominates, and there is no constant.</summary>
    Kaplan,
}

/// <summary>A loss as a function of parameters and data.</summary>
/// <param name="Form">How they act together.</param>
/// <param name="Irreducible">E, in nats; 0 in Kaplan's form.</param>
/// <param name="SizeScale">N_c = A^(1/α): the size at which, with endless data, one nat (above E) is left.</param>
/// <param name="SizeExponent">α.</param>
/// <param name="DataScale">D_c = B^(1/β): the tokens at which, with endless parameters, one nat (above E) is left.</param>
/// <param name="DataExponent">β.</param>
public sealed record JointScalingLaw(JointForm Form, double Irreducible, double SizeScale, double SizeExponent, double DataScale, double DataExponent)
{
    /// <summary>L(N, D), in nats a token.</summary>
    /// <param name="parameters">N.</param>
    /// <param name="tokens">D.</param>
    public double Loss(double parameters, double tokens) => Form == JointForm.Hoffmann
        ? Irreducible + Math.Pow(SizeScale / parameters, SizeExponent) + Math.Pow(DataScale / tokens, DataExponent)
        : Math.Pow(Math.Pow(SizeScale / parameters, SizeExponent / DataExponent) + DataScale / tokens, DataExponent);

    /// <summary>
    /// The size with the least loss for C = 6 N D, from ∂L/∂ ln N = 0 at constant ND: N = G (C/6)^(β/(α+β)) in Hoffmann's form, with
    /// G = (αA/βB)^(1/(α+β)); in Kaplan's, with α/β for α and 1 for β, the same.
    /// </summary>
    /// <param name="flops">C, in FLOP.</param>
    /// <returns>N and D.</returns>
    public (double Parameters, double Tokens) Optimum(double flops)
    {
        (double a, double b) = Form == JointForm.Hoffmann ? (SizeExponent, DataExponent) : (SizeExponent / DataExponent, 1);
        double size = Math.Exp((Math.Log(a / b) + a * Math.Log(SizeScale) - b * Math.Log(DataScale) + b * Math.Log(flops / 6)) / (a + b));
        return (size, flops / (6 * size));
    }

    /// <summary>The exponent of N_opt(C): β/(α+β), in Kaplan's form β/(α+β) as well.</summary>
    public double OptimalSizeExponent => DataExponent / (SizeExponent + DataExponent);

    /// <summary>The formula with its numbers.</summary>
    public override string ToString() => Form == JointForm.Hoffmann
        ? $"L(N, D) = {Quantity.Format(Irreducible)} + ({Quantity.Format(SizeScale)} / N)^{Quantity.Format(SizeExponent)} + ({Quantity.Format(DataScale)} / D)^{Quantity.Format(DataExponent)}"
        : $"L(N, D) = [({Quantity.Format(SizeScale)} / N)^({Quantity.Format(SizeExponent)}/{Quantity.Format(DataExponent)}) + {Quantity.Format(DataScale)} / D]^{Quantity.Format(DataExponent)}";
}
