using System.Text.RegularExpressions;
using ArKernel.Notebooks.Engine;
using ArKernel.Notebooks.Engine.Sharing;
using DuckDB.NET.Native;
using Microsoft.Data.Analysis;
using static DuckDB.NET.Native.NativeMethods;

namespace ArKernel.Notebooks.Languages.Sql;

/// <summary>
/// SQL cells: DuckDB in memory, whose tables live as long as the notebook. A name that is no table is a variable of another language.
/// <c>#!sql --name result</c> keeps the last statement's rows as a data frame for C#.
/// </summary>
internal sealed partial class SqlLanguage : ISharesValues, IDisposable
{
    private static readonly TimeSpan InterruptInterval = TimeSpan.FromMilliseconds(20);

    private readonly Lazy<DuckDBSession> session = new(() => new DuckDBSession());

    public IReadOnlyList<string> Names { get; } = ["sql"];

    public bool IsCode => false;

    public IEnumerable<NotebookVariable> Variables => [];

    public void WarmUp(CancellationToken hurry)
    {
        // A library of 60 MB that most notebooks never use: it is loaded by the first cell that does.
    }

    public void AddReferences(IReadOnlyList<string> paths)
    {
    }

    public Task<CellError?> RunAsync(string code, CellContext context) => RunAsync(code, "", context);

    public async Task<CellError?> RunAsync(string code, string arguments, CellContext context)
    {
        string? name = ResultName(arguments);
        try
        {
            // What happens in DuckDB blocks its thread; what is left of an interrupted statement ends within milliseconds.
            DataFrame? last = await Task.Run(() => RunStatementsAsync(code, context));
            if (name is not null)
            {
                await KeepAsync(name, last, context);
            }

            return null;
        }
        catch (SqlException exception)
        {
            context.CancellationToken.ThrowIfCancellationRequested();
            return exception.ToCellError(context.Cell.Name);
        }
    }

    public Task<NotebookVariable?> GetAsync(string name, CellContext context) => Task.Run(() =>
    {
        if (!session.IsValueCreated)
        {
            return null;
        }

        try
        {
            using DuckDBStatements statements = session.Value.Split($"FROM {DuckDBSession.Quote(name)}");
            return new NotebookVariable(name, typeof(DataFrame), Run(statements, statements.Prepare(0), context.CancellationToken).Frame);
        }
        catch (SqlException exception) when (exception.MissingTable is not null)
        {
            return null;
        }
    });

    public Task SetAsync(NotebookVariable variable, CellContext context) =>
        Task.Run(() => VariableTables.Copy(session.Value, $"TABLE {DuckDBSession.Quote(variable.Name)}", "memory", variable.Name, variable, context.CancellationToken));

    public void Dispose()
    {
        if (session.IsValueCreated)
        {
            session.Value.Dispose();
        }
    }

    private static string? ResultName(string text)
    {
        MagicArguments arguments = new("sql", text, ["--name", "--into"]);
        string? name = arguments["--name"] ?? arguments["--into"];
        return arguments.Words.Count > 0 ? throw arguments.Error($"'{arguments.Words[0]}' is not understood; --name NAME keeps the result as a data frame")
            : name is null || Identifier().IsMatch(name) ? name
            : throw arguments.Error($"'{name}' in --name is no name of a variable");
    }

    [GeneratedRegex(@"^[\p{L}_][\p{L}\p{N}_]*$")]
    private static partial Regex Identifier();

    private static CellFailedException Failure(string message, string name) => new(new CellError(name, message, [], null));

    private async Task<DataFrame?> RunStatementsAsync(string code, CellContext context)
    {
        using DuckDBStatements statements = session.Value.Split(code);
        using VariableTables variables = new(session.Value, this, context);
        DataFrame? last = null;
        for (int i = 0; i < statements.Count; i++)
        {
            context.CancellationToken.ThrowIfCancellationRequested();
            DuckDBPreparedStatement statement = await PrepareAsync(statements, i, variables);
            (DataFrame? frame, long changed) = Run(statements, statement, context.CancellationToken);
            if (frame is null)
            {
                if (changed > 0)
                {
                    context.DisplayRendered(Rendering.Text(FormattableString.Invariant($"{changed:N0} {(changed == 1 ? "row" : "rows")} changed")));
                }
            }
            else if (i == statements.Count - 1)
            {
                context.Result(frame);
            }
            else
            {
                context.Display(frame);
            }

            last = frame ?? last;
        }

        return last;
    }

    /// <summary>Prepares a statement, as often as DuckDB misses a table that is a variable.</summary>
    private static async Task<DuckDBPreparedStatement> PrepareAsync(DuckDBStatements statements, int index, VariableTables variables)
    {
        HashSet<string> added = new(StringComparer.OrdinalIgnoreCase);
        while (true)
        {
            try
            {
                return statements.Prepare(index);
            }
            catch (SqlException exception) when (exception.MissingTable is { } name)
            {
                if (!added.Add(name) || !await variables.AddAsync(name))
                {
                    exception.Hint = "No notebook language has a variable of that name either.";
                    throw;
                }
            }
            catch (SqlException exception) when (added.Count > 0)
            {
                exception.Hint = $"({Listing(added)} of the notebook can be read, not changed: CREATE TABLE t AS FROM {added.First()} makes a table of it.)";
                throw;
            }
        }
    }

    private static string Listing(HashSet<string> names) => $"{(names.Count == 1 ? "The variable" : "The variables")} {string.Join(", ", names)}";

    private (DataFrame? Frame, long Changed) Run(DuckDBStatements statements, DuckDBPreparedStatement statement, CancellationToken cancellationToken)
    {
        using (statement)
        {
            DuckDBResult result = Interruptible(() => statements.Execute(statement), cancellationToken);
            try
            {
                return Query.DuckDBResultReturnType(result) switch
                {
                    DuckDBResultType.QueryResult => (ResultFrame.Read(ref result, cancellationToken), 0),
                    DuckDBResultType.ChangedRows => (null, Query.DuckDBRowsChanged(ref result)),
                    _ => (null, 0),
                };
            }
            finally
            {
                result.Close();
            }
        }
    }

    /// <summary>Interrupts until the call has ended: DuckDB forgets an interrupt that comes before it has begun.</summary>
    private T Interruptible<T>(Func<T> call, CancellationToken cancellationToken)
    {
        using CancellationTokenSource ended = new();
        using CancellationTokenRegistration registration = cancellationToken.Register(() => _ = Task.Run(async () =>
        {
            while (!ended.IsCancellationRequested)
            {
                session.Value.Interrupt();
                await Task.Delay(InterruptInterval);
            }
        }));
        try
        {
            return call();
        }
        finally
        {
            ended.Cancel();
        }
    }

    private static async Task KeepAsync(string name, DataFrame? frame, CellContext context)
    {
        if (frame is null)
        {
            throw Failure($"#!sql --name {name}: no statement of the cell returned rows.", "CommandError");
        }

        ISharesValues target = context.Engine.Languages.OfType<ISharesValues>().FirstOrDefault(l => l.Names[0] == "csharp")
            ?? throw Failure($"#!sql --name {name}: this notebook has no language that takes variables.", "CommandError");
        await target.SetAsync(new NotebookVariable(name, typeof(DataFrame), frame), context);
    }
}
