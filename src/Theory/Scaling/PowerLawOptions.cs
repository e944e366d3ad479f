namespace ArKernel.Theory.Scaling;

/// <summary>In what a fit's residuals are measured.</summary>
public enum ResidualScale
{
    /// <summary>In the unit of the loss: every point has the same error.</summary>
    Linear,

    /// <summary>In ln L: every point has the same relative error. A pure power law is then a straight line.</summary>
    Logarithmic,
}

/// <summary>How intervals are computed.</summary>
public enum IntervalMethod
{
    /// <summary>All values with which the other parameters, fitted anew, still explain the data (F-test). It may have an open end: the data do not bound the parameter.</summary>
    Profile,

    /// <summary>Percentiles of fits to the fitted curve plus redrawn residuals.</summary>
    Bootstrap,

    /// <summary>From the curvature at the optimum: quick, and right only where the fit is nearly linear in its parameters.</summary>
    Delta,
}

/// <summary>How a power law is fitted.</summary>
public sealed record PowerLawOptions
{
    /// <summary>Whether there is a constant L∞; without it the law is pure.</summary>
    public bool Constant { get; init; } = true;

    /// <summary>In what residuals are measured.</summary>
    public ResidualScale Residuals { get; init; } = ResidualScale.Linear;

    /// <summary>The standard error of each loss (in the residual's unit); null when all are alike.</summary>
    public IReadOnlyList<double>? StandardErrors { get; init; }

    /// <summary>
    /// From which residual on (in its unit, divided by the point's standard error if given) the penalty grows linearly instead of quadratically,
    /// after Huber (1964), so that outliers pull little. Hoffmann et al. (2022) take 1e-3 with logarithms.
    /// </summary>
    public double HuberThreshold { get; init; } = double.PositiveInfinity;

    /// <summary>How intervals are computed.</summary>
    public IntervalMethod Intervals { get; init; } = IntervalMethod.Profile;

    /// <summary>The coverage of the intervals.</summary>
    public double Level { get; init; } = 0.95;

    /// <summary>Bootstrap samples.</summary>
    public int BootstrapSamples { get; init; } = 1000;

    /// <summary>The seed of the bootstrap.</summary>
    public int Seed { get; init; }
}
