using System.CommandLine;
using ArKernel.Notebooks.Documents;

namespace ArKernel.Cli;

/// <summary><c>arkernel convert A B</c>.</summary>
internal static class ConvertCommand
{
    public static Command Create()
    {
        var source = new Argument<string>("source") { Description = "The notebook to read: .ipynb, .dib or a file-based app .cs." };
        var target = new Argument<string>("target") { Description = "The file to write: .ipynb, .dib or .cs; for .html, a page." };
        var command = new Command("convert", "Converts between notebooks (.ipynb, .dib), programs for 'dotnet run' (.cs) and web pages (.html).") { source, target };
        command.SetAction(parsed => Convert(parsed.GetValue(source)!, parsed.GetValue(target)!));
        return command;
    }

    private static int Convert(string source, string target)
    {
        NotebookDocument document;
        try
        {
            document = NotebookFile.Load(source);
        }
        catch (DocumentException error)
        {
            Console.Error.WriteLine(error.Message);
            return ExitCode.Usage;
        }

        try
        {
            if (target.EndsWith(".html", StringComparison.OrdinalIgnoreCase))
            {
                HtmlPage.Write(document, source, target);
                return ExitCode.Success;
            }

            foreach (string note in NotebookFile.Save(document, target))
            {
                Console.Error.WriteLine($"{source}: {note}");
            }

            return ExitCode.Success;
        }
        catch (DocumentException error)
        {
            Console.Error.WriteLine(error.Message);
            return ExitCode.Failure;
        }
    }
}
