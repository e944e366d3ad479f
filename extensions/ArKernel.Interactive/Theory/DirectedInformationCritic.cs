using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ArKernel.Interactive;

/// <summary>
/// A Donsker-Varadhan bound on the divergence of the next y, given a past, from the uniform distribution: D ≥ E T(y_t, past) − ln E e^T(ỹ, past). The past
/// is an LSTM's state, which true data alone advance; the same state judges y_t and the references ỹ.
/// </summary>
internal sealed class DirectedInformationCritic : nn.Module
{
    private readonly LSTM memory;
    private readonly Sequential judge;
    private readonly int width;

    public DirectedInformationCritic(int inputs, int outputs, int width)
        : base(nameof(DirectedInformationCritic))
    {
        this.width = width;
        memory = nn.LSTM(inputs, width, batchFirst: true);
        judge = nn.Sequential(nn.Linear(width + outputs, 2 * width), nn.ELU(), nn.Linear(2 * width, width), nn.ELU(), nn.Linear(width, 1));
        RegisterComponents();
    }

    /// <summary>T of the true y and of references, after the same pasts.</summary>
    /// <param name="past">[batch, time, inputs] what is known before each y.</param>
    /// <param name="y">[batch, time, outputs].</param>
    /// <param name="references">[batch, time, references, outputs].</param>
    /// <returns>[batch, time] and [batch, time, references].</returns>
    public (Tensor OfTrue, Tensor OfReferences) Forward(Tensor past, Tensor y, Tensor references)
    {
        Tensor state = memory.forward(past).Item1;
        Tensor ofTrue = judge.forward(cat([state, y], -1)).squeeze(-1);
        Tensor repeated = state.unsqueeze(2).expand(state.shape[0], state.shape[1], references.shape[2], width);
        return (ofTrue, judge.forward(cat([repeated, references], -1)).squeeze(-1));
    }
}

/// <summary>The two critics of y's next value: with y's own past, and with x up to the present beside it.</summary>
internal sealed class DirectedInformationCritics : nn.Module
{
    private readonly DirectedInformationCritic without;
    private readonly DirectedInformationCritic with;
    private readonly int sources;
    private readonly int targets;
    private readonly int warmUp;
    private readonly int references;
    private readonly Tensor low; // the box of the reference distribution, [targets]
    private readonly Tensor high;

    public DirectedInformationCritics(int sources, Tensor low, Tensor high, int width, int warmUp, int references)
        : base(nameof(DirectedInformationCritics))
    {
        (this.sources, this.warmUp, this.references, this.low, this.high) = (sources, warmUp, references, low, high);
        targets = (int)low.shape[0];
        without = new DirectedInformationCritic(targets, targets, width);
        with = new DirectedInformationCritic(targets + sources, targets, width);
        RegisterComponents();
    }

    /// <summary>Both bounds on windows, [batch, time, sources and targets], whose first times only fill the memory.</summary>
    /// <returns>T at the true values, [batch, time], and the logarithms of the mean e^T at references, one number; without and with x.</returns>
    public (Tensor TrueWithout, Tensor NormaliserWithout, Tensor TrueWith, Tensor NormaliserWith) Forward(Tensor windows, Generator generator)
    {
        long time = windows.shape[1] - 1;
        Tensor y = windows.narrow(2, sources, targets), before = y.narrow(1, 0, time), now = y.narrow(1, 1, time), x = windows.narrow(2, 0, sources).narrow(1, 1, time);
        Tensor uniform = rand([windows.shape[0], time, references, targets], generator: generator) * (high - low) + low;
        (Tensor trueWithout, Tensor referencesWithout) = without.Forward(before, now, uniform);
        (Tensor trueWith, Tensor referencesWith) = with.Forward(cat([before, x], -1), now, uniform);
        return (Late(trueWithout), Normaliser(Late(referencesWithout)), Late(trueWith), Normaliser(Late(referencesWith)));
    }

    private Tensor Late(Tensor values) => values.narrow(1, warmUp, values.shape[1] - warmUp);

    private static Tensor Normaliser(Tensor values) => values.flatten().logsumexp(0) - Math.Log(values.numel());
}
