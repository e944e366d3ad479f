using ArKernel.Backbones;
using ArKernel.Codecs;
using static TorchSharp.torch;

namespace ArKernel.Heads;

/// <summary>A softmax over the fine tokens of each place's cluster, whose coarse token stands before (CTF).</summary>
public sealed class ClusteredHead : LogitsHead
{
    private readonly TokenEmbedding output;
    private readonly CodebookClustering? clustering;

    /// <summary>Creates the head.</summary>
    /// <param name="output">[fine vocabulary, channels] the output matrix.</param>
    /// <param name="clustering">The clusters that restrict the fine tokens; null leaves all possible, and then coarse and fine probabilities do not multiply to one distribution.</param>
    /// <param name="isGuided">Whether guidance applies to fine tokens too.</param>
    public ClusteredHead(TokenEmbedding output, CodebookClustering? clustering, bool isGuided = false)
        : base(nameof(ClusteredHead))
    {
        (this.output, this.clustering, IsGuided) = (output, clustering, isGuided);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override LikelihoodKind Likelihood => clustering is null ? LikelihoodKind.Bound : LikelihoodKind.Exact;

    /// <inheritdoc/>
    protected override bool IsGuided { get; }

    /// <inheritdoc/>
    public override Tensor Logits(Prediction prediction) => output.Logits(prediction.TargetRows(prediction.Hidden(), nameof(ClusteredHead)));

    /// <inheritdoc/>
    protected override Tensor Restrict(Tensor logits, Prediction prediction) => clustering is null
        ? logits
        : logits.masked_fill(clustering.Support(prediction.Draft.TokensOf(0, prediction.From)).logical_not(), double.NegativeInfinity);
}
