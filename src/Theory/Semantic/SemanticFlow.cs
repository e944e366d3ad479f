using ArKernel.Theory.Information;

namespace ArKernel.Theory.Semantic;

/// <summary>
/// The semantic information flow of inference, S_t = Σ_{k≤t} ln [P(u_k | u^{k−1}, x) / P(u_k | u^{k−1})]: how many nats the prompt has told of the answer
/// so far. Where the answer is drawn from the first law it is a sub-martingale, and S = M + A (Doob), the compensator A being the sum of the divergences
/// of the two predictions, and M a martingale. Under the second law it is a super-martingale.
/// </summary>
public sealed record SemanticFlow : TheoryResult
{
    private const double Normal95 = 1.959963984540054;

    private SemanticFlow(double[,] flow, double[,]? compensator)
    {
        (Flow, Compensator) = (flow, compensator);
        (Mean, StandardError) = Moments(flow);
        double[,] steps = new double[flow.GetLength(0), flow.GetLength(1)];
        for (int i = 0; i < steps.GetLength(0); i++)
        {
            for (int t = 0; t < steps.GetLength(1); t++)
            {
                steps[i, t] = flow[i, t] - (t > 0 ? flow[i, t - 1] : 0);
            }
        }

        (MeanStep, StepError) = Moments(steps);
        if (compensator is not null)
        {
            double[,] martingale = new double[flow.GetLength(0), flow.GetLength(1)];
            for (int i = 0; i < martingale.GetLength(0); i++)
            {
                for (int t = 0; t < martingale.GetLength(1); t++)
                {
                    martingale[i, t] = flow[i, t] - compensator[i, t];
                }
            }

            Martingale = martingale;
            (MartingaleMean, MartingaleError) = Moments(martingale);
            MeanCompensator = Moments(compensator).Mean;
        }
    }

    /// <summary>S_t of every answer, [answers, times], in nats.</summary>
    public double[,] Flow { get; }

    /// <summary>A_t of every answer, [answers, times], in nats; null where no divergences were given.</summary>
    public double[,]? Compensator { get; }

    /// <summary>M_t = S_t − A_t of every answer, [answers, times], in nats; null where no divergences were given.</summary>
    public double[,]? Martingale { get; }

    /// <summary>The mean of S_t over the answers.</summary>
    public IReadOnlyList<double> Mean { get; }

    /// <summary>The standard error of the mean of S_t.</summary>
    public IReadOnlyList<double> StandardError { get; }

    /// <summary>The mean of S_t − S_{t−1}: the information of the prompt on the t-th symbol.</summary>
    public IReadOnlyList<double> MeanStep { get; }

    /// <summary>The standard error of the mean step.</summary>
    public IReadOnlyList<double> StepError { get; }

    /// <summary>The mean of A_t; empty where no divergences were given.</summary>
    public IReadOnlyList<double> MeanCompensator { get; } = [];

    /// <summary>The mean of M_t, 0 up to its error where the answers are drawn from the first law; empty where no divergences were given.</summary>
    public IReadOnlyList<double> MartingaleMean { get; } = [];

    /// <summary>The standard error of the mean of M_t; empty where no divergences were given.</summary>
    public IReadOnlyList<double> MartingaleError { get; } = [];

    /// <summary>The share of times at which the mean step is above 0 with 95 % confidence (one at a time).</summary>
    public double ShareOfRisingTimes => MeanStep.Zip(StepError, (step, error) => step > Normal95 * error ? 1.0 : 0).Average();

