using static TorchSharp.torch;

namespace ArKernel.Codecs;

/// <summary>
/// Residual token maps of growing side (VAR: Tian et al. 2024, algorithms 1 and 2): at scale k the residual R is averaged down to s_k × s_k, each pixel gets
/// its nearest code, and what the codes add at full size, h_k, goes from R to the sum f̂. With <see cref="FrequencyBands"/> the latent arrives band by band,
/// f_k at scale k, so that early maps code low frequencies (NFIG); without, all of it arrives at the first. With equal sides it is the residual quantizer of
/// RQ-VAE (Lee et al. 2022), and with a single one a plain vector quantizer. R + f̂ = Σ_{j≤k} f_j holds throughout.
/// </summary>
public sealed class MultiScaleQuantizer : Quantizer
{
    private readonly Codebook codebook;
    private readonly ScaleUpsampler upsampler;
    private readonly double commitment;

    /// <summary>Creates the quantizer.</summary>
    /// <param name="codebook">The codes, shared by all scales.</param>
    /// <param name="scales">The sides of the maps; the last is that of the latent.</param>
    /// <param name="side">Rows and columns of the latent.</param>
    /// <param name="convolutions">How many different φ the scales share; 0 for none.</param>
    /// <param name="convolutionShare">The share of the convolution in φ (ρ).</param>
    /// <param name="bands">The frequency bands in which the latent arrives, one a scale, or null for all of it at the first.</param>
    /// <param name="commitment">The weight of the commitment loss (β).</param>
    /// <exception cref="ArgumentException">The scales or the bands do not fit the latent; the message names both.</exception>
    public MultiScaleQuantizer(
        CodebookConfiguration codebook,
        ScaleList scales,
        int side,
        int convolutions = 4,
        double convolutionShare = 0.5,
        FrequencyBands? bands = null,
        double commitment = 0.25)
        : base(nameof(MultiScaleQuantizer), codebook.Channels, side, side, codebook.Size, scales.TokenCount)
    {
        if (scales.Sides[^1] != side)
        {
            throw new ArgumentException(
                $"MultiScaleQuantizer: the scales are {scales}, but the latent is {side}×{side}. The last scale must be {side}: change the scales, or the image's side or the encoder's reduction.",
                nameof(scales));
        }

        if (bands is not null && (bands.Height != side || bands.Width != side || bands.CoefficientCounts.Count != scales.Count))
        {
            throw new ArgumentException(
                $"MultiScaleQuantizer: there are {bands.CoefficientCounts.Count} bands of {bands.Height}×{bands.Width} maps for {scales.Count} scales of a {side}×{side} latent; make one band a scale.",
                nameof(bands));
        }

        this.codebook = new Codebook(codebook);
        upsampler = new ScaleUpsampler(scales, codebook.Channels, convolutions, convolutionShare);
        (Scales, Bands, this.commitment) = (scales, bands, commitment);
        RegisterComponents();
    }

    /// <summary>A residual quantizer: <paramref name="depth"/> maps of the latent's own side, each coding what the ones before left (Lee et al. 2022).</summary>
    /// <param name="codebook">The codes, shared by all depths.</param>
    /// <param name="side">Rows and columns of the latent.</param>
    /// <param name="depth">Codes a latent pixel (D).</param>
    public static MultiScaleQuantizer Residual(CodebookConfiguration codebook, int side, int depth) =>
        new(codebook, new ScaleList([.. Enumerable.Repeat(side, depth)]), side, convolutions: 0);

    /// <summary>NFIG's quantizer: map k codes frequency band k, and what the coarser maps left.</summary>
    /// <param name="codebook">The codes, shared by all scales.</param>
    /// <param name="scales">The sides of the maps; the last is that of the latent.</param>
    /// <param name="side">Rows and columns of the latent.</param>
    /// <param name="rule">Where the edges between bands lie.</param>
    public static MultiScaleQuantizer Frequency(CodebookConfiguration codebook, ScaleList scales, int side, BandRule rule = BandRule.SideProportional) =>
        new(codebook, scales, side, bands: new FrequencyBands(side, side, scales.Sides, rule));

