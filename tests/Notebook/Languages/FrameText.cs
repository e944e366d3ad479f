using System.Globalization;
using Microsoft.Data.Analysis;
using Microsoft.DotNet.Interactive.Formatting;

namespace ArKernel.Notebooks.Tests.Languages;

/// <summary>Shows data frames, in this process, as a line of columns with their types and a line for each row.</summary>
internal static class FrameText
{
    public static void Register()
    {
        Formatter.SetPreferredMimeTypesFor(typeof(DataFrame), "text/plain");
        Formatter.Register<DataFrame>((frame, writer) => writer.Write(Describe(frame)), "text/plain");
    }

    public static string Describe(DataFrame frame) => string.Join('\n', [
        string.Join(' ', frame.Columns.Select(c => $"{c.Name}:{c.DataType.Name}")),
        .. frame.Rows.Take(100).Select(r => string.Join(' ', r.Select(Text))),
    ]);

    private static string Text(object? value) => value switch
    {
        null => "null",
        DateTime time => time.ToString("yyyy-MM-ddTHH:mm:ss.FFFFFFF", CultureInfo.InvariantCulture),
        DateTimeOffset time => time.ToString("yyyy-MM-ddTHH:mm:ss.FFFFFFFzzz", CultureInfo.InvariantCulture),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };
}
