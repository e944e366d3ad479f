using ArKernel.Backbones;
using ArKernel.Orders;
using ArKernel.Queries;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ArKernel.Tests.Orders;

/// <summary>A query for any order: the mean of the vectors of all tokens of earlier groups, plus a vector of the position.</summary>
internal sealed class EarlierGroups : Query
{
    private readonly TokenEmbedding embedding;
    private readonly Parameter place; // [positions, channels]

    internal EarlierGroups(TokenEmbedding embedding, int positions)
        : base(nameof(EarlierGroups))
    {
        this.embedding = embedding;
        place = new Parameter(zeros(positions, embedding.Weight.shape[1]));
        RegisterComponents();
    }

    public override bool IsConditional => false;

    public override long NullLabel => throw new InvalidOperationException("The query is unconditional.");

    public override Tensor Inputs(Tensor tokens, Tensor? condition, GenerationOrder order, int from, int to)
    {
        var groups = new List<Tensor>();
        for (int step = from; step < to; step++)
        {
            Tensor mine = place.index_select(0, tensor(order.Permutation(step, step + 1))).unsqueeze(0).expand(tokens.shape[0], -1, -1);
            if (step > 0)
            {
                Tensor earlier = tokens.index_select(1, tensor(order.Permutation(0, step)));
                mine = mine + embedding.forward(earlier).mean([1], keepdim: true);
            }

            groups.Add(mine);
        }

        return cat(groups, 1);
    }
}
