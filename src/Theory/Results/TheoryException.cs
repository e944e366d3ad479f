namespace ArKernel.Theory;

/// <summary>A computation that cannot be done on what was given: it says what is wrong and what helps.</summary>
public abstract class TheoryException : Exception
{
    private protected TheoryException(string problem, string remedy)
        : base($"{problem} {remedy}") => (Problem, Remedy) = (problem, remedy);

    /// <summary>What is wrong, with the values.</summary>
    public string Problem { get; }

    /// <summary>What to do about it.</summary>
    public string Remedy { get; }
}

/// <summary>A covariance matrix, or another one to be inverted, has no inverse.</summary>
/// <param name="problem">What is wrong, with the values.</param>
/// <param name="remedy">What to do about it.</param>
public sealed class SingularCovarianceException(string problem, string remedy) : TheoryException(problem, remedy);

/// <summary>An autoregressive process grows without bound: its spectral radius is at least 1, and what was asked for needs a stationary one.</summary>
/// <param name="problem">What is wrong, with the values.</param>
/// <param name="remedy">What to do about it.</param>
public sealed class UnstableProcessException(string problem, string remedy) : TheoryException(problem, remedy);

/// <summary>Numbers that should be probabilities are negative or do not sum to 1: a distribution, or a row of a channel.</summary>
/// <param name="problem">What is wrong, with the values.</param>
/// <param name="remedy">What to do about it.</param>
public sealed class NotADistributionException(string problem, string remedy) : TheoryException(problem, remedy);

/// <summary>A number is NaN or infinite.</summary>
/// <param name="problem">What is wrong, with the place.</param>
/// <param name="remedy">What to do about it.</param>
public sealed class NotFiniteException(string problem, string remedy) : TheoryException(problem, remedy);

/// <summary>There are fewer samples than the lag, the neighbours or the regression need.</summary>
/// <param name="problem">What is wrong, with the values.</param>
/// <param name="remedy">What to do about it.</param>
public sealed class TooFewSamplesException(string problem, string remedy) : TheoryException(problem, remedy);

/// <summary>A curve fit has fewer points than parameters.</summary>
/// <param name="problem">What is wrong, with the values.</param>
/// <param name="remedy">What to do about it.</param>
public sealed class TooFewPointsException(string problem, string remedy) : TheoryException(problem, remedy);

/// <summary>An explicit integrator meets a stiff differential equation: stability, not accuracy, dictates its steps.</summary>
/// <param name="problem">What is wrong, with the values.</param>
/// <param name="remedy">What to do about it.</param>
public sealed class StiffProblemException(string problem, string remedy) : TheoryException(problem, remedy);

/// <summary>An iteration reached its limit before its tolerance.</summary>
/// <param name="problem">What is wrong, with the values reached.</param>
/// <param name="remedy">What to do about it.</param>
public sealed class NoConvergenceException(string problem, string remedy) : TheoryException(problem, remedy);

/// <summary>A code stream is not one that the decoder's counterpart wrote: cut short, damaged, or of another version.</summary>
/// <param name="problem">What is wrong, with the place.</param>
/// <param name="remedy">What to do about it.</param>
public sealed class DamagedStreamException(string problem, string remedy) : TheoryException(problem, remedy);

/// <summary>Samples repeat, so that the k-th nearest neighbour lies at distance 0: they do not come from a density.</summary>
/// <param name="problem">What is wrong, with the values.</param>
/// <param name="remedy">What to do about it.</param>
public sealed class TiedSamplesException(string problem, string remedy) : TheoryException(problem, remedy);
