using ArKernel.Backbones;
using ArKernel.Heads;
using static TorchSharp.torch;

namespace ArKernel.Decoding;

/// <summary>
/// Among the k most likely tokens takes the one whose hidden state is least like those before it:
/// argmax (1 − α) p(v | x) − α max_j cos(h_v, h_j) (Su et al. 2022, eq. 5). Deterministic, without the loops of greedy decoding.
/// </summary>
public static class ContrastiveSearch
{
    /// <summary>Continues prompts.</summary>
    /// <param name="model">A model of raster order with a categorical head.</param>
    /// <param name="prompt">[batch, prompt] int64; zero columns for no prompt.</param>
    /// <param name="steps">
    /// The number of tokens to add. The state of the last token is the backbone's output one position further on, so prompt and added
    /// tokens must leave one position free.
    /// </param>
    /// <param name="candidates">The number of tokens to choose among (k); 1 is greedy decoding.</param>
    /// <param name="penalty">The weight of the likeness (α), 0 to 1; 0 is greedy decoding.</param>
    /// <param name="condition">[batch] int64 class labels, or null for an unconditional model.</param>
    /// <param name="cancellationToken">Stops between two steps.</param>
    /// <returns>[batch, prompt + steps] int64.</returns>
    /// <exception cref="ArgumentException">A shape does not fit, or the model has another order or head.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static Tensor Continue(
        AutoregressiveModel model, Tensor prompt, int steps, int candidates = 4, double penalty = 0.6, Tensor? condition = null, CancellationToken cancellationToken = default)
    {
        CategoricalHead head = TokenSearch.Check(nameof(ContrastiveSearch), model, prompt, steps, model.Order.PositionCount - 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(candidates, 1);
        if (penalty is not (>= 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(penalty), penalty, "The penalty must be in [0, 1].");
        }

        using IDisposable noGradient = no_grad();
        using var scope = NewDisposeScope();
        bool wasTraining = model.training;
        model.eval();
        long batch = prompt.shape[0];
        int count = (int)prompt.shape[1];
        using KeyValueCache cache = TokenSearch.NewCache(nameof(ContrastiveSearch), model, batch);
        try
        {
            Device device = model.Device;
            condition = condition?.to(device);
            Tensor tokens = cat([prompt.to(device), zeros([batch, steps], ScalarType.Int64, device)], 1);

            // Row j + 1 of the backbone has read token j last: it is the token's state h_j, of length one here. Row 0 has read no token.
            using var draft = new Draft(model.Order, prompt.to(device), condition);
            Tensor rows = new Prediction(model, draft, 0, count + 1, cache).Hidden();
            Tensor hidden = rows.select(1, count);
            int k = (int)Math.Min(candidates, head.Logits(hidden).shape[^1]);
            Tensor states = zeros([batch, count + steps, rows.shape[2]], rows.dtype, device);
            states.narrow(1, 0, count).copy_(nn.functional.normalize(rows.narrow(1, 1, count), dim: -1));
            Tensor? labels = condition?.repeat_interleave(k, 0);
            cache.Expand(k);
            for (int step = 0; step < steps; step++, count++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                using var inner = NewDisposeScope();
                (Tensor probability, Tensor token) = head.Logits(hidden).softmax(-1).topk(k);
                Tensor extended = cat([tokens.narrow(1, 0, count).repeat_interleave(k, 0), token.reshape(batch * k, 1)], 1);
                Tensor next = Sampler.NextHidden(model, extended, count + 1, cache, labels).view(batch, k, -1);
                Tensor state = nn.functional.normalize(next, dim: -1);
                Tensor score = probability * (1 - penalty);
                if (count > 0)
                {
                    score -= state.matmul(states.narrow(1, 0, count).transpose(1, 2)).amax([-1]) * penalty;
                }

                Tensor winner = arange(batch, device: device) * k + score.argmax(-1);
                tokens.narrow(1, count, 1).copy_(token.reshape(-1).index_select(0, winner).unsqueeze(1));
                states.select(1, count).copy_(state.flatten(0, 1).index_select(0, winner));
                cache.Reorder(winner.repeat_interleave(k));
                Tensor old = hidden;
                hidden = next.flatten(0, 1).index_select(0, winner).MoveToOuterDisposeScope();
                old.Dispose();
            }

            return tokens.MoveToOuterDisposeScope();
        }
        finally
        {
            model.train(wasTraining);
        }
    }
}
