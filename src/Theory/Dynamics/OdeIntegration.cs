using MathNet.Numerics.RootFinding;

namespace ArKernel.Theory.Dynamics;

/// <summary>One integration from begin to end: the steps, their control, the events on the way, and the watch for stiffness.</summary>
internal sealed class OdeIntegration
{
    private const int StiffStepsInARow = 15;

    private readonly OdeMethod method;
    private readonly double from, to;
    private readonly double[] state;
    private readonly OdeOptions options;
    private readonly List<double> times = [];
    private readonly List<double[]> dense = [];
    private readonly List<OdeEventTime> events = [];
    private int stiff, calm;

    public OdeIntegration(OdeMethod method, double from, double[] start, double to, OdeOptions options)
    {
        Check.Finite(start, "The initial state");
        Check.Finite([from, to], "The time span");
        if (start.Length == 0)
        {
            throw new ArgumentException("The initial state is empty; an equation has at least one unknown.");
        }

        if (!(options.RelativeTolerance > 0) || !(options.AbsoluteTolerance >= 0) || !(options.InitialStep >= 0) || !(options.FixedStep >= 0) || options.MaximumSteps < 1)
        {
            throw new ArgumentException(
                $"The relative tolerance is {options.RelativeTolerance}, the absolute one {options.AbsoluteTolerance}, the first step {options.InitialStep}, the fixed step {options.FixedStep} and the step limit {options.MaximumSteps}; the first and the last must be positive, the others at least 0.");
        }

        (this.method, this.from, this.to, this.options, state) = (method, from, to, options, [.. start]);
    }

    public OdeSolution Run()
    {
        double time = from, sign = Math.Sign(to - from), previousError = 1e-4, drift = 0;
        double step = options.FixedStep > 0 ? options.FixedStep : options.InitialStep > 0 ? options.InitialStep : FirstStep(sign);
        int accepted = 0, rejected = 0;
        bool wasRejected = false;
        double[] last = [.. options.Events.Select(watched => watched.Function(from, state))];
        times.Add(time);
        while (sign * (to - time) > 0)
        {
            if (accepted + rejected >= options.MaximumSteps)
            {
                throw new NoConvergenceException($"{method.Name} took {options.MaximumSteps} steps and reached only t = {time:G6} of {to:G6}.", "Loosen the tolerances, allow more steps, or use OdeSolver.Rosenbrock if the problem is stiff.");
            }

            bool final = step >= sign * (to - time) * (1 - 1e-12);
            double h = final ? to - time : sign * step;
            if (Math.Abs(h) <= 4 * Math.BitIncrement(Math.Abs(time)) - 4 * Math.Abs(time))
            {
                throw new NoConvergenceException($"At t = {time:R} {method.Name} needs a step of {h:G3}, which does not move time.", "The solution seems to blow up there; integrate less far, or watch for it with an event.");
            }

            method.Attempt(time, state, h);
            double error = options.FixedStep > 0 ? 0 : Norm();
            if (!double.IsFinite(error) || (options.FixedStep > 0 && !Array.TrueForAll(method.Next, double.IsFinite)))
            {
                if (options.FixedStep > 0 || Math.Abs(h) < 1e-12 * Math.Max(1, Math.Abs(time)))
                {
                    throw new NotFiniteException($"The right-hand side or the state is not finite near t = {time:G9}.", "Check the right-hand side there, or end the integration before.");
                }

                (step, wasRejected) = (Math.Abs(h) / 10, true);
                rejected++;
                continue;
            }

            if (error > 1)
            {
                step = Math.Abs(h) * Math.Max(0.2, 0.9 * Math.Pow(error, -1.0 / method.Order));
                wasRejected = true;
                rejected++;
                continue;
            }

            accepted++;
            WatchStiffness(time, h, accepted);
            double[] coefficients = new double[method.DenseLength];
            method.Dense(state, h, coefficients);
            dense.Add(coefficients);
            drift += Norm(method.Error);
            double end = final ? to : time + h;
            bool stop = FindEvents(time, end, coefficients, last, out double stopped);
            method.Next.CopyTo(state, 0);
            method.Accept();
            times.Add(end);
            time = end;
            if (stop)
            {
                return Solution(stopped, accepted, rejected, drift);
            }

            if (options.FixedStep == 0)
            {
                // PI control (Gustafsson 1991): the last error damps the step's swings.
                double factor = error == 0 ? 10 : 0.9 * Math.Pow(error, -0.7 / method.Order) * Math.Pow(previousError, 0.4 / method.Order);
                step = Math.Abs(h) * Math.Clamp(factor, 0.2, wasRejected ? 1 : 10);
                previousError = Math.Max(error, 1e-4);
            }

            wasRejected = false;
        }

        return Solution(to, accepted, rejected, drift);
    }