    /// <summary>Sums the flow of measured predictions.</summary>
    /// <param name="with">ln P(u_t | u^{t−1}, x), [answers, times].</param>
    /// <param name="without">ln P(u_t | u^{t−1}) of the same symbols.</param>
    /// <param name="divergence">KL(P(· | u^{t−1}, x) ‖ P(· | u^{t−1})) at each time; null leaves the compensator out.</param>
    /// <exception cref="NotFiniteException">A number is NaN or infinite.</exception>
    /// <exception cref="TooFewSamplesException">There are fewer than two answers.</exception>
    /// <exception cref="ArgumentException">Sizes differ, or a divergence is negative.</exception>
    public static SemanticFlow Trace(double[,] with, double[,] without, double[,]? divergence = null)
    {
        (int answers, int times) = (with.GetLength(0), with.GetLength(1));
        Check.Finite(with, "ln P with the prompt");
        Check.Finite(without, "ln P without the prompt");
        Check.Finite(divergence ?? new double[0, 0], "The divergence");
        if (without.GetLength(0) != answers || without.GetLength(1) != times || times == 0 || (divergence is not null && (divergence.GetLength(0) != answers || divergence.GetLength(1) != times)))
        {
            throw new ArgumentException($"The logarithms are {answers} × {times} and {without.GetLength(0)} × {without.GetLength(1)}; they and the divergences must be of the same symbols.");
        }

        if (answers < 2)
        {
            throw new TooFewSamplesException($"There are {answers} answers; at least 2 are needed for an error.", "Trace more answers.");
        }

        (double[,] flow, double[,]? compensator) = (new double[answers, times], divergence is null ? null : new double[answers, times]);
        for (int i = 0; i < answers; i++)
        {
            for (int t = 0; t < times; t++)
            {
                flow[i, t] = with[i, t] - without[i, t] + (t > 0 ? flow[i, t - 1] : 0);
                if (compensator is not null)
                {
                    double step = divergence![i, t] >= -1e-6 ? Math.Max(0, divergence[i, t]) : throw new ArgumentException($"The divergence of answer {i} at time {t} is {divergence[i, t]}; it must be at least 0.");
                    compensator[i, t] = step + (t > 0 ? compensator[i, t - 1] : 0);
                }
            }
        }

        return new SemanticFlow(flow, compensator);
    }

    /// <inheritdoc/>
    public override string Title => "Semantic information flow";

    /// <inheritdoc/>
    public override IReadOnlyList<Quantity> Quantities
    {
        get
        {
            List<Quantity> quantities =
            [
                new("information of the prompt on the whole answer", Mean[^1], "nats", Around(Mean[^1], StandardError[^1])),
                new("times at which it rises", ShareOfRisingTimes) { Note = "95 % confidence, one at a time" },
            ];
            if (Martingale is not null)
            {
                quantities.Add(new("compensator", MeanCompensator[^1], "nats"));
                quantities.Add(new("martingale part", MartingaleMean[^1], "nats", Around(MartingaleMean[^1], MartingaleError[^1])));
            }

            return quantities;
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters => [new("answers", Flow.GetLength(0)), new("times", Flow.GetLength(1))];

    /// <inheritdoc/>
    public override IReadOnlyList<Chart> Charts
    {
        get
        {
            Curve[] compensator = Martingale is null ? [] : [new Curve("compensator A", Times, MeanCompensator, CurveStyle.Dashed)];
            return [new CurveChart("What the prompt has told of the answer", "symbols of the answer", "nats", [ToCurve("flow S, 95 %"), .. compensator])];
        }
    }

    /// <summary>The mean flow with its 95 % band, to draw several in one chart.</summary>
    /// <param name="name">Its name in the legend.</param>
    public Curve ToCurve(string name) => new Curve(name, Times, Mean).WithBand(
        [.. Mean.Zip(StandardError, (mean, error) => mean - Normal95 * error)], [.. Mean.Zip(StandardError, (mean, error) => mean + Normal95 * error)]);

    private double[] Times => [.. Enumerable.Range(1, Mean.Count).Select(t => (double)t)];

    private static Interval Around(double mean, double error) => Interval.Confidence(mean - Normal95 * error, mean + Normal95 * error, 0.95);

    private static (double[] Mean, double[] Error) Moments(double[,] values)
    {
        (double[] mean, double[] error) = (new double[values.GetLength(1)], new double[values.GetLength(1)]);
        double[] column = new double[values.GetLength(0)];
        for (int t = 0; t < mean.Length; t++)
        {
            for (int i = 0; i < column.Length; i++)
            {
                column[i] = values[i, t];
            }

            (mean[t], error[t]) = (column.Average(), DiscreteInformation.StandardError(column));
        }

        return (mean, error);
    }
}
