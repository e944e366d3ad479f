using ArKernel.Backbones;
using ArKernel.Heads.Flow;
using ArKernel.Orders;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ArKernel.Queries;

/// <summary>
/// A noisy version of the tokens of the group about to be predicted stands at its positions, the class and the time of the noise being the condition of
/// adaptive normalization (xAR, Ren et al. 2025). In training each group sees the noisy groups before it (noisy context learning), or clean ones; in
/// sampling it sees the clean groups before it, which a cache keeps, while its own noisy rows attend without being kept.
/// </summary>
public sealed class NoisyGroup : Query
{
    private readonly Linear projection; // C → d
    private readonly Parameter classVectors; // [classes + 1, channels]; one row without classes
    private readonly Parameter place; // [positions, channels]
    private readonly TimeEmbedding time;

    /// <summary>Creates the query.</summary>
    /// <param name="tokenChannels">Channels of a token (C).</param>
    /// <param name="positions">The number of positions of a sample.</param>
    /// <param name="channels">The width of a row (d).</param>
    /// <param name="classes">The number of classes; 0 for an unconditional model.</param>
    /// <param name="labelDropout">The probability of training a sample without its label, which guidance needs.</param>
    public NoisyGroup(int tokenChannels, int positions, int channels, int classes = 0, double labelDropout = 0.1)
        : base(nameof(NoisyGroup), classes, labelDropout)
    {
        projection = nn.Linear(tokenChannels, channels);
        classVectors = TransformerBackbone.NewVectors(classes + 1, channels);
        place = TransformerBackbone.NewVectors(positions, channels);
        time = new TimeEmbedding(channels);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override bool TakesNoise => true;

    /// <inheritdoc/>
    public override int RowCount(GenerationOrder order, int from, int to) => 2 * order.CountOf(from, to);

    /// <inheritdoc/>
    public override BackboneInput Rows(Draft draft, StepRange steps, NoisyTokens? noisy = null)
    {
        NoisyTokens own = noisy ?? throw new ArgumentNullException(nameof(noisy), "NoisyGroup makes its rows of noisy tokens.");
        GenerationOrder order = draft.Order;

        // The kept rows of step k are the clean tokens of step k − 1. Training all steps in noisy context has none.
        bool hasClean = own.CleanContext || steps.To - steps.From == 1;
        int cleanFrom = Math.Max(steps.Cached - 1, 0), cleanTo = hasClean ? Math.Max(steps.To - 1, cleanFrom) : cleanFrom;
        int[] clean = [.. Enumerable.Range(cleanFrom, cleanTo - cleanFrom)], predicted = [.. Enumerable.Range(steps.From, steps.To - steps.From)];
        int[] counts = [.. clean.Concat(predicted).Select(step => order.CountOf(step, step + 1))];
        int kept = order.CountOf(cleanFrom, cleanTo);

        Tensor places = cat([draft.Positions(cleanFrom, cleanTo), draft.Positions(steps.From, steps.To)], 1);
        Tensor values = kept == 0 ? own.Values : cat([draft.TokensOf(cleanFrom, cleanTo), own.Values], 1);
        Tensor times = kept == 0 ? own.Times : cat([zeros([own.Times.shape[0], clean.Length], own.Times.dtype, own.Times.device), own.Times], 1);
        Tensor vectors = IsConditional ? ClassVectors(classVectors, draft) : Unconditional(classVectors, draft);
        Tensor condition = draft.ForRows(time.forward(times)) + vectors.unsqueeze(1); // one vector a group
        if (counts.Distinct().Count() > 1)
        {
            condition = condition.repeat_interleave(tensor([.. counts.Select(count => (long)count)], device: condition.device), 1);
        }

        var input = new BackboneInput(draft.ForRows(projection.forward(values) + place[places]))
        {
            Positions = draft.ForRows(places),
            Condition = condition,
            Kept = kept,
            Predicting = order.CountOf(steps.From, steps.To),
        };
        return clean.Length == 0 || predicted.Length == 1
            ? BlockCausal(input, counts)
            : input with { Attention = AttentionPattern.Masked, Mask = CleanContextMask(clean.Concat(predicted), counts, clean.Length, values.device) };
    }

    /// <summary>Clean groups see clean ones up to their own; a noisy group sees the clean ones before it and itself.</summary>
    private static Tensor CleanContextMask(IEnumerable<int> steps, int[] counts, int cleanGroups, Device device)
    {
        long[] step = [.. steps.SelectMany((number, place) => Enumerable.Repeat((long)number, counts[place]))];
        long[] noisy = [.. counts.SelectMany((count, place) => Enumerable.Repeat(place >= cleanGroups ? 1L : 0L, count))];
        Tensor s = tensor(step, device: device), isNoisy = tensor(noisy, device: device).to(ScalarType.Bool);
        Tensor row = s.unsqueeze(1), column = s.unsqueeze(0), rowNoisy = isNoisy.unsqueeze(1), columnNoisy = isNoisy.unsqueeze(0);
        return where(columnNoisy, rowNoisy & row.eq(column), where(rowNoisy, column < row, column <= row));
    }
}
