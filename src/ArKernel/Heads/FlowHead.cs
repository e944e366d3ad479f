using ArKernel.Decoding;
using ArKernel.Heads.Flow;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ArKernel.Heads;

/// <summary>
/// A head for continuous tokens that learns the velocity between noise and the tokens of a group, all of them jointly, and draws by following it. What
/// network gives the velocity is the subclass's choice. Its loss is a regression, no likelihood.
/// </summary>
public abstract class FlowHead : Head
{
    private readonly FlowTimes times;

    /// <summary>Creates a head.</summary>
    /// <param name="name">The name shown for it.</param>
    /// <param name="tokenChannels">Channels of a token (C).</param>
    /// <param name="times">How training times are spread.</param>
    protected FlowHead(string name, int tokenChannels, FlowTimes times)
        : base(name)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(tokenChannels, 1);
        (TokenChannels, this.times) = (tokenChannels, times);
    }

    /// <inheritdoc/>
    public sealed override int TokenChannels { get; }

    /// <inheritdoc/>
    public override LikelihoodKind Likelihood => LikelihoodKind.None;

    /// <summary>Whether every token has a time of its own, as it can where tokens are drawn independently.</summary>
    protected virtual bool HasTimePerToken => false;

    /// <summary>At how many draws of noise and time a loss is taken; more are worth it where the network is small beside the backbone.</summary>
    protected virtual int TrainingDraws => 1;

    /// <summary>The velocity v = ε − x at noisy tokens, noise standing at time 1.</summary>
    /// <param name="prediction">The steps.</param>
    /// <returns>From noisy tokens [batch, targets, token channels] and times to [rows of the draft, targets, token channels].</returns>
    protected abstract Func<NoisyTokens, Tensor> Velocity(Prediction prediction);

    /// <summary>The squared error of the velocity, averaged over channels, at a time drawn for each group of each sample, or for each token.</summary>
    /// <param name="prediction">The tokens, which are known.</param>
    /// <returns>[batch, targets].</returns>
    public override Tensor Loss(Prediction prediction)
    {
        Func<NoisyTokens, Tensor> velocity = Velocity(prediction);
        Tensor data = prediction.Targets, loss = Drawn();
        for (int draw = 1; draw < TrainingDraws; draw++)
        {
            loss = loss + Drawn();
        }

        return TrainingDraws == 1 ? loss : loss / TrainingDraws;

        Tensor Drawn()
        {
            Tensor noise = randn_like(data);
            Tensor time = FlowMatching.DrawTimes([data.shape[0], HasTimePerToken ? data.shape[1] : prediction.To - prediction.From], times, data.device);
            Tensor noisy = FlowMatching.Interpolate(data, noise, HasTimePerToken ? time : OfTokens(prediction, time));
            return (velocity(new NoisyTokens(noisy, time)) - FlowMatching.Velocity(data, noise)).square().mean([-1]);
        }
    }

    /// <inheritdoc/>
    public override Tensor Sample(Prediction prediction, SamplingOptions options, Generator generator)
    {
        Tensor tokens = prediction.Draft.Tokens;
        long batch = tokens.shape[0];
        Tensor noise = randn([batch, prediction.TargetCount, TokenChannels], tokens.dtype, tokens.device, generator: generator);
        Func<NoisyTokens, Tensor> velocity = Velocity(prediction);
        return FlowMatching.Sample(
            (x, time) => prediction.Guided(velocity(new NoisyTokens(x, full([batch, HasTimePerToken ? prediction.TargetCount : 1], time, tokens.dtype, tokens.device)))),
            noise, options.FlowSteps, solver: options.FlowSolver, generator: generator);
    }

    /// <summary>The time of each token: [batch, steps] to [batch, targets].</summary>
    /// <param name="prediction">The steps.</param>
    /// <param name="times">[batch, steps].</param>
    protected static Tensor OfTokens(Prediction prediction, Tensor times)
    {
        long[] counts = [.. Enumerable.Range(prediction.From, prediction.To - prediction.From).Select(step => (long)prediction.Draft.Order.CountOf(step, step + 1))];
        return times.repeat_interleave(tensor(counts, device: times.device), 1);
    }
}

/// <summary>
/// The backbone itself is the network that gives the velocity: it sees the noisy tokens, and this head reads a velocity off every row (xAR, Ren et al. 2025).
/// Every step of the solver is a model call.
/// </summary>
public sealed class VelocityHead : FlowHead
{
    private readonly Linear output;
    private readonly bool cleanContext;

    /// <summary>Creates the head.</summary>
    /// <param name="channels">The width of the backbone's output.</param>
    /// <param name="tokenChannels">Channels of a token (C).</param>
    /// <param name="times">How training times are spread.</param>
    /// <param name="cleanContext">Whether training shows each group the ones before it without noise (teacher forcing); xAR shows them noisy.</param>
    public VelocityHead(int channels, int tokenChannels, FlowTimes times = FlowTimes.LogitNormal, bool cleanContext = false)
        : base(nameof(VelocityHead), tokenChannels, times)
    {
        output = nn.Linear(channels, tokenChannels);
        this.cleanContext = cleanContext;
        RegisterComponents();
    }

    /// <inheritdoc/>
    protected override Func<NoisyTokens, Tensor> Velocity(Prediction prediction) =>
        noisy => output.forward(prediction.TargetRows(prediction.Hidden(noisy with { CleanContext = cleanContext }), nameof(VelocityHead)));
}

/// <summary>
/// A small network on each token by itself gives the velocity, told what the backbone says of the token (MAR's diffusion loss, Li et al. 2024, with the flow's
/// objective). The backbone is asked once a step, however many steps the solver makes.
/// </summary>
public sealed class TokenFlowHead : FlowHead
{
    private readonly TokenFlowNetwork network;

    /// <summary>Creates the head.</summary>
    /// <param name="channels">The width of the backbone's output.</param>
    /// <param name="tokenChannels">Channels of a token (C).</param>
    /// <param name="width">The width of the network.</param>
    /// <param name="depth">The blocks of the network.</param>
    /// <param name="times">How training times are spread.</param>
    /// <param name="trainingDraws">At how many draws of noise and time the loss of a token is taken, for one call of the backbone; MAR takes 4.</param>
    public TokenFlowHead(int channels, int tokenChannels, int width, int depth, FlowTimes times = FlowTimes.Uniform, int trainingDraws = 1)
        : base(nameof(TokenFlowHead), tokenChannels, times)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(trainingDraws, 1);
        TrainingDraws = trainingDraws;
        network = new TokenFlowNetwork(tokenChannels, channels, width, depth);
        RegisterComponents();
    }

    /// <inheritdoc/>
    protected override bool HasTimePerToken => true;

    /// <inheritdoc/>
    protected override int TrainingDraws { get; }

    /// <inheritdoc/>
    protected override Func<NoisyTokens, Tensor> Velocity(Prediction prediction)
    {
        Tensor hidden = prediction.TargetRows(prediction.Hidden(), nameof(TokenFlowHead));
        return noisy => network.Forward(prediction.Draft.ForRows(noisy.Values), prediction.Draft.ForRows(noisy.Times), hidden);
    }
}