    /// <summary>The codes.</summary>
    public Codebook Codebook => codebook;

    /// <summary>The sides of the maps.</summary>
    public ScaleList Scales { get; }

    /// <summary>The frequency bands in which the latent arrives, or null.</summary>
    public FrequencyBands? Bands { get; }

    /// <inheritdoc/>
    public override CodebookUsage Usage => codebook.Usage;

    /// <inheritdoc/>
    public override Quantization Quantize(Tensor latent)
    {
        CheckLatent(latent);
        Tensor[] arrivals = Arrivals(latent);
        (Tensor tokens, Tensor compared) = Search(arrivals);
        Tensor sum = zeros_like(latent), target = zeros_like(latent), loss = zeros(1, latent.dtype, latent.device).sum();
        Tensor[] maps = Scales.Split(tokens);
        for (int scale = 0; scale < Scales.Count; scale++)
        {
            sum = sum + Contribution(scale, Embed(scale, maps[scale]));
            target = scale < arrivals.Length ? target + arrivals[scale] : target;
            loss = loss + nn.functional.mse_loss(sum, target.detach()) + nn.functional.mse_loss(target, sum.detach()) * commitment;
        }

        codebook.Learn(compared, tokens.flatten());
        return new Quantization(latent + (sum - latent).detach(), tokens, loss / Scales.Count);
    }

