using ArKernel.Notebooks.LanguageServices;
using ArKernel.Notebooks.LanguageServices.CSharp;

namespace ArKernel.Notebooks.Tests.LanguageServices;

/// <summary>Asks a language service as an editor does; a bar in the code is the cursor, which is at its end otherwise.</summary>
internal sealed class Editor
{
    public CSharpLanguageService CSharp { get; } = new();

    /// <summary>The same editor with nothing accepted: to make another one costs a second.</summary>
    public Editor Reset()
    {
        CSharp.Reset();
        return this;
    }

    public static (string Code, int Position) Cursor(string code)
    {
        int bar = code.IndexOf('|', StringComparison.Ordinal);
        return bar < 0 ? (code, code.Length) : (code.Remove(bar, 1), bar);
    }

    public Task<CompletionList> CompleteAsync(string code)
    {
        (code, int position) = Cursor(code);
        return CSharp.CompleteAsync(code, position, CancellationToken.None);
    }

    public async Task<string[]> NamesAsync(string code) => [.. (await CompleteAsync(code)).Items.Select(i => i.Text)];

    public Task<Description?> DescribeAsync(string code, bool detailed = false)
    {
        (code, int position) = Cursor(code);
        return CSharp.DescribeAsync(code, position, detailed, CancellationToken.None);
    }
}
