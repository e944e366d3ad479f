using System.Text;

namespace ArKernel.Notebooks.Documents;

/// <summary>Notebook files by extension: <c>.ipynb</c>, <c>.dib</c> and file-based apps <c>.cs</c>.</summary>
public static class NotebookFile
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads a notebook.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The notebook.</returns>
    /// <exception cref="DocumentException">The file cannot be read or is no notebook.</exception>
    public static NotebookDocument Load(string path)
    {
        string format = Format(path);
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new DocumentException($"{path}: there is no such file.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw new DocumentException($"{path}: the file cannot be read: {error.Message}", error);
        }

        if (format == ".ipynb")
        {
            return Ipynb.Read(bytes, path);
        }

        string text;
        try
        {
            text = Utf8.GetString(bytes.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? bytes.AsSpan(3) : bytes);
        }
        catch (DecoderFallbackException error)
        {
            throw new DocumentException($"{path}: byte {error.Index} is not UTF-8. Save the file in UTF-8.", error);
        }

        return format == ".dib" ? Dib.Read(text, path) : FileBasedAppReader.Read(text, path);
    }

    /// <summary>
    /// Writes a notebook to a temporary file beside <paramref name="path"/>, then renames it: an error leaves what was there before.
    /// </summary>
    /// <param name="document">The notebook.</param>
    /// <param name="path">The file.</param>
    /// <returns>What the format could not carry over faithfully, one sentence each.</returns>
    /// <exception cref="DocumentException">The file cannot be written, or its format cannot hold the notebook.</exception>
    public static IReadOnlyList<string> Save(NotebookDocument document, string path)
    {
        ArgumentNullException.ThrowIfNull(document);
        IReadOnlyList<string> notes = [];
        switch (Format(path))
        {
            case ".ipynb":
                WriteAtomically(path, writer => Ipynb.Write(document, writer));
                break;
            case ".dib":
                WriteAtomically(path, writer => Dib.Write(document, writer, path));
                break;
            default:
                (string text, notes) = FileBasedAppWriter.Write(document);
                WriteAtomically(path, writer => writer.Write(text));
                break;
        }

        return notes;
    }

    /// <summary>Writes a UTF-8 file so that an error, a full disk or a crash leaves the old file whole.</summary>
    /// <param name="path">The file.</param>
    /// <param name="write">Writes the content.</param>
    /// <exception cref="DocumentException">The file cannot be written.</exception>
    public static void WriteAtomically(string path, Action<TextWriter> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        string? temporary = null;
        try
        {
            // Through a symbolic link, so that the link stays one.
            var file = new FileInfo(path);
            string target = file.LinkTarget is null ? file.FullName : file.ResolveLinkTarget(returnFinalTarget: true)!.FullName;
            if (Directory.Exists(target))
            {
                throw new IOException("it is a folder.");
            }

            if (!OperatingSystem.IsWindows() && target.StartsWith("/dev/", StringComparison.Ordinal))
            {
                // A device takes bytes; a rename would replace it.
                using var device = new StreamWriter(target, Utf8WithReplacement, new FileStreamOptions { Mode = FileMode.Open, Access = FileAccess.Write });
                write(device);
                return;
            }

            temporary = Path.Join(Path.GetDirectoryName(target), $".{Path.GetFileName(target)}.{Guid.NewGuid():N}.tmp");
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                using (var writer = new StreamWriter(stream, Utf8WithReplacement, bufferSize: 1 << 16, leaveOpen: true))
                {
                    write(writer);
                }

                stream.Flush(flushToDisk: true);
            }

            if (!OperatingSystem.IsWindows() && File.Exists(target))
            {
                File.SetUnixFileMode(temporary, File.GetUnixFileMode(target));
            }

            File.Move(temporary, target, overwrite: true);
            temporary = null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw new DocumentException($"{path}: cannot be written: {error.Message}", error);
        }
        finally
        {
            if (temporary is not null)
            {
                TryDelete(temporary);
            }
        }
    }

    private static readonly UTF8Encoding Utf8WithReplacement = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: false);

    private static string Format(string path)
    {
        string extension = Path.GetExtension(path).ToLowerInvariant();
        return extension is ".ipynb" or ".dib" or ".cs"
            ? extension
            : throw new DocumentException($"{path}: the name must end with .ipynb, .dib or .cs.");
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The error that is on its way to the user matters more than a left-over file.
        }
    }
}