    /// <inheritdoc/>
    public override Tensor Encode(Tensor latent)
    {
        CheckLatent(latent);
        using IDisposable noGradient = no_grad();
        using var scope = NewDisposeScope();
        return Search(Arrivals(latent)).Tokens.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Decode(Tensor tokens)
    {
        using var scope = NewDisposeScope();
        return PartialSums(tokens)[^1].MoveToOuterDisposeScope();
    }

    /// <summary>The latent as it is known after each scale (f̂_k).</summary>
    /// <param name="tokens">[batch, tokens] int64.</param>
    /// <returns>A scale: [batch, channels, height, width].</returns>
    public Tensor[] PartialSums(Tensor tokens)
    {
        CheckTokens(tokens);
        Tensor[] sums = [.. Scales.Split(tokens).Select((map, scale) => Contribution(scale, Embed(scale, map)))];
        for (int scale = 1; scale < sums.Length; scale++)
        {
            sums[scale] = sums[scale - 1] + sums[scale];
        }

        return sums;
    }

    /// <summary>The codes of one scale's tokens.</summary>
    /// <param name="scale">The scale, from 0.</param>
    /// <param name="tokens">[batch, side · side] int64.</param>
    /// <returns>[batch, channels, side, side].</returns>
    public Tensor Embed(int scale, Tensor tokens) => ToMap(codebook.Lookup(tokens), tokens.shape[0], Scales.Sides[scale], Scales.Sides[scale]);

    /// <summary>What one scale adds to the sum (h_k).</summary>
    /// <param name="scale">The scale, from 0.</param>
    /// <param name="embeddings">[batch, channels, side, side].</param>
    /// <returns>[batch, channels, height, width].</returns>
    public Tensor Contribution(int scale, Tensor embeddings) => upsampler.Forward(scale, embeddings);

    /// <summary>One scale of decoding: adds what its codes add, and gives what the transformer takes in at the next scale.</summary>
    /// <param name="scale">The scale whose codes are known now, from 0.</param>
    /// <param name="sum">[batch, channels, height, width]: the sum before it (f̂), or null before the first.</param>
    /// <param name="embeddings">[batch, channels, side, side]: its codes.</param>
    /// <returns>The sum with it, and that sum averaged down to the next side [batch, channels, next side, next side], or null after the last.</returns>
    public (Tensor Sum, Tensor? Next) Advance(int scale, Tensor? sum, Tensor embeddings)
    {
        Tensor contribution = Contribution(scale, embeddings);
        Tensor next = sum is null ? contribution : sum + contribution;
        return (next, scale + 1 < Scales.Count ? Down(next, scale + 1) : null);
    }

    /// <summary>What the transformer takes in at every scale but the first when all tokens are known (teacher forcing): area(f̂_{k−1}, s_k × s_k).</summary>
    /// <param name="tokens">[batch, tokens] int64; those of the last scale are not looked at.</param>
    /// <returns>[batch, tokens − s_1², channels].</returns>
    public Tensor TeacherInputs(Tensor tokens)
    {
        CheckTokens(tokens);
        if (Scales.Count == 1)
        {
            return zeros([tokens.shape[0], 0, Channels], codebook.Codes.dtype, tokens.device);
        }

        Tensor[] maps = Scales.Split(tokens);
        List<Tensor> inputs = [];
        Tensor? sum = null;
        for (int scale = 0; scale + 1 < Scales.Count; scale++)
        {
            (sum, Tensor? next) = Advance(scale, sum, Embed(scale, maps[scale]));
            inputs.Add(next!.flatten(2).transpose(1, 2));
        }

        return cat(inputs, 1);
    }

    /// <summary>
    /// Which tokens of an image to keep while the others are drawn anew (VAR, section 5.3): the mask of pixels at the size of each scale, resized bilinearly,
    /// above one half. Choose with <c>where(keep, given, drawn)</c>.
    /// </summary>
    /// <param name="mask">[height, width] or [batch, height, width] of the latent, true where the image is kept.</param>
    /// <param name="keepCoarsest">Whether maps of three or fewer tokens are kept whole, as VAR does.</param>
    /// <returns>[batch, tokens] bool; batch is 1 for a single mask.</returns>
    public Tensor KeepMask(Tensor mask, bool keepCoarsest = true)
    {
        if (mask.dim() is not (2 or 3) || mask.shape[^2] != Height || mask.shape[^1] != Width)
        {
            throw new ArgumentException($"MultiScaleQuantizer: the mask is [{string.Join(", ", mask.shape)}]; it must be [{Height}, {Width}] or [batch, {Height}, {Width}].", nameof(mask));
        }

        using var scope = NewDisposeScope();
        Tensor whole = mask.to(ScalarType.Float32).reshape(-1, 1, Height, Width);
        Tensor[] kept = [.. Scales.Sides.Select(side =>
            keepCoarsest && side * side <= 3
                ? ones([whole.shape[0], side * side], ScalarType.Bool, mask.device)
                : (nn.functional.interpolate(whole, [side, side], mode: InterpolationMode.Bilinear, align_corners: false) > 0.5).flatten(1))];
        return cat(kept, 1).MoveToOuterDisposeScope();
    }

    /// <summary>Averages a full-size map down to the side of a scale, as adaptive average pooling does.</summary>
    internal Tensor Down(Tensor map, int scale)
    {
        long side = Scales.Sides[scale];
        return side == Height ? map : nn.functional.adaptive_avg_pool2d(map, [side, side]);
    }

    /// <summary>What of the latent arrives at each scale.</summary>
    internal Tensor[] Arrivals(Tensor latent) => Bands is null ? [latent] : Bands.Split(latent);

    /// <summary>The tokens, and the vectors they were found for in the same sequence [batch · tokens, channels].</summary>
    private (Tensor Tokens, Tensor Compared) Search(Tensor[] arrivals)
    {
        using IDisposable noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor residual = zeros_like(arrivals[0]);
        List<Tensor> tokens = [], vectors = [];
        long batch = residual.shape[0];
        for (int scale = 0; scale < Scales.Count; scale++)
        {
            residual = scale < arrivals.Length ? residual + arrivals[scale] : residual;
            Tensor rows = codebook.Project(ToRows(Down(residual, scale)));
            Tensor found = codebook.Nearest(rows).view(batch, -1);
            residual = residual - Contribution(scale, Embed(scale, found));
            tokens.Add(found);
            vectors.Add(rows.view(batch, -1, Channels));
        }

        return (cat(tokens, 1).MoveToOuterDisposeScope(), cat(vectors, 1).flatten(0, 1).MoveToOuterDisposeScope());
    }
}
