using System.Text;

namespace ArKernel.Notebooks.Engine;

/// <summary>A console stream that writes to the cell whose code is running, or to the process's own stream when there is none.</summary>
internal sealed class ConsoleRedirection : TextWriter
{
    private static readonly Lock Gate = new();
    private static bool installed;

    private readonly string stream;
    private readonly TextWriter original;

    private ConsoleRedirection(string stream, TextWriter original)
    {
        this.stream = stream;
        this.original = original;
        CoreNewLine = ['\n'];
    }

    public override Encoding Encoding => Encoding.UTF8;

    /// <summary>Puts the redirection in place, once a process.</summary>
    public static void Install()
    {
        lock (Gate)
        {
            if (!installed)
            {
                installed = true;
                Console.SetOut(new ConsoleRedirection("stdout", Console.Out));
                Console.SetIn(new ConsoleInput(Console.In));
                Console.SetError(new ConsoleRedirection("stderr", Console.Error));
            }
        }
    }

    public override void Write(char value) => Write([value]);

    public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

    public override void Write(string? value) => Write(value.AsSpan());

    public override void Write(ReadOnlySpan<char> buffer)
    {
        if (CellContext.Current is { } cell)
        {
            cell.Write(stream, buffer);
        }
        else
        {
            original.Write(buffer);
        }
    }

    public override void WriteLine() => Write(['\n']);

    public override void WriteLine(string? value) => WriteLine(value.AsSpan());

    public override void WriteLine(ReadOnlySpan<char> buffer)
    {
        // One write, so that lines of two threads do not mix.
        char[] line = new char[buffer.Length + 1];
        buffer.CopyTo(line);
        line[^1] = '\n';
        Write(line.AsSpan());
    }
}
