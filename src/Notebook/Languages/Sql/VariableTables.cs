using System.Globalization;
using ArKernel.Notebooks.Engine;
using ArKernel.Notebooks.Engine.Sharing;
using DuckDB.NET.Native;
using static DuckDB.NET.Native.NativeMethods;

namespace ArKernel.Notebooks.Languages.Sql;

/// <summary>
/// The variables that the statements of one cell name: copied into temporary tables when DuckDB misses them, and dropped with the cell, so
/// that every cell sees what the variables are then. A statement reaches them through views, which cannot be written to: a change of the
/// copy would be lost without a word.
/// </summary>
internal sealed class VariableTables(DuckDBSession session, ICellLanguage self, CellContext context) : IDisposable
{
    private readonly HashSet<string> names = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The variables copied so far.</summary>
    public IReadOnlyCollection<string> Names => names;

    /// <summary>Makes the variable of that name a table; false when there is no such variable.</summary>
    /// <exception cref="CellFailedException">It is no table.</exception>
    public async Task<bool> AddAsync(string name)
    {
        if (await FindAsync(name) is not { } variable)
        {
            return false;
        }

        string hidden = "variable " + name;
        Copy(session, $"TEMP TABLE {DuckDBSession.Quote(hidden)}", "temp", hidden, variable, context.CancellationToken);
        session.Execute($"CREATE OR REPLACE TEMP VIEW {DuckDBSession.Quote(name)} AS SELECT * FROM temp.main.{DuckDBSession.Quote(hidden)}");
        names.Add(name);
        return true;
    }

    /// <summary>Makes a table of a variable.</summary>
    /// <exception cref="CellFailedException">It is no table.</exception>
    public static void Copy(DuckDBSession session, string target, string catalog, string table, NotebookVariable variable, CancellationToken cancellationToken)
    {
        RowSource source;
        try
        {
            source = RowSource.From(variable.Value, cancellationToken) ?? throw new NotSupportedException(
                $"it is {(variable.Value is null ? "null" : $"a {variable.Value.GetType().Name}")}; data frames, sequences, arrays and dictionaries are");
        }
        catch (NotSupportedException exception)
        {
            string message = $"The variable '{variable.Name}' is no table: {exception.Message}.";
            throw new CellFailedException(new CellError("NotATable", message, [], null));
        }

        IReadOnlyList<TableColumn> columns = TableColumn.Of(source);
        if (columns.Count == 0)
        {
            string message = $"The variable '{variable.Name}' is no table: it has no columns.";
            throw new CellFailedException(new CellError("NotATable", message, [], null));
        }

        session.Execute($"CREATE OR REPLACE {target} ({string.Join(", ", ColumnNames(columns).Zip(columns, (n, c) => $"{DuckDBSession.Quote(n)} {c.Type}"))})");
        Append(session, catalog, table, columns, source.Rows, cancellationToken);
    }

    public void Dispose()
    {
        foreach (string name in names)
        {
            session.Execute($"DROP VIEW IF EXISTS temp.main.{DuckDBSession.Quote(name)}");
            session.Execute($"DROP TABLE IF EXISTS temp.main.{DuckDBSession.Quote("variable " + name)}");
        }
    }

    /// <summary>SQL does not tell cases apart: 'b' is 'B'.</summary>
    private static IEnumerable<string> ColumnNames(IReadOnlyList<TableColumn> columns)
    {
        HashSet<string> taken = new(StringComparer.OrdinalIgnoreCase);
        foreach (TableColumn column in columns)
        {
            string stem = column.Name.Length > 0 ? column.Name : "column";
            string name = stem;
            for (int i = 1; !taken.Add(name); i++)
            {
                name = string.Create(CultureInfo.InvariantCulture, $"{stem}_{i}");
            }

            yield return name;
        }
    }

    private static void Append(DuckDBSession session, string catalog, string table, IReadOnlyList<TableColumn> columns, int rows, CancellationToken cancellationToken)
    {
        DuckDBState state = Appender.DuckDBAppenderCreateExt(session.Connection, catalog, "main", table, out DuckDBAppender appender);
        using (appender)
        {
            Check(state, appender);
            DuckDBLogicalType[] types = [.. columns.Select((_, i) => Appender.DuckDBAppenderColumnType(appender, (ulong)i))];
            try
            {
                using DuckDBDataChunk chunk = DataChunks.DuckDBCreateDataChunk([.. types.Select(t => t.DangerousGetHandle())], (ulong)types.Length);
                int size = (int)Helpers.DuckDBVectorSize();
                for (int start = 0; start < rows; start += size)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    int count = Math.Min(size, rows - start);
                    for (int i = 0; i < columns.Count; i++)
                    {
                        columns[i].Write(DataChunks.DuckDBDataChunkGetVector(chunk, i), start, count);
                    }

                    DataChunks.DuckDBDataChunkSetSize(chunk, (ulong)count);
                    Check(Appender.DuckDBAppendDataChunk(appender, chunk), appender);
                    DataChunks.DuckDBDataChunkReset(chunk);
                }

                Check(Appender.DuckDBAppenderClose(appender), appender);
            }
            finally
            {
                Array.ForEach(types, t => t.Dispose());
            }
        }
    }

    private static void Check(DuckDBState state, DuckDBAppender appender)
    {
        if (!state.IsSuccess())
        {
            using DuckDBErrorData error = Appender.DuckDBAppenderErrorData(appender);
            throw new SqlException(error.Message ?? "DuckDB refused the rows.", "");
        }
    }

    /// <summary>The variable of that name, of whichever language has one; as names of SQL do, this one may differ in case.</summary>
    private async Task<NotebookVariable?> FindAsync(string name)
    {
        ICellLanguage[] others = [.. context.Engine.Languages.Where(l => l != self)];
        foreach (StringComparison comparison in (StringComparison[])[StringComparison.Ordinal, StringComparison.OrdinalIgnoreCase])
        {
            if (others.SelectMany(l => l.Variables).FirstOrDefault(v => v.Name.Equals(name, comparison)) is { } variable)
            {
                return variable;
            }
        }

        // Languages of other processes do not list their variables: they are asked.
        foreach (ISharesValues other in others.OfType<ISharesValues>())
        {
            if (await other.GetAsync(name, context) is { } variable)
            {
                return variable;
            }
        }

        return null;
    }
}
