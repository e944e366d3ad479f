using ArKernel.Recipes;

namespace ArKernel;

/// <summary>What a paper claims of its system, and what ours measured.</summary>
/// <param name="What">The claim.</param>
/// <param name="Paper">The paper's figure.</param>
/// <param name="Ours">Ours, at the size of the notebook; null where it has not been measured.</param>
public sealed record CatalogClaim(string What, string Paper, string? Ours = null);

/// <summary>A published system as a filling of the slots.</summary>
/// <param name="Name">What the field calls it.</param>
/// <param name="Title">The title of its paper.</param>
/// <param name="Year">The year of its paper.</param>
/// <param name="Family">What its unit is, in the taxonomy of "Autoregressive Models in Vision: A Survey" (Xiong et al. 2024) for images.</param>
/// <param name="Recipe">The class in <c>ArKernel.Recipes</c> that composes it.</param>
public sealed record CatalogEntry(string Name, string Title, int Year, string Family, string Recipe)
{
    /// <summary>What is a token?</summary>
    public required string Codec { get; init; }

    /// <summary>Which tokens are predicted together, and in what sequence?</summary>
    public required string Order { get; init; }

    /// <summary>What stands at a position that is about to be predicted?</summary>
    public required string Query { get; init; }

    /// <summary>How does a position see its context?</summary>
    public required string Backbone { get; init; }

    /// <summary>What distribution does a group get?</summary>
    public required string Head { get; init; }

    /// <summary>How is it sampled?</summary>
    public required string Decoder { get; init; }

    /// <summary>What is minimised?</summary>
    public required string Objective { get; init; }

    /// <summary>The notebook that reproduces it, by its file name; null where there is none yet.</summary>
    public string? Notebook { get; init; }

    /// <summary>What its paper claims.</summary>
    public IReadOnlyList<CatalogClaim> Claims { get; init; } = [];
}

/// <summary>Every system of the library, and how it fills the slots.</summary>
public static class Catalog
{
    private const string Likelihood = "likelihood", Cached = "ancestral with cache", Guided = "ancestral with cache, guidance";
    private const string Token = "token-based", Scale = "scale-based", Pixel = "pixel-based", Text = "text";
    private const string Llama = "causal transformer, rows and columns rotated";

