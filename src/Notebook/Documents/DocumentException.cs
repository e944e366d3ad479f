namespace ArKernel.Notebooks.Documents;

/// <summary>A notebook file cannot be read, written or converted; the message names the file, the place in it and what to do.</summary>
public sealed class DocumentException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">The file, the place and what is wrong.</param>
    public DocumentException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception for an error of a lower layer.</summary>
    /// <param name="message">The file, the place and what is wrong.</param>
    /// <param name="innerException">The error.</param>
    public DocumentException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Creates the exception without details.</summary>
    public DocumentException()
    {
    }
}
