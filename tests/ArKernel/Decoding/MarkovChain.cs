using ArKernel.Backbones;
using ArKernel.Heads;
using ArKernel.Orders;
using ArKernel.Queries;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ArKernel.Tests.Decoding;

/// <summary>
/// A model whose distribution is known: the hidden state is the previous token as a one-hot vector, and the output matrix holds the
/// logarithms of the transition probabilities.
/// </summary>
internal static class MarkovChain
{
    /// <param name="initial">The distribution of the first token.</param>
    /// <param name="transitions">Row a: the distribution after token a.</param>
    /// <param name="length">The longest sequence.</param>
    internal static AutoregressiveModel Create(double[] initial, double[][] transitions, int length)
    {
        int vocabulary = initial.Length;
        var embedding = new TokenEmbedding(new Parameter(eye(vocabulary, vocabulary + 1)));
        var query = new PreviousToken(embedding);
        using (no_grad())
        {
            query.named_parameters().Single(entry => entry.name == "start").parameter.copy_(eye(vocabulary + 1).narrow(0, vocabulary, 1));
        }

        double[] logarithms = [.. Enumerable.Range(0, vocabulary).SelectMany(next => transitions.Append(initial).Select(row => Math.Log(row[next])))];
        var head = new CategoricalHead(new TokenEmbedding(new Parameter(tensor(logarithms, [vocabulary, vocabulary + 1], ScalarType.Float32))));
        return new AutoregressiveModel("chain", GenerationOrder.Raster(length), query, new PassThrough(vocabulary + 1, length), head);
    }

    /// <summary>A backbone without context: a row's output is its input.</summary>
    private sealed class PassThrough(int channels, int length) : Backbone("pass through", channels, length)
    {
        public override KeyValueCache NewCache(long batch) => new(1, batch, 1, MaximumLength, 1, ScalarType.Float32, CPU);

        public override Tensor Forward(BackboneInput input, KeyValueCache? cache = null, List<Tensor>? attentionWeights = null)
        {
            cache?.Advance((int)input.Rows.shape[1]);
            return input.Rows.alias();
        }
    }
}
