using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ArKernel.Backbones;

/// <summary>
/// A vector for each token. Looked up it is the embedding, multiplied by it is the output matrix; tied models use one for both (Press &amp;
/// Wolf 2017). It is a module and not a bare parameter so that blocks can share it: TorchSharp puts a new parameter in a module that moves
/// to another device or dtype and disposes the old one, which every other holder would be left with.
/// </summary>
public sealed class TokenEmbedding : nn.Module<Tensor, Tensor>
{
    private readonly Parameter weight;

    /// <summary>Wraps vectors.</summary>
    /// <param name="weight">[vocabulary, channels].</param>
    public TokenEmbedding(Parameter weight)
        : base(nameof(TokenEmbedding))
    {
        this.weight = weight;
        weight.DetachFromDisposeScope(); // as TorchSharp's own modules do: a module outlives the scope it was made in
        RegisterComponents();
    }

    /// <summary>Draws vectors from N(0, 0.02²).</summary>
    /// <param name="vocabularySize">The number of different tokens.</param>
    /// <param name="channels">The width of a vector.</param>
    public TokenEmbedding(int vocabularySize, int channels)
        : this(TransformerBackbone.NewVectors(vocabularySize, channels))
    {
    }

    /// <summary>[vocabulary, channels] the vectors.</summary>
    public Parameter Weight => weight;

    /// <summary>The logits of hidden states: their products with every vector.</summary>
    /// <param name="hidden">[batch, time, channels].</param>
    /// <returns>[batch, time, vocabulary].</returns>
    public Tensor Logits(Tensor hidden) => nn.functional.linear(hidden, weight);

    /// <inheritdoc/>
    public override Tensor forward(Tensor input) => Look(weight, input, nameof(TokenEmbedding));

    /// <summary>Looks ids up, with an error that names the block in place of what the native kernel does with an id outside the table.</summary>
    internal static Tensor Look(Tensor table, Tensor ids, string block)
    {
        Check(ids, table.shape[0], block);
        return table.index_select(0, ids.flatten()).view([.. ids.shape, table.shape[1]]);
    }

    internal static void Check(Tensor ids, long count, string block)
    {
        if (ids.dtype != ScalarType.Int64)
        {
            throw new ArgumentException($"{block}: token ids are {ids.dtype}; they must be Int64.");
        }

        if (ids.device.type == DeviceType.CPU && ids.numel() > 0)
        {
            using Tensor low = ids.min(), high = ids.max();
            if (low.item<long>() < 0 || high.item<long>() >= count)
            {
                throw new ArgumentException(
                    $"{block}: token ids run from {low.item<long>()} to {high.item<long>()}; the vocabulary is 0..{count - 1}.");
            }
        }
    }
}
