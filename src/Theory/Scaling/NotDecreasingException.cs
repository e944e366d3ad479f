namespace ArKernel.Theory.Scaling;

/// <summary>The values do not fall with x, so that no power law can be fitted to them.</summary>
/// <param name="problem">What is wrong, with the values.</param>
/// <param name="remedy">What to do about it.</param>
public sealed class NotDecreasingException(string problem, string remedy) : TheoryException(problem, remedy);
