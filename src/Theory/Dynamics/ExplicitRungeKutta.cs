using System.Numerics.Tensors;

namespace ArKernel.Theory.Dynamics;

/// <summary>An explicit method of seven stages, the last of which is the first of the next step.</summary>
internal sealed class ExplicitRungeKutta : OdeMethod
{
    private const int Stages = 7;

    // |hλ| of the real stability interval (Hairer and Wanner 1996, IV.2); both methods end near 3.3.
    private const double StabilityLimit = 3.25;

    private readonly ExplicitTableau tableau;
    private readonly double[][] slopes;
    private readonly double[] argument, lastArgument;
    private bool hasFirst;

    public ExplicitRungeKutta(ExplicitTableau tableau, RightHandSide rightHandSide, int dimension)
        : base(tableau.Name, 5, rightHandSide, dimension)
    {
        this.tableau = tableau;
        slopes = [.. Enumerable.Range(0, Stages).Select(_ => new double[dimension])];
        (argument, lastArgument, DenseLength) = (new double[dimension], new double[dimension], 5 * dimension);
    }

    /// <inheritdoc/>
    public override int DenseLength { get; }

    /// <inheritdoc/>
    public override void Attempt(double time, double[] state, double step)
    {
        if (!hasFirst)
        {
            Evaluate(time, state, slopes[0]);
            hasFirst = true;
        }

        for (int stage = 1; stage < Stages; stage++)
        {
            double[] target = stage == Stages - 1 ? Next : stage == Stages - 2 ? lastArgument : argument;
            Combine(tableau.Matrix[stage], state, step, target);
            Evaluate(time + tableau.Nodes[stage] * step, target, slopes[stage]);
        }

        Array.Clear(Error);
        for (int stage = 0; stage < Stages; stage++)
        {
            if (tableau.Error[stage] != 0)
            {
                TensorPrimitives.MultiplyAdd(slopes[stage], step * tableau.Error[stage], Error, Error);
            }
        }
    }

    private void Combine(double[] weights, double[] state, double step, double[] target)
    {
        state.CopyTo(target, 0);
        for (int i = 0; i < weights.Length; i++)
        {
            if (weights[i] != 0)
            {
                TensorPrimitives.MultiplyAdd(slopes[i], step * weights[i], target, target);
            }
        }
    }

    /// <inheritdoc/>
    public override void Accept() => (slopes[0], slopes[Stages - 1]) = (slopes[Stages - 1], slopes[0]);

    /// <summary>The last two stages stand at one time: the ratio of their differences estimates the largest |λ| (Hairer and Wanner 1996, IV.2).</summary>
    public override bool LooksStiff(double step)
    {
        double slope = TensorPrimitives.Distance<double>(slopes[Stages - 1], slopes[Stages - 2]), distance = TensorPrimitives.Distance<double>(Next, lastArgument);
        return distance > 0 && Math.Abs(step) * slope / distance > StabilityLimit;
    }

    /// <inheritdoc/>
    public override void Dense(double[] state, double step, Span<double> coefficients)
    {
        int n = state.Length;
        coefficients.Clear();
        state.CopyTo(coefficients);
        for (int power = 0; power < 4; power++)
        {
            Span<double> target = coefficients.Slice((power + 1) * n, n);
            for (int stage = 0; stage < Stages; stage++)
            {
                if (tableau.Dense[stage][power] != 0)
                {
                    TensorPrimitives.MultiplyAdd(slopes[stage], step * tableau.Dense[stage][power], target, target);
                }
            }
        }
    }
}
