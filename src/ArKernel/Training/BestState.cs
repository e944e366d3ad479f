using TorchSharp;
using static TorchSharp.torch;

namespace ArKernel.Training;

/// <summary>
/// A copy of a model at its best evaluation: the parameters, and the buffers that training changes without a gradient (a codebook that follows a
/// moving average, the running mean of a normalization), as the one does not fit the other of another step.
/// </summary>
internal sealed class BestState
{
    private readonly FlatParameters parameters;
    private readonly List<(string Name, Tensor Value)> values;

    internal BestState(nn.Module model, FlatParameters parameters)
    {
        this.parameters = parameters;
        Parameters = zeros_like(parameters.Values);
        values = [.. Fixed(model, parameters)];
        FixedCopies = [.. values.Select(entry => (entry.Name, entry.Value.detach().clone()))];
    }

    /// <summary>[count]: the parameters, laid out as in <see cref="FlatParameters.Values"/>.</summary>
    internal Tensor Parameters { get; }

    /// <summary>The copies of what is not trained by gradient, by name.</summary>
    internal IReadOnlyList<(string Name, Tensor Value)> FixedCopies { get; }

    /// <summary>What is not trained by gradient: frozen parameters, and buffers (but not those that the model computes itself).</summary>
    internal static IEnumerable<(string Name, Tensor Value)> Fixed(nn.Module model, FlatParameters parameters)
    {
        HashSet<string> trained = [.. parameters.Entries.Select(entry => entry.Name)];
        return model.state_dict().Where(entry => !trained.Contains(entry.Key) && !entry.Value.requires_grad).Select(entry => (entry.Key, entry.Value));
    }

    /// <summary>Copies the model as it is now.</summary>
    internal void Keep() => Copy(keep: true);

    /// <summary>Makes the model what it was when last kept.</summary>
    internal void Restore() => Copy(keep: false);

    private void Copy(bool keep)
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        foreach ((Tensor current, Tensor copy) in values.Zip(FixedCopies, (now, kept) => (now.Value, kept.Value)).Prepend((parameters.Values, Parameters)))
        {
            (keep ? copy : current).copy_(keep ? current : copy);
        }
    }
}
