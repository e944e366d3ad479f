namespace ArKernel.Cli;

/// <summary>What the command line answers to the shell.</summary>
internal static class ExitCode
{
    public const int Success = 0;

    /// <summary>A cell failed, or a result could not be written.</summary>
    public const int Failure = 1;

    /// <summary>Wrong arguments, or a notebook that cannot be read.</summary>
    public const int Usage = 2;

    /// <summary>Ended by Ctrl-C: 128 + SIGINT.</summary>
    public const int Interrupted = 130;
}
