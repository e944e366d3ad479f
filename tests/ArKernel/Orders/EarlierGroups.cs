using ArKernel.Backbones;
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

    public override BackboneInput Rows(Draft draft, StepRange steps, NoisyTokens? noisy = null)
    {
        var groups = new List<Tensor>();
        long batch = draft.Tokens.shape[0];
        for (int step = steps.Cached; step < steps.To; step++)
        {
            Tensor mine = place[draft.Positions(step, step + 1)].expand(batch, -1, -1);
            if (step > 0)
            {
                mine = mine + embedding.forward(draft.TokensOf(0, step)).mean([1], keepdim: true);
            }

            groups.Add(mine);
        }

        int[] sizes = [.. draft.Order.Groups.Take(steps.Cached..steps.To).Select(group => group.Length)];
        return BlockCausal(
            new BackboneInput(draft.ForRows(cat(groups, 1)))
            {
                Positions = draft.ForRows(draft.Positions(steps.Cached, steps.To)),
                Predicting = draft.Order.CountOf(steps.From, steps.To),
            },
            sizes);
    }
}
