using ArKernel.Backbones;
using ArKernel.Heads;
using ArKernel.Orders;
using ArKernel.Queries;
using TorchSharp;
using static TorchSharp.torch;

namespace ArKernel;

/// <summary>A next-X predictor: p(x) = Π_k p(X_k | X_&lt;k), with the slots Order, Query, Backbone and Head filled.</summary>
public sealed class AutoregressiveModel : nn.Module
{
    private readonly Query query;
    private readonly Backbone backbone;
    private readonly Head head;

    /// <summary>Fills the slots and puts the model where <see cref="Compute"/> says, in its dtype.</summary>
    /// <param name="name">The name shown for the model.</param>
    /// <param name="order">Which positions are predicted together, and in what sequence.</param>
    /// <param name="query">What stands at a position that is about to be predicted.</param>
    /// <param name="backbone">How a position sees its context.</param>
    /// <param name="head">What distribution a group gets.</param>
    /// <exception cref="ArgumentException">The order is longer than the backbone's maximum length.</exception>
    public AutoregressiveModel(string name, GenerationOrder order, Query query, Backbone backbone, Head head)
        : base(name)
    {
        if (order.PositionCount > backbone.MaximumLength)
        {
            throw new ArgumentException(
                $"Model '{name}': order '{order.Name}' has {order.PositionCount} positions, the backbone at most {backbone.MaximumLength}.", nameof(order));
        }

        (Order, this.query, this.backbone, this.head) = (order, query, backbone, head);
        RegisterComponents();
        _ = this.to(Compute.DType).to(Compute.Device);
    }

    /// <summary>Where the parameters are; inputs may stand on any device and are brought here.</summary>
    public Device Device => parameters().First().device;

    /// <summary>Which positions are predicted together, and in what sequence.</summary>
    public GenerationOrder Order { get; }

    /// <summary>What stands at a position that is about to be predicted.</summary>
    public Query Query => query;

    /// <summary>How a position sees its context.</summary>
    public Backbone Backbone => backbone;

    /// <summary>What distribution a group gets.</summary>
    public Head Head => head;

    /// <summary>The negative log-likelihood of every token given the groups before it.</summary>
    /// <param name="tokens">[batch, positions] int64; a raster model takes fewer positions than its order has.</param>
    /// <param name="condition">[batch] int64 class labels, or null for an unconditional model.</param>
    /// <returns>[batch, positions], in nats, in generation order.</returns>
    /// <exception cref="ArgumentException">A shape does not fit; the message names the block and both shapes.</exception>
    public Tensor NegativeLogLikelihood(Tensor tokens, Tensor? condition = null)
    {
        tokens = tokens.to(Device);
        Tensor hidden = Hidden(tokens, condition);
        Tensor targets = Order.IsRaster ? tokens : tokens.index_select(1, tensor(Order.Permutation(0, Order.StepCount), device: tokens.device));
        return head.NegativeLogLikelihood(hidden, targets);
    }

    /// <summary>The backbone's output for every position, all groups being known (teacher forcing).</summary>
    /// <param name="tokens">[batch, positions] int64.</param>
    /// <param name="condition">[batch] int64 class labels, or null for an unconditional model.</param>
    /// <returns>[batch, positions, channels], in generation order.</returns>
    /// <exception cref="ArgumentException">A shape does not fit; the message names the block and both shapes.</exception>
    public Tensor Hidden(Tensor tokens, Tensor? condition = null) => Hidden(tokens, condition, null);

    /// <summary>The attention weights of every layer.</summary>
    /// <param name="tokens">[batch, positions] int64.</param>
    /// <param name="condition">[batch] int64 class labels, or null for an unconditional model.</param>
    /// <returns>A layer: [batch, heads, positions, positions]; rows sum to one.</returns>
    public IReadOnlyList<Tensor> AttentionMaps(Tensor tokens, Tensor? condition = null)
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        bool wasTraining = training;
        eval();
        var weights = new List<Tensor>();
        try
        {
            Hidden(tokens, condition, weights);
        }
        finally
        {
            train(wasTraining);
        }

        return [.. weights.Select(weight => weight.MoveToOuterDisposeScope())];
    }

    private Tensor Hidden(Tensor tokens, Tensor? condition, List<Tensor>? attentionWeights)
    {
        bool fits = tokens.dim() == 2 && (Order.IsRaster ? tokens.shape[1] <= Order.PositionCount : tokens.shape[1] == Order.PositionCount);
        if (!fits || tokens.shape[1] == 0)
        {
            throw new ArgumentException(
                $"Model '{GetName()}': the tokens are [{string.Join(", ", tokens.shape)}]; order '{Order.Name}' takes [batch, {Order.PositionCount}].");
        }

        int steps = Order.IsRaster ? (int)tokens.shape[1] : Order.StepCount;
        Tensor inputs = query.Inputs(tokens.to(Device), condition?.to(Device), Order, 0, steps);
        return Attend(inputs, 0, steps, null, attentionWeights);
    }

    /// <summary>Runs the backbone on the inputs of consecutive steps, under the order's mask.</summary>
    internal Tensor Attend(Tensor inputs, int from, int to, KeyValueCache? cache, List<Tensor>? attentionWeights = null)
    {
        if (Order.IsRaster)
        {
            return backbone.Forward(inputs, cache: cache, attentionWeights: attentionWeights);
        }

        bool oneByOne = Order.StepCount == Order.PositionCount; // then the mask is causal in generation order
        Tensor? mask = oneByOne ? null : tensor(Order.Mask(from, to), device: inputs.device);
        Tensor positions = tensor(Order.Permutation(from, to), device: inputs.device).expand(inputs.shape[0], -1);
        return backbone.Forward(inputs, mask, cache, positions, attentionWeights);
    }
}