    /// <summary>The systems, by family and year.</summary>
    public static IReadOnlyList<CatalogEntry> Systems { get; } =
    [
        new("GPT-2, Llama", "Language Models are Unsupervised Multitask Learners; LLaMA: Open and Efficient Foundation Language Models", 2019, Text, nameof(NextToken))
        {
            Codec = "BPE or bytes", Order = "raster", Query = "previous token", Backbone = "causal transformer", Head = "categorical", Decoder = Cached, Objective = Likelihood,
            Notebook = "01-next-token.ipynb",
        },
        new("iGPT", "Generative Pretraining from Pixels", 2020, Pixel, nameof(NextPixel))
        {
            Codec = "pixels", Order = "raster", Query = "previous token", Backbone = "causal transformer", Head = "categorical", Decoder = Guided, Objective = Likelihood,
            Notebook = "02-pixels.ipynb",
        },
        new("LlamaGen", "Autoregressive Model Beats Diffusion: Llama for Scalable Image Generation", 2024, Token, nameof(LlamaGen))
        {
            Codec = "VQ", Order = "raster", Query = "previous token", Backbone = Llama, Head = "categorical", Decoder = Guided, Objective = Likelihood,
            Notebook = "04-var.ipynb",
            Claims = [new("FID on ImageNet 256×256, LlamaGen-L", "3.80", "Fréchet distance 71 on Fashion-MNIST, as VAR's baseline")],
        },
        new("MAR", "Autoregressive Image Generation without Vector Quantization", 2024, Token, nameof(Mar))
        {
            Codec = "continuous latents", Order = "random sets", Query = "mask token", Backbone = "bidirectional encoder and decoder", Head = "flow of each token",
            Decoder = "flow solver, guidance rising with the tokens", Objective = "flow matching of masked tokens",
            Claims = [new("FID on ImageNet 256×256, MAR-B with guidance", "2.31")],
        },
        new("CTF", "Improving Autoregressive Image Generation through Coarse-to-Fine Token Prediction", 2025, Token, nameof(CoarseToFine))
        {
            Codec = "VQ, clustered", Order = "coarse one by one, then fine at once", Query = "previous coarse token; then the coarse token", Backbone = Llama + "; then bidirectional",
            Head = "categorical; then categorical within the cluster", Decoder = Guided, Objective = Likelihood,
            Claims = [new("inception score over LlamaGen, mean of three sizes", "+59")],
        },
        new("NAR", "Neighboring Autoregressive Modeling for Efficient Visual Generation", 2025, Token, nameof(Nar))
        {
            Codec = "VQ", Order = "Manhattan diagonals", Query = "previous diagonal", Backbone = Llama, Head = "categorical, one an axis", Decoder = Guided, Objective = Likelihood,
            Claims = [new("throughput on ImageNet 256×256 against PAR-4X", "2.4 times")],
        },
        new("Token-Shuffle", "Token-Shuffle: Towards High-Resolution Image Generation with Autoregressive Models", 2025, Token, nameof(ShuffledTokens))
        {
            Codec = "VQ", Order = "windows", Query = "previous window, fused", Backbone = Llama, Head = "categorical, split from the window", Decoder = Guided + " rising to half", Objective = Likelihood,
            Claims = [new("visual tokens the transformer sees at s = 2", "75 % fewer")],
        },
        new("xAR", "Beyond Next-Token: Next-X Prediction for Autoregressive Visual Generation", 2025, Token, nameof(Xar))
        {
            Codec = "continuous latents", Order = "cells", Query = "noisy version", Backbone = "transformer, block-causal, adaptive normalization by class and time", Head = "velocity",
            Decoder = "flow solver with cache of clean cells, guidance rising", Objective = "flow matching in noisy context",
            Claims = [new("inference of xAR-B against DiT-XL", "20 times faster")],
        },
        new("VAR", "Visual Autoregressive Modeling: Scalable Image Generation via Next-Scale Prediction", 2024, Scale, nameof(Var))
        {
            Codec = "residual multi-scale VQ", Order = "scales", Query = "upsampled coarser scales", Backbone = "transformer, block-causal, adaptive normalization by class", Head = "categorical",
            Decoder = "ancestral with cache by scale, guidance rising, painting", Objective = Likelihood,
            Notebook = "04-var.ipynb",
            Claims =
            [
                new("FID on ImageNet 256×256, depth 30", "1.97", "Fréchet distance 86 on Fashion-MNIST at equal arithmetic, raster's 71"),
                new("inference against raster autoregression", "20 times faster", "4.1 times, an image drawn alone"),
            ],
        },
        new("FlowAR", "FlowAR: Scale-wise Autoregressive Image Generation Meets Flow Matching", 2024, Scale, nameof(FlowAr))
        {
            Codec = "continuous latents at doubling scales", Order = "scales", Query = "enlarged coarser scale", Backbone = "transformer, block-causal", Head = "flow of each scale",
            Decoder = "flow solver with cache by scale, guidance", Objective = "flow matching",
            Claims = [new("FID on ImageNet 256×256, FlowAR-H", "1.65")],
        },
        new("NFIG", "NFIG: Autoregressive Image Generation with Next-Frequency Prediction", 2025, Scale, nameof(Var))
        {
            Codec = "residual VQ by frequency bands", Order = "frequencies", Query = "upsampled coarser bands", Backbone = "transformer, block-causal, adaptive normalization by class", Head = "categorical",
            Decoder = "ancestral with cache by band, guidance rising", Objective = Likelihood,
            Claims = [new("speed against VAR-d20", "1.25 times"), new("FID on ImageNet 256×256", "2.81")],
        },
        new("SAR", "Rethinking Training Dynamics in Scale-wise Autoregressive Generation", 2025, Scale, nameof(Var))
        {
            Codec = "residual multi-scale VQ", Order = "scales", Query = "upsampled coarser scales", Backbone = "transformer, block-causal, adaptive normalization by class", Head = "categorical",
            Decoder = "ancestral with cache by scale, guidance rising", Objective = "likelihood and staggered student forcing (SelfRefinement)",
            Claims = [new("FID on ImageNet 256×256, FlexVAR-d16", "3.05 to 2.89")],
        },
    ];
}
