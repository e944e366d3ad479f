using System.Globalization;
using System.Text;

namespace ArKernel.Notebooks.Engine;

/// <summary>
/// The temporary file that takes a cell's text when it is too much for a front end. Only its owner can read it. It is bounded too, and a
/// full disk costs the rest of the text, never the cell.
/// </summary>
/// <param name="path">The file; none exists there yet.</param>
internal sealed class OutputFile(string path)
{
    /// <summary>Characters that go to a file; what follows is only counted.</summary>
    public const long Limit = 2_000_000_000;

    private StreamWriter? writer;
    private string? failure;
    private long written;
    private long dropped;

    public OutputFile()
        : this(Path.Combine(Path.GetTempPath(), $"arkernel-output-{Guid.NewGuid():N}.txt"))
    {
    }

    /// <summary>Appends text.</summary>
    public void Write(ReadOnlySpan<char> text)
    {
        int room = failure is not null ? 0 : (int)Math.Clamp(Limit - written, 0, text.Length);
        try
        {
            if (room > 0)
            {
                writer ??= Open();
                writer.Write(text[..room]);
                written += room;
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            failure = exception.Message;
            room = 0;
        }

        dropped += text.Length - room;
    }

    /// <summary>Closes the file until more text comes.</summary>
    /// <returns>A sentence for the user that says what is in it; null if nothing has come since the last time.</returns>
    public string? Close()
    {
        if (writer is null && dropped == 0)
        {
            return null;
        }

        try
        {
            writer?.Dispose();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            failure = exception.Message;
        }

        writer = null;
        string kept = written == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{written:N0} more are in the file {path}.");
        string lost = dropped == 0 ? "" : string.Create(
            CultureInfo.InvariantCulture,
            $" {dropped:N0} were lost: {(failure is null ? $"a file takes {Limit:N0}" : $"they could not be written to {path}: {failure}")}.");
        dropped = 0;
        return (kept + lost).Trim();
    }

    private StreamWriter Open()
    {
        FileStreamOptions options = new() { Mode = FileMode.Append, Access = FileAccess.Write, Share = FileShare.Read, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return new StreamWriter(new FileStream(path, options), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), 1 << 16);
    }
}
