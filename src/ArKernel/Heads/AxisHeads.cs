using ArKernel.Backbones;
using ArKernel.Orders;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ArKernel.Heads;

/// <summary>
/// One softmax an axis of a grid: the row of a token predicts its neighbour along each axis, and a token with several neighbours before it gets
/// the mean of their logits (NAR, He et al. 2025, section 3.2), which is the normalized geometric mean of their distributions. The first
/// token gets the mean of all that the start predicts.
/// </summary>
public sealed class AxisHeads : LogitsHead
{
    private readonly int[][] places; // of each position
    private readonly int[] strides; // what one place along an axis is in positions
    private readonly ModuleList<TokenEmbedding> outputs;

    /// <summary>Creates the heads.</summary>
    /// <param name="shape">The sides of the grid, such as [height, width] or [frames, height, width].</param>
    /// <param name="vocabularySize">The number of different tokens.</param>
    /// <param name="channels">The width of the state each head reads. A backbone that puts out a state an axis has them side by side, that for the last axis first.</param>
    public AxisHeads(IReadOnlyList<int> shape, int vocabularySize, int channels)
        : base(nameof(AxisHeads))
    {
        places = GenerationOrder.Places(shape);
        strides = [.. shape.Select((_, axis) => shape.Skip(axis + 1).Aggregate(1, (product, side) => product * side))];
        outputs = nn.ModuleList(shape.Select(_ => new TokenEmbedding(vocabularySize, channels)).ToArray());
        RegisterComponents();
    }

    /// <summary>The output matrix of each axis, [vocabulary, channels].</summary>
    public IReadOnlyList<TokenEmbedding> Outputs => [.. outputs];

    /// <inheritdoc/>
    public override Tensor Logits(Prediction prediction)
    {
        Tensor hidden = prediction.Hidden();
        long width = outputs[0].Weight.shape[1];
        bool shared = hidden.shape[2] == width;
        if (!shared && hidden.shape[2] != width * outputs.Count)
        {
            throw new ArgumentException($"AxisHeads: the states are [{string.Join(", ", hidden.shape)}]; {outputs.Count} axes read {width} or {width * outputs.Count} channels.");
        }

        (long[,] rows, float[,] shares) = Neighbours(prediction);
        Tensor row = tensor(rows, device: hidden.device), share = tensor(shares, dtype: hidden.dtype, device: hidden.device);
        Tensor? logits = null;
        for (int axis = 0; axis < outputs.Count; axis++)
        {
            // The backbone's earliest state is for the last axis: NAR's head for the token to the right reads one block before that for the one below.
            Tensor states = shared ? hidden : hidden.narrow(2, (outputs.Count - 1 - axis) * width, width);
            Tensor part = outputs[axis].Logits(states.index_select(1, row[axis])) * share[axis].unsqueeze(1);
            logits = logits is null ? part : logits + part;
        }

        return logits!;
    }

    /// <summary>
    /// For each axis and token to predict, the row of the neighbour before it along the axis and its share of the mean; where there is none, any
    /// row with share 0. Row 0 of step 0 is the start; the rows of step k are the tokens of step k − 1.
    /// </summary>
    private (long[,] Rows, float[,] Shares) Neighbours(Prediction prediction)
    {
        GenerationOrder order = prediction.Draft.Order;
        if (order.PositionCount != places.Length || order.IsDrawn)
        {
            throw new ArgumentException($"AxisHeads: order '{order.Name}' has {order.PositionCount} positions; the grid has {places.Length}, in a fixed order.");
        }

        var rowOf = new Dictionary<long, long>();
        long row = prediction.From == 0 ? 1 : 0; // the start is row 0
        foreach (long position in order.Permutation(Math.Max(prediction.From - 1, 0), prediction.To - 1))
        {
            rowOf[position] = row++;
        }

        long[] targets = order.Permutation(prediction.From, prediction.To);
        var rows = new long[strides.Length, targets.Length];
        var shares = new float[strides.Length, targets.Length];
        for (int target = 0; target < targets.Length; target++)
        {
            int[] place = places[targets[target]];
            bool isFirst = place.All(coordinate => coordinate == 0);
            int neighbours = isFirst ? strides.Length : place.Count(coordinate => coordinate > 0);
            for (int axis = 0; axis < strides.Length; axis++)
            {
                if (isFirst || place[axis] > 0)
                {
                    rows[axis, target] = isFirst ? 0 : rowOf.TryGetValue(targets[target] - strides[axis], out long before)
                        ? before
                        : throw new ArgumentException($"AxisHeads: order '{order.Name}' predicts position {targets[target]} before, with, or long after its neighbour {targets[target] - strides[axis]}.");
                    shares[axis, target] = 1f / neighbours;
                }
            }
        }

        return (rows, shares);
    }
}
