namespace ArKernel.Theory.Dynamics;

/// <summary>The right-hand side of y' = f(t, y).</summary>
/// <param name="time">t.</param>
/// <param name="state">y, [dimension].</param>
/// <param name="derivative">Receives f(t, y), [dimension].</param>
public delegate void RightHandSide(double time, ReadOnlySpan<double> state, Span<double> derivative);

/// <summary>The Jacobian ∂f/∂y of a right-hand side.</summary>
/// <param name="time">t.</param>
/// <param name="state">y, [dimension].</param>
/// <param name="jacobian">Receives ∂f_i/∂y_j by row, [dimension × dimension].</param>
public delegate void Jacobian(double time, ReadOnlySpan<double> state, Span<double> jacobian);

/// <summary>Something that happens when a function of time and state crosses zero.</summary>
/// <param name="Function">g(t, y).</param>
/// <param name="Terminal">Whether integration ends there.</param>
/// <param name="Direction">+1 for rising, −1 for falling crossings, 0 for both.</param>
public sealed record OdeEvent(Func<double, double[], double> Function, bool Terminal = false, int Direction = 0);

/// <summary>How an integrator works.</summary>
public sealed record OdeOptions
{
    /// <summary>The error allowed in a step, relative to the state.</summary>
    public double RelativeTolerance { get; init; } = 1e-8;

    /// <summary>The error allowed in a step where the state is near zero.</summary>
    public double AbsoluteTolerance { get; init; } = 1e-10;

    /// <summary>The first step; 0 chooses one (Hairer, Nørsett and Wanner 1993, II.4).</summary>
    public double InitialStep { get; init; }

    /// <summary>A step that is always taken, without error control; 0 controls the error.</summary>
    public double FixedStep { get; init; }

    /// <summary>The largest number of steps.</summary>
    public int MaximumSteps { get; init; } = 1_000_000;

    /// <summary>What to watch for.</summary>
    public IReadOnlyList<OdeEvent> Events { get; init; } = [];
}

/// <summary>Adaptive integrators of ordinary differential equations with dense output, events and proportional-integral control of the step.</summary>
public static class OdeSolver
{
    /// <summary>Dormand and Prince's method of order 5(4) (1980), for equations that are not stiff.</summary>
    /// <param name="rightHandSide">f.</param>
    /// <param name="from">The first time.</param>
    /// <param name="state">y at the first time, [dimension].</param>
    /// <param name="to">The last time; before <paramref name="from"/> integrates backwards.</param>
    /// <param name="options">Tolerances and events.</param>
    /// <exception cref="StiffProblemException">Stability, not accuracy, dictates the steps.</exception>
    /// <exception cref="NotFiniteException">The state or the right-hand side is not finite.</exception>
    /// <exception cref="NoConvergenceException">The steps run out, or become too small to move time.</exception>
    public static OdeSolution DormandPrince(RightHandSide rightHandSide, double from, double[] state, double to, OdeOptions? options = null) =>
        new OdeIntegration(new ExplicitRungeKutta(ExplicitTableau.DormandPrince, rightHandSide, state.Length), from, state, to, options ?? new()).Run();

    /// <summary>Tsitouras' method of order 5(4) (2011), for equations that are not stiff; usually a little cheaper than Dormand and Prince's.</summary>
    /// <param name="rightHandSide">f.</param>
    /// <param name="from">The first time.</param>
    /// <param name="state">y at the first time, [dimension].</param>
    /// <param name="to">The last time; before <paramref name="from"/> integrates backwards.</param>
    /// <param name="options">Tolerances and events.</param>
    /// <exception cref="StiffProblemException">Stability, not accuracy, dictates the steps.</exception>
    /// <exception cref="NotFiniteException">The state or the right-hand side is not finite.</exception>
    /// <exception cref="NoConvergenceException">The steps run out, or become too small to move time.</exception>
    public static OdeSolution Tsitouras(RightHandSide rightHandSide, double from, double[] state, double to, OdeOptions? options = null) =>
        new OdeIntegration(new ExplicitRungeKutta(ExplicitTableau.Tsitouras, rightHandSide, state.Length), from, state, to, options ?? new()).Run();

    /// <summary>The Rosenbrock method RODAS of order 4(3) (Hairer and Wanner 1996, IV.7), L-stable, for stiff equations.</summary>
    /// <param name="rightHandSide">f.</param>
    /// <param name="from">The first time.</param>
    /// <param name="state">y at the first time, [dimension].</param>
    /// <param name="to">The last time; before <paramref name="from"/> integrates backwards.</param>
    /// <param name="options">Tolerances and events.</param>
    /// <param name="jacobian">∂f/∂y; null takes finite differences.</param>
    /// <exception cref="NotFiniteException">The state or the right-hand side is not finite.</exception>
    /// <exception cref="NoConvergenceException">The steps run out, or become too small to move time.</exception>
    public static OdeSolution Rosenbrock(RightHandSide rightHandSide, double from, double[] state, double to, OdeOptions? options = null, Jacobian? jacobian = null) =>
        new OdeIntegration(new RosenbrockMethod(rightHandSide, jacobian, state.Length), from, state, to, options ?? new()).Run();
}

/// <summary>One step of a method, in buffers it owns.</summary>
internal abstract class OdeMethod(string name, int order, RightHandSide rightHandSide, int dimension)
{
    public string Name { get; } = name;

    /// <summary>The order of the solution that is carried on; the error estimate is of one less.</summary>
    public int Order { get; } = order;

    public int Evaluations { get; protected set; }

    /// <summary>The state after the step.</summary>
    public double[] Next { get; } = new double[dimension];

    /// <summary>The difference of the two solutions.</summary>
    public double[] Error { get; } = new double[dimension];

    /// <summary>How many numbers <see cref="Dense"/> writes.</summary>
    public abstract int DenseLength { get; }

    public void Evaluate(double time, ReadOnlySpan<double> state, Span<double> derivative)
    {
        rightHandSide(time, state, derivative);
        Evaluations++;
    }

    /// <summary>Attempts a step; <see cref="Next"/> and <see cref="Error"/> hold the result.</summary>
    public abstract void Attempt(double time, double[] state, double step);

    /// <summary>Whether the accepted step was limited by stability.</summary>
    public virtual bool LooksStiff(double step) => false;

    /// <summary>Writes what <see cref="Interpolate"/> needs of the accepted step.</summary>
    public abstract void Dense(double[] state, double step, Span<double> coefficients);

    /// <summary>Tells the method that the step was accepted.</summary>
    public virtual void Accept()
    {
    }

    /// <summary>y(t + θh): every dense output here is a polynomial of degree 4 in θ.</summary>
    public static void Interpolate(ReadOnlySpan<double> coefficients, double part, Span<double> state)
    {
        int n = state.Length;
        for (int i = 0; i < n; i++)
        {
            state[i] = coefficients[i] + part * (coefficients[n + i] + part * (coefficients[2 * n + i] + part * (coefficients[3 * n + i] + part * coefficients[4 * n + i])));
        }
    }
}