    private OdeSolution Solution(double end, int accepted, int rejected, double drift) =>
        new(method.Name, [.. times], [.. dense], state.Length == 0 ? [] : [.. state], end, events, accepted, rejected, method.Evaluations, drift, options.RelativeTolerance, options.AbsoluteTolerance);

    private double Norm()
    {
        double sum = 0;
        for (int i = 0; i < state.Length; i++)
        {
            double part = method.Error[i] / (options.AbsoluteTolerance + options.RelativeTolerance * Math.Max(Math.Abs(state[i]), Math.Abs(method.Next[i])));
            sum += part * part;
        }

        return Math.Sqrt(sum / state.Length);
    }

    private static double Norm(double[] vector)
    {
        double sum = 0;
        foreach (double value in vector)
        {
            sum += value * value;
        }

        return Math.Sqrt(sum / vector.Length);
    }

    private void WatchStiffness(double time, double step, int accepted)
    {
        if (options.FixedStep > 0)
        {
            return;
        }

        if (!method.LooksStiff(step))
        {
            calm++;
            stiff = calm >= 6 ? 0 : stiff;
            return;
        }

        calm = 0;
        if (++stiff >= StiffStepsInARow)
        {
            throw new StiffProblemException(
                $"From t = {from:G6} to {time:G6} {method.Name} took {accepted} steps, and stability, not accuracy, limits them to {Math.Abs(step):G3}: the problem is stiff.", "Use OdeSolver.Rosenbrock.");
        }
    }

    private double FirstStep(double sign)
    {
        // Hairer, Nørsett and Wanner 1993, II.4: an Euler step estimates the second derivative.
        int n = state.Length;
        double[] slope = new double[n], moved = new double[n], second = new double[n];
        method.Evaluate(from, state, slope);
        double d0 = Scaled(state), d1 = Scaled(slope), h0 = d0 < 1e-5 || d1 < 1e-5 ? 1e-6 : 0.01 * d0 / d1;
        for (int i = 0; i < n; i++)
        {
            moved[i] = state[i] + sign * h0 * slope[i];
        }

        method.Evaluate(from + sign * h0, moved, second);
        for (int i = 0; i < n; i++)
        {
            second[i] -= slope[i];
        }

        double d2 = Scaled(second) / h0, largest = Math.Max(d1, d2);
        if (!double.IsFinite(d1))
        {
            throw new NotFiniteException($"The right-hand side is not finite at t = {from:G9}, the start.", "Check the right-hand side and the initial state.");
        }

        double h1 = largest <= 1e-15 ? Math.Max(1e-6, h0 * 1e-3) : Math.Pow(0.01 / largest, 1.0 / method.Order);
        double first = Math.Min(100 * h0, h1);
        return Math.Min(double.IsFinite(first) && first > 0 ? first : h0, Math.Abs(to - from));

        double Scaled(double[] vector)
        {
            double sum = 0;
            for (int i = 0; i < n; i++)
            {
                double part = vector[i] / (options.AbsoluteTolerance + options.RelativeTolerance * Math.Abs(state[i]));
                sum += part * part;
            }

            return Math.Sqrt(sum / n);
        }
    }

    /// <summary>Sign changes over the accepted step, found on the dense output; true when a terminal one ends the integration.</summary>
    private bool FindEvents(double start, double end, double[] coefficients, double[] last, out double stopped)
    {
        stopped = end;
        bool stop = false;
        List<OdeEventTime> found = [];
        for (int e = 0; e < last.Length; e++)
        {
            OdeEvent watched = options.Events[e];
            double now = watched.Function(end, method.Next), before = last[e];
            last[e] = now;
            if (before == 0 || before * now > 0 || (watched.Direction != 0 && Math.Sign(now - before) != watched.Direction))
            {
                continue;
            }

            double[] buffer = new double[state.Length];
            double At(double part)
            {
                OdeMethod.Interpolate(coefficients, part, buffer);
                return watched.Function(start + part * (end - start), buffer);
            }

            double where = now == 0 ? 1 : Brent.TryFindRoot(At, 0, 1, 1e-15, 200, out double root) ? root : 1;
            OdeMethod.Interpolate(coefficients, where, buffer);
            double time = start + where * (end - start);
            found.Add(new OdeEventTime(e, time, [.. buffer]));
            if (watched.Terminal && (!stop || Math.Abs(time - start) < Math.Abs(stopped - start)))
            {
                (stop, stopped) = (true, time);
            }
        }

        double limit = stopped;
        events.AddRange(found.Where(one => !(Math.Abs(one.Time - start) > Math.Abs(limit - start))).OrderBy(one => Math.Abs(one.Time - start)));
        return stop;
    }
}
