namespace ArKernel.Theory.Scaling;

/// <summary>What the paper measured of one kind of data.</summary>
/// <param name="Domain">The kind of data.</param>
/// <param name="Size">L(N): loss in nats a token against the parameters without embeddings.</param>
/// <param name="Compute">L(C): loss against compute in PF-days, at the best size for it; null where the table gives it for another row.</param>
/// <param name="OptimalSize">N_opt(C), C in PF-days; null where the table gives it for another row.</param>
public sealed record ScalingLawRow(string Domain, ScalingLaw Size, ScalingLaw? Compute, OptimalSizeLaw? OptimalSize);

/// <summary>The compute law of a whole image: (C/C₁)^−α + irreducible nats.</summary>
/// <param name="Domain">The kind of image.</param>
/// <param name="Tokens">Tokens in an image.</param>
/// <param name="OneNatCompute">C₁, the compute at which one nat an image is left, in PF-days, as printed.</param>
/// <param name="Irreducible">Nats an image that no compute takes away, as printed.</param>
public sealed record ImageLawRow(string Domain, int Tokens, double OneNatCompute, double Irreducible);

/// <summary>
/// The measured laws of Henighan et al., <em>Scaling Laws for Autoregressive Generative Modeling</em> (2020), tables 1 and 3, as printed: to be
/// compared with one's own.
/// </summary>
public static class ScalingLawTable
{
    /// <summary>Table 1. Language has no constant: its irreducible loss is too small to be seen.</summary>
    public static IReadOnlyList<ScalingLawRow> Henighan { get; } =
    [
        new("language", new(0, 1.47e14, 0.070), new(0, 3.47e8, 0.048), new(3.3e-13, 0.73)),
        new("image 8x8", new(3.12, 8.0e1, 0.24), new(3.13, 1.8e-8, 0.19), new(5.3e-14, 0.64)),
        new("image 16x16", new(2.64, 2.8e2, 0.22), new(2.64, 1.6e-8, 0.16), new(4.8e-12, 0.75)),
        new("image 32x32", new(2.20, 6.3e1, 0.13), new(2.21, 3.6e-9, 0.10), new(1.6e-13, 0.65)),
        new("image VQ 16x16", new(3.99, 2.7e4, 0.13), new(4.09, 6.1e-7, 0.11), new(6.2e-14, 0.64)),
        new("image VQ 32x32", new(3.07, 1.9e4, 0.14), new(3.17, 2.6e-6, 0.12), new(9.4e-13, 0.70)),
        new("text-to-image, text", new(0, 5.6e8, 0.037), null, null),
        new("text-to-image, image", new(2.0, 5.1e3, 0.16), new(1.93, 1.5e-6, 0.15), new(9.4e-13, 0.70)),
        new("image-to-text, text", new(0, 7.0e8, 0.039), null, null),
        new("image-to-text, image", new(2.0, 5.5e3, 0.15), new(1.97, 1.5e-6, 0.16), new(3.3e-12, 0.72)),
        new("video VQ 16x16x16", new(1.01, 3.7e4, 0.24), new(0.95, 2.2e-5, 0.14), new(1.13e-12, 0.71)),
        new("math", new(0.28, 1.1e4, 0.16), new(0.14, 1.4e-5, 0.17), new(2.3e-12, 0.69)),
    ];

    /// <summary>
    /// Table 3. C₁ = C₀ M^(1/α) follows from table 1 for every row but the first, whose printed 1.9e3 is a tenth of what follows, 1.87e4.
    /// </summary>
    public static IReadOnlyList<ImageLawRow> HenighanImages { get; } =
    [
        new("image 8x8", 192, 1.9e3, 602),
        new("image 16x16", 768, 1.7e10, 2026),
        new("image 32x32", 3072, 2.7e26, 6806),
        new("image VQ 16x16", 256, 4.7e15, 1047),
        new("image VQ 32x32", 1024, 3.1e19, 3246),
    ];

    /// <summary>The row of table 1 for a kind of data.</summary>
    /// <param name="domain">Its name, such as <c>image 16x16</c>.</param>
    /// <exception cref="ArgumentException">There is no such row.</exception>
    public static ScalingLawRow Of(string domain) => Henighan.FirstOrDefault(row => row.Domain == domain)
        ?? throw new ArgumentException($"The table has no '{domain}'; it has {string.Join(", ", Henighan.Select(row => $"'{row.Domain}'"))}.");
}
