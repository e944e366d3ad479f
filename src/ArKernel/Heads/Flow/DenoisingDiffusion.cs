using static TorchSharp.torch;

namespace ArKernel.Heads.Flow;

/// <summary>
/// Denoising diffusion with a cosine schedule, a network that predicts the noise, and a learned variance (Ho et al. 2020; Nichol and Dhariwal 2021): what MAR
/// and Hi-MAR draw tokens with. The network takes noisy data and times t/T and gives twice the channels: the noise ε, then v, which mixes the logarithms of
/// the least and the greatest variance a step can have.
/// </summary>
public sealed class DenoisingDiffusion
{
    private const double MaximumBeta = 0.999;

    private readonly double[] kept; // ᾱ_t

    /// <summary>Lays the schedule out: ᾱ(t) = cos²((t/T + 0.008)/1.008 · π/2), no step losing more than 0.999.</summary>
    /// <param name="steps">The number of steps (T).</param>
    public DenoisingDiffusion(int steps = 1000)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        kept = new double[steps];
        double product = 1;
        for (int step = 0; step < steps; step++)
        {
            product *= 1 - Math.Min(MaximumBeta, 1 - Cosine((step + 1.0) / steps) / Cosine((double)step / steps));
            kept[step] = product;
        }
    }

    /// <summary>The number of steps (T).</summary>
    public int Steps => kept.Length;

    /// <summary>How much of the data's variance is left after step t + 1 (ᾱ).</summary>
    public IReadOnlyList<double> Kept => kept;

    /// <summary>Noisy data: √ᾱ_t x₀ + √(1 − ᾱ_t) ε.</summary>
    /// <param name="data">[batch, ...].</param>
    /// <param name="noise">The same shape, standard normal.</param>
    /// <param name="step">[batch] int64, 0 to T − 1.</param>
    public Tensor Diffuse(Tensor data, Tensor noise, Tensor step)
    {
        Tensor remaining = At(kept, step, data);
        return remaining.sqrt() * data + (1 - remaining).sqrt() * noise;
    }

    /// <summary>
    /// The loss of MAR: the squared error of the noise, plus the variational bound of the variance, through which the noise gets no gradient (Nichol and Dhariwal
    /// 2021, section 3.1). The step of each row and the noise come from torch's global generator, which training seeds.
    /// </summary>
    /// <param name="network">The prediction [batch, ..., 2 · channels] for noisy data [batch, ..., channels] and times [batch].</param>
    /// <param name="data">[batch, ..., channels].</param>
    /// <returns>[batch, ..., channels], to be averaged or masked.</returns>
    public Tensor Loss(Func<Tensor, Tensor, Tensor> network, Tensor data)
    {
        Tensor step = randint(0, Steps, [data.shape[0]], dtype: ScalarType.Int64, device: data.device), noise = randn_like(data);
        Tensor noisy = Diffuse(data, noise, step);
        (Tensor predicted, Tensor mixing) = Parts(network(noisy, step.to(data.dtype) / Steps), data);
        return (predicted - noise).square() + VarianceBound(predicted.detach(), mixing, data, noisy, step);
    }

    /// <summary>
    /// What the variance of a step costs, in bits: the Kullback-Leibler divergence from the true step given the data, and at the first step, where there is none,
    /// the negative log-density of the data.
    /// </summary>
    internal Tensor VarianceBound(Tensor predicted, Tensor mixing, Tensor data, Tensor noisy, Tensor step)
    {
        Transition transition = Between(kept);
        (Tensor mean, Tensor logVariance) = Predict(transition, predicted, mixing, noisy, step);
        Tensor trueMean = At(transition.DataShare, step, data) * data + At(transition.NoisyShare, step, data) * noisy;
        Tensor trueLogVariance = At(transition.LeastLogVariance, step, data);
        Tensor divergence = 0.5 * (logVariance - trueLogVariance - 1 + (trueLogVariance - logVariance).exp() + (trueMean - mean).square() * (-logVariance).exp());
        Tensor density = 0.5 * (Math.Log(2 * Math.PI) + logVariance + (data - mean).square() * (-logVariance).exp());
        return where(FlowMatching.Broadcast(step, data) == 0, density, divergence) / Math.Log(2);
    }

    /// <summary>Draws data.</summary>
    /// <param name="network">The prediction [batch, ..., 2 · channels] for noisy data [batch, ..., channels] and times [batch], guidance included.</param>
    /// <param name="noise">[batch, ..., channels] standard normal.</param>
    /// <param name="generator">The randomness of the steps.</param>
    /// <param name="steps">How many of the T steps to take, evenly spread.</param>
    /// <param name="temperature">Multiplies the noise of every step.</param>
    /// <returns>[batch, ..., channels]; without gradients.</returns>
    public Tensor Sample(Func<Tensor, Tensor, Tensor> network, Tensor noise, Generator generator, int steps = 100, double temperature = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(steps, Steps);
        ArgumentOutOfRangeException.ThrowIfNegative(temperature);
        using IDisposable noGradient = no_grad();
        using var scope = NewDisposeScope();
        int[] taken = Respaced(steps);
        Transition transition = Between(Array.ConvertAll(taken, step => kept[step]));
        Tensor x = noise;
        for (int place = steps - 1; place >= 0; place--)
        {
            using var inner = NewDisposeScope();
            Tensor time = full([x.shape[0]], (double)taken[place] / Steps, x.dtype, x.device);
            Tensor step = full([x.shape[0]], place, ScalarType.Int64, x.device);
            (Tensor predicted, Tensor mixing) = Parts(network(x, time), x);
            (Tensor mean, Tensor logVariance) = Predict(transition, predicted, mixing, x, step);
            Tensor next = place == 0 ? mean : mean + (logVariance * 0.5).exp() * randn(x.shape, x.dtype, x.device, generator: generator) * temperature;
            x = next.MoveToOuterDisposeScope();
        }

        return x.MoveToOuterDisposeScope();
    }

    /// <summary>The steps taken when fewer are: the first, the last, and as evenly between as whole numbers allow.</summary>
    internal int[] Respaced(int count)
    {
        double stride = count == 1 ? 1 : (Steps - 1.0) / (count - 1);
        return [.. Enumerable.Range(0, count).Select(place => (int)Math.Round(place * stride, MidpointRounding.ToEven))];
    }

    /// <summary>What a step back takes, for each step: shares of data and noisy data in the mean, the least and the greatest variance, and ᾱ.</summary>
    internal sealed record Transition(double[] DataShare, double[] NoisyShare, double[] LeastLogVariance, double[] GreatestLogVariance, double[] Kept);

    /// <summary>The steps back between consecutive remainders ᾱ (Ho et al. 2020, eq. 7).</summary>
    internal static Transition Between(double[] kept)
    {
        int count = kept.Length;
        var transition = new Transition(new double[count], new double[count], new double[count], new double[count], kept);
        for (int step = 0; step < count; step++)
        {
            double before = step == 0 ? 1 : kept[step - 1], beta = 1 - kept[step] / before;
            transition.DataShare[step] = Math.Sqrt(before) * beta / (1 - kept[step]);
            transition.NoisyShare[step] = Math.Sqrt(1 - beta) * (1 - before) / (1 - kept[step]);
            transition.GreatestLogVariance[step] = Math.Log(beta);

            // At the first step the least variance is 0, so that of the second stands in, as in the papers' code.
            transition.LeastLogVariance[step] = step == 0 ? double.NaN : Math.Log(beta * (1 - before) / (1 - kept[step]));
        }

        transition.LeastLogVariance[0] = count > 1 ? transition.LeastLogVariance[1] : transition.GreatestLogVariance[0];
        return transition;
    }

    private static (Tensor Mean, Tensor LogVariance) Predict(Transition transition, Tensor predicted, Tensor mixing, Tensor noisy, Tensor step)
    {
        Tensor remaining = At(transition.Kept, step, noisy);
        Tensor data = (noisy - (1 - remaining).sqrt() * predicted) / remaining.sqrt();
        Tensor mean = At(transition.DataShare, step, noisy) * data + At(transition.NoisyShare, step, noisy) * noisy;
        Tensor share = (mixing + 1) / 2;
        return (mean, share * At(transition.GreatestLogVariance, step, noisy) + (1 - share) * At(transition.LeastLogVariance, step, noisy));
    }

    private static (Tensor Noise, Tensor Mixing) Parts(Tensor output, Tensor data)
    {
        if (!output.shape.SkipLast(1).SequenceEqual(data.shape.SkipLast(1)) || output.shape[^1] != 2 * data.shape[^1])
        {
            throw new ArgumentException(
                $"DenoisingDiffusion: the network gave [{string.Join(", ", output.shape)}] for data [{string.Join(", ", data.shape)}]; it must give twice the channels, noise and variance.");
        }

        Tensor[] parts = output.chunk(2, -1);
        return (parts[0], parts[1]);
    }

    private static Tensor At(double[] values, Tensor step, Tensor like) =>
        FlowMatching.Broadcast(tensor(values, like.dtype, like.device).index_select(0, step), like);

    private static double Cosine(double share) => Math.Pow(Math.Cos((share + 0.008) / 1.008 * Math.PI / 2), 2);
}
