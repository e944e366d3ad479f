using DuckDB.NET.Native;
using static DuckDB.NET.Native.NativeMethods;

namespace ArKernel.Notebooks.Languages.Sql;

/// <summary>
/// A database in memory and a connection to it. It works below the library's ADO.NET layer because a cell of several statements is to be
/// prepared one by one: what a statement lacks (a table that is a variable) is found out by preparing it, and is then put in its place.
/// </summary>
internal sealed class DuckDBSession : IDisposable
{
    private readonly DuckDBDatabase database;

    public DuckDBSession()
    {
        Check(Startup.DuckDBOpen(":memory:", out database), () => "DuckDB could not open a database in memory.");
        Check(Startup.DuckDBConnect(database, out DuckDBNativeConnection connection), () => "DuckDB could not connect to its database.");
        Connection = connection;
        Execute("SET errors_as_json = true");
        // What does not fit into memory is spilled; by default into the notebook's folder, where it would be found.
        string folder = Path.Combine(Path.GetTempPath(), FormattableString.Invariant($"arkernel-duckdb-{Environment.ProcessId}"));
        Execute($"SET temp_directory = {Literal(folder)}");
    }

    public DuckDBNativeConnection Connection { get; }

    /// <summary>A name as SQL has it, whatever it consists of.</summary>
    public static string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    /// <summary>A string as SQL has it.</summary>
    public static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    /// <summary>Splits text into statements.</summary>
    /// <exception cref="SqlException">The text is no SQL.</exception>
    public DuckDBStatements Split(string sql)
    {
        (DuckDBExtractedStatements statements, int count) = Extract(sql);
        return new DuckDBStatements(this, statements, count, sql);
    }

    /// <summary>Splits text into statements.</summary>
    public (DuckDBExtractedStatements Statements, int Count) Extract(string sql)
    {
        int count = ExtractStatements.DuckDBExtractStatements(Connection, sql, out DuckDBExtractedStatements statements);
        if (count == 0 && ExtractStatements.DuckDBExtractStatementsError(statements) is { Length: > 0 } error)
        {
            statements.Dispose();
            throw new SqlException(error, sql);
        }

        return (statements, count);
    }

    /// <summary>Runs one statement of ours.</summary>
    public void Execute(string sql)
    {
        using DuckDBStatements statements = Split(sql);
        for (int i = 0; i < statements.Count; i++)
        {
            using DuckDBPreparedStatement statement = statements.Prepare(i);
            DuckDBResult result = statements.Execute(statement);
            result.Close();
        }
    }

    /// <summary>Ends the statement that runs, on whatever thread, with an error of the kind <c>INTERRUPT</c>.</summary>
    public void Interrupt() => Startup.DuckDBInterrupt(Connection);

    public void Dispose()
    {
        Connection.Dispose();
        database.Dispose();
    }

    private static void Check(DuckDBState state, Func<string> problem)
    {
        if (!state.IsSuccess())
        {
            throw new InvalidOperationException(problem());
        }
    }
}

/// <summary>The statements of a text.</summary>
internal sealed class DuckDBStatements(DuckDBSession session, DuckDBExtractedStatements statements, int count, string sql) : IDisposable
{
    private DuckDBExtractedStatements statements = statements;

    public int Count => count;

    /// <summary>Binds a statement to the tables that exist now.</summary>
    /// <exception cref="SqlException">It refers to what does not exist, or types do not fit.</exception>
    public DuckDBPreparedStatement Prepare(int index)
    {
        DuckDBState state = ExtractStatements.DuckDBPrepareExtractedStatement(session.Connection, statements, index, out DuckDBPreparedStatement statement);
        if (state.IsSuccess())
        {
            return statement;
        }

        string error = PreparedStatements.DuckDBPrepareError(statement);
        statement.Dispose();
        // A statement is used up by preparing it, also in vain: for another attempt the text is split again.
        statements.Dispose();
        (statements, _) = session.Extract(sql);
        throw new SqlException(error, sql);
    }

    /// <summary>Runs a prepared statement to its end. The result is the caller's to close.</summary>
    /// <exception cref="SqlException">It failed.</exception>
    public DuckDBResult Execute(DuckDBPreparedStatement statement)
    {
        DuckDBState state = PreparedStatements.DuckDBExecutePrepared(statement, out DuckDBResult result);
        if (state.IsSuccess())
        {
            return result;
        }

        string error = Query.DuckDBResultError(ref result);
        result.Close();
        throw new SqlException(error, sql);
    }

    public void Dispose() => statements.Dispose();
}
