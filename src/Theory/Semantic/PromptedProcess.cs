namespace ArKernel.Theory.Semantic;

/// <summary>
/// A prompt x drawn first and an answer u^T that depends on it, small enough to be enumerated: the exact semantic information flow of inference. The prompt
/// stands before the answer, so that directed and mutual information are the same.
/// </summary>
public sealed record PromptedProcess : TheoryResult
{
    private readonly double[] prompts;
    private readonly SequenceTree[] trees;

    /// <summary>Enumerates the process.</summary>
    /// <param name="prompts">P(x).</param>
    /// <param name="symbols">Symbols of the answer.</param>
    /// <param name="length">T.</param>
    /// <param name="next">P(u_t | x, u^{t−1}) for a prompt and a history.</param>
    /// <exception cref="NotADistributionException">A distribution is none.</exception>
    /// <exception cref="ArgumentException">There are more than 2²⁰ answers.</exception>
    public PromptedProcess(double[] prompts, int symbols, int length, Func<int, int[], double[]> next)
    {
        Check.Distribution(prompts, "P(x)");
        this.prompts = [.. prompts];
        trees = [.. Enumerable.Range(0, prompts.Length).Select(x => new SequenceTree(symbols, length, history => next(x, history), $"P(u | x = {x})"))];
        Information = [.. Enumerable.Range(1, length).Select(InformationUpTo)];
        MeanInverseRatio = Enumerable.Range(0, prompts.Length).Sum(x => Enumerable.Range(0, trees[x].Count(length)).Sum(code => trees[x].Probability(code) > 0 ? prompts[x] * Mixture(code, length) : 0));
    }

    /// <summary>I(x; U^t) for t = 1..T, in nats: the mean of the flow S_t, which never falls.</summary>
    public IReadOnlyList<double> Information { get; }

    /// <summary>E exp(−S_T): 1 where the answer to every prompt may be any sequence, else the mass of those that some prompt cannot give is missing.</summary>
    public double MeanInverseRatio { get; }

    /// <summary>P(u_t | u^{t−1}) without the prompt: the mixture by the posterior of x.</summary>
    /// <param name="history">u^{t−1}.</param>
    /// <exception cref="ArgumentException">The history is not shorter than the answer, or has a symbol out of range.</exception>
    public double[] NextWithoutPrompt(params int[] history)
    {
        int code = trees[0].Code(history);
        double before = Mixture(code, history.Length);
        return [.. Enumerable.Range(0, trees[0].Symbols).Select(u => before > 0 ? Mixture(code * trees[0].Symbols + u, history.Length + 1) / before : 0)];
    }

    /// <summary>Draws prompts and answers.</summary>
    /// <param name="count">How many.</param>
    /// <param name="seed">The seed.</param>
    public (int[] Prompts, int[,] Answers) Sample(int count, int seed)
    {
        Random random = new(seed);
        int length = trees[0].Length;
        (int[] drawn, int[,] answers) = (new int[count], new int[count, length]);
        for (int i = 0; i < count; i++)
        {
            drawn[i] = Draw(prompts, random);
            int history = 0;
            for (int t = 0; t < length; t++)
            {
                answers[i, t] = Draw(trees[drawn[i]].Next(t, history), random);
                history = history * trees[0].Symbols + answers[i, t];
            }
        }

        return (drawn, answers);
    }

    /// <summary>The flow along answers, with the exact predictions and compensator.</summary>
    /// <param name="given">The prompts that the answers are said to follow; shuffled ones are a control.</param>
    /// <param name="answers">u^T, [answers, times].</param>
    /// <exception cref="ArgumentException">Sizes differ, or a symbol is out of range.</exception>
    /// <exception cref="NotFiniteException">A prompt cannot give its answer.</exception>
    public SemanticFlow Flow(int[] given, int[,] answers)
    {
        (int count, int length, int symbols) = (answers.GetLength(0), trees[0].Length, trees[0].Symbols);
        if (given.Length != count || answers.GetLength(1) != length || given.Any(x => (uint)x >= (uint)prompts.Length))
        {
            throw new ArgumentException($"{given.Length} prompts out of 0..{prompts.Length - 1} and answers of {count} × {answers.GetLength(1)} were given; the answers must be as many and of length {length}.");
        }

        (double[,] with, double[,] without, double[,] divergence) = (new double[count, length], new double[count, length], new double[count, length]);
        for (int i = 0; i < count; i++)
        {
            for (int t = 0, history = 0; t < length; t++)
            {
                double[] known = trees[given[i]].Next(t, history), unknown = NextWithoutPrompt(trees[0].Word(history, t));
                int symbol = (uint)answers[i, t] < (uint)symbols ? answers[i, t] : throw new ArgumentException($"Symbol {answers[i, t]} of answer {i} is not one of 0..{symbols - 1}.");
                (with[i, t], without[i, t]) = (Math.Log(known[symbol]), Math.Log(unknown[symbol]));
                divergence[i, t] = Enumerable.Range(0, symbols).Sum(u => known[u] > 0 ? known[u] * Math.Log(known[u] / unknown[u]) : 0);
                history = history * symbols + symbol;
            }
        }

        return SemanticFlow.Trace(with, without, divergence);
    }

    /// <inheritdoc/>
    public override string Title => $"Semantic information flow of {prompts.Length} prompts, by enumeration";

    /// <inheritdoc/>
    public override IReadOnlyList<Quantity> Quantities => [new("information of the prompt on the answer", Information[^1], "nats"), new("E exp(−S)", MeanInverseRatio)];

    /// <inheritdoc/>
    public override IReadOnlyList<Parameter> Parameters => [new("prompts", prompts.Length), new("symbols", trees[0].Symbols), new("times", trees[0].Length)];

    /// <inheritdoc/>
    public override IReadOnlyList<Chart> Charts => [new CurveChart("What the prompt tells of the answer so far", "symbols of the answer", "nats", new Curve("I(x; U^t)", [.. Enumerable.Range(1, Information.Count).Select(t => (double)t)], Information))];

    private double Mixture(int code, int length) => prompts.Index().Sum(entry => entry.Item * trees[entry.Index].Probabilities(length)[code]);

    private double InformationUpTo(int length)
    {
        double sum = 0;
        for (int code = 0; code < trees[0].Count(length); code++)
        {
            double mixture = Mixture(code, length);
            for (int x = 0; x < prompts.Length; x++)
            {
                double p = trees[x].Probabilities(length)[code];
                sum += prompts[x] * p > 0 ? prompts[x] * p * Math.Log(p / mixture) : 0;
            }
        }

        return sum;
    }

    private static int Draw(double[] distribution, Random random)
    {
        double left = random.NextDouble();
        int symbol = 0;
        while (symbol < distribution.Length - 1 && (left -= distribution[symbol]) >= 0)
        {
            symbol++;
        }

        return symbol;
    }
}
