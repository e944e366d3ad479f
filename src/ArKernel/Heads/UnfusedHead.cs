using ArKernel.Backbones;
using ArKernel.Codecs;
using static TorchSharp.torch;

namespace ArKernel.Heads;

/// <summary>A softmax over the vocabulary for each token of a window, split out of the window's one row (Token-Shuffle).</summary>
public sealed class UnfusedHead : LogitsHead
{
    private readonly TokenUnshuffle split;
    private readonly TokenEmbedding output;

    /// <summary>Creates the head.</summary>
    /// <param name="split">Makes the tokens of a window of its row.</param>
    /// <param name="output">[vocabulary, channels] the output matrix.</param>
    public UnfusedHead(TokenUnshuffle split, TokenEmbedding output)
        : base(nameof(UnfusedHead))
    {
        (this.split, this.output) = (split, output);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Tensor Logits(Prediction prediction) => output.Logits(prediction.TargetRows(split.Forward(prediction.Hidden()), nameof(UnfusedHead)));
}
