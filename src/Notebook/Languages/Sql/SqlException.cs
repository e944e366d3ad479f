using System.Globalization;
using System.Text;
using System.Text.Json;
using ArKernel.Notebooks.Engine;

namespace ArKernel.Notebooks.Languages.Sql;

/// <summary>What DuckDB says of a statement that failed. The session is set to say it as JSON.</summary>
internal sealed class SqlException : Exception
{
    private readonly string sql;
    private readonly string kind = "Sql";
    private readonly int? position;

    public SqlException(string error, string sql)
        : base(Read(error, out JsonElement fields))
    {
        this.sql = sql;
        if (fields.ValueKind == JsonValueKind.Object)
        {
            kind = Field(fields, "exception_type") ?? kind;
            position = int.TryParse(Field(fields, "position"), NumberStyles.None, CultureInfo.InvariantCulture, out int at) ? at : null;
            MissingTable = Field(fields, "error_subtype") == "MISSING_ENTRY" && Field(fields, "type") == "Table" ? Field(fields, "name") : null;
        }
    }

    /// <summary>The table that the statement refers to and that does not exist, if that is what is wrong.</summary>
    public string? MissingTable { get; }

    /// <summary>What follows the message: what the reader may do about it.</summary>
    public string Hint { get; set; } = "";

    /// <summary>The error with the place in the cell: the code has as many lines before it as stand before it in the cell.</summary>
    public CellError ToCellError(string cell)
    {
        string message = Hint.Length > 0 ? $"{Message} {Hint}" : Message;
        string name = string.Concat(kind.Split(' ')) + "Error";
        if (position is not { } at)
        {
            return new CellError(name, message, [], null);
        }

        // The parser counts characters, all that comes after it bytes.
        string before = sql[..Math.Min(sql.Length, kind == "Parser" ? sql.EnumerateRunes().Take(at).Sum(r => r.Utf16SequenceLength) : CharactersOf(at))];
        int start = before.LastIndexOf('\n') + 1;
        int line = before.AsSpan().Count('\n') + 1;
        int end = sql.IndexOf('\n', before.Length);
        string text = end < 0 ? sql[start..] : sql[start..end];
        return new CellError(
            name,
            FormattableString.Invariant($"{message} ({cell}, line {line})"),
            [FormattableString.Invariant($"{cell}, line {line}:"), $"    {text}", $"    {new string(' ', before.Length - start)}^"],
            line);
    }

    private int CharactersOf(int bytes)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(sql);
        return Encoding.UTF8.GetCharCount(utf8, 0, Math.Min(bytes, utf8.Length));
    }

    private static string Read(string error, out JsonElement fields)
    {
        fields = default;
        int brace = error.IndexOf('{', StringComparison.Ordinal); // a parser's error has its kind before the object
        if (brace >= 0)
        {
            try
            {
                using JsonDocument document = JsonDocument.Parse(error.AsMemory(brace));
                fields = document.RootElement.Clone();
                return Field(fields, "exception_message")?.Trim() ?? error;
            }
            catch (JsonException)
            {
                // An error that merely has a brace in it.
            }
        }

        return error.Trim();
    }

    private static string? Field(JsonElement fields, string name) =>
        fields.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
