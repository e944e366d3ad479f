namespace ArKernel.Training;

/// <summary>A checkpoint cannot be read, belongs to another model or run, or stands in the way of a new one.</summary>
/// <param name="message">What was wrong, where, and what to do.</param>
/// <param name="inner">The cause, where there is one.</param>
public sealed class CheckpointException(string message, Exception? inner = null) : Exception(message, inner);
