using System.Text.Json;
using ArKernel.Notebooks.Debugging;
using ArKernel.Notebooks.Engine.Sharing;
using ArKernel.Notebooks.Engine.Staleness;
using ArKernel.Notebooks.Engine.Variables;
using ArKernel.Notebooks.Languages;
using ArKernel.Notebooks.Languages.CSharp;
using ArKernel.Notebooks.Languages.FSharp;
using ArKernel.Notebooks.Languages.Sql;
using ArKernel.Notebooks.Packages;

namespace ArKernel.Notebooks.Engine;

/// <summary>Runs cells in this process, one after the other, against one state.</summary>
public sealed class NotebookEngine : ICellExecutor
{
    private readonly EngineOptions options;
    private readonly SemaphoreSlim turn = new(1, 1);
    private Dictionary<string, ICellLanguage> languages = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, Magic> magics = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, RequestHandler> requests = new(StringComparer.Ordinal);
    private CellParser parser;
    private readonly VariableTable variables;
    private readonly VariablePanel panel;
    private readonly PackageSession packages;
    private readonly Lazy<Task> initialization;
    private Task warmUp = Task.CompletedTask;
    private bool isRunningAgain;

    /// <summary>Makes an engine.</summary>
    /// <param name="options">What the host brings; null for nothing.</param>
    public NotebookEngine(EngineOptions? options = null)
    {
        this.options = options ?? new EngineOptions();
        CSharpLanguage csharp = new(this.options);
        foreach (ICellLanguage language in (IEnumerable<ICellLanguage>)[csharp, new FSharpLanguage(this.options, csharp.WriteTypes), new SqlLanguage(), new ValueLanguage(), .. MarkupLanguage.All, .. this.options.Languages])
        {
            foreach (string name in language.Names)
            {
                languages[name] = language;
            }
        }

        variables = new VariableTable(this, this.options.Inspector);
        panel = new VariablePanel(variables, this.options.Inspector);
        foreach (Magic magic in BuiltInMagics.Create(this, this.options).Concat(StaleMagics.Create(this)).Concat(VariableMagics.Create(variables, panel)).Concat(this.options.Magics))
        {
            magics[magic.Name] = magic;
        }

        requests["input"] = Input.AnswerAsync;
        requests["comm"] = Comm.DeliverAsync;
        requests["debug"] = new DebugAdapter(Debugger, this).HandleAsync;
        requests[NotebookVocabulary.Request] = (_, _) => Task.FromResult(JsonSerializer.SerializeToElement(NotebookVocabulary.Of(this)));
        packages = new PackageSession(this.options.CacheFolder);
        requests["variables"] = (_, _) => Task.FromResult(variables.ToJson());
        foreach ((string name, RequestHandler handler) in NotebookLock.Requests(packages).Concat(this.options.Requests.Select(r => (r.Key, r.Value))))
        {
            requests[name] = handler;
        }

        parser = new CellParser(languages, magics);
        initialization = new Lazy<Task>(() => Task.Run(() => this.options.Initialize?.Invoke()));
    }

    /// <summary>The languages that cells can be in.</summary>
    public IReadOnlyList<ICellLanguage> Languages => [.. languages.Values.Distinct()];

    /// <summary>The commands that cells can give.</summary>
    public IReadOnlyCollection<Magic> Magics => magics.Values;

    /// <summary>The lock of the packages so far.</summary>
    internal Task<PackageLock> CreateLockAsync(CancellationToken cancellationToken) => packages.CreateLockAsync(cancellationToken);

    /// <summary>Asks the front end's user.</summary>
    internal NotebookInput Input { get; } = new();

    /// <summary>The debugger of C# cells.</summary>
    internal DebugSession Debugger { get; } = new();

    /// <summary>Adds a language while cells run, or replaces the one of its names.</summary>
    internal void Add(ICellLanguage language)
    {
        Dictionary<string, ICellLanguage> next = new(languages, StringComparer.OrdinalIgnoreCase);
        foreach (string name in language.Names)
        {
            next[name] = language;
        }

        languages = next; // a copy: requests beside the cells may be looking at the ones before
        parser = new CellParser(languages, magics);
    }

    /// <summary>The cells that have run.</summary>
    internal CellHistory History { get; } = new();

    /// <summary>Starts, in the background, what would make the first cell slow. Cells wait for its end.</summary>
    /// <param name="hurry">The first cell has come.</param>
    public void StartWarmUp(CancellationToken hurry = default) => warmUp = Task.Run(async () =>
    {
        await initialization.Value;
        foreach (ICellLanguage language in Languages)
        {
            language.WarmUp(hurry);
        }
    }, CancellationToken.None);

    /// <inheritdoc/>
    public async Task<bool> ExecuteAsync(CellSubmission submission, Action<CellEvent> onEvent, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(submission);
        ArgumentNullException.ThrowIfNull(onEvent);
        await turn.WaitAsync(CancellationToken.None); // an interrupted cell still has its turn, to say that it was interrupted
        try
        {
            ConsoleRedirection.Install();
            using CancellationTokenSource interruption = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            if (submission.Timeout is { } timeout)
            {
                interruption.CancelAfter(timeout);
            }

            CellOutput output = new(onEvent);
            CellContext context = new(this, submission, output, interruption.Token);
            CellError? error = await variables.WatchAsync(submission, () => RunGuardedAsync(submission, context));
            if (error is not null)
            {
                output.Add(interruption.IsCancellationRequested ? Interruption.Describe(submission, error, cancellationToken) : error);
            }

            panel.Update(submission, output);
            output.Complete();
            return error is null;
        }
        finally
        {
            turn.Release();
        }
    }

    /// <inheritdoc/>
    public async Task<JsonElement> RequestAsync(string name, JsonElement arguments, CancellationToken cancellationToken)
    {
        if (!requests.TryGetValue(name, out RequestHandler? handler))
        {
            throw new RequestException($"The request '{name}' is not known. Known are: {string.Join(", ", requests.Keys.Order(StringComparer.Ordinal))}.");
        }

        try
        {
            return await Task.Run(() => handler(arguments, cancellationToken), cancellationToken);
        }
        catch (Exception exception) when (exception is not (RequestException or OperationCanceledException))
        {
            throw new RequestException($"{name}: {exception.Message}");
        }
    }

    /// <summary>Runs further source text as a part of a running cell, as <c>#!import</c> does.</summary>
    /// <param name="source">The text, its language, and what messages call it.</param>
    /// <param name="context">The running cell.</param>
    /// <returns>What went wrong, or null when nothing did.</returns>
    public Task<CellError?> RunAsync(CellSubmission source, CellContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return RunAsync(source, context, context.Record);
    }

    /// <summary>Runs a cell again as a part of another one, as <c>#!rerun</c> does.</summary>
    internal async Task<CellError?> RunAgainAsync(CellSubmission cell, CellContext context)
    {
        if (isRunningAgain)
        {
            return null; // the cell has a #!rerun itself
        }

        isRunningAgain = true;
        try
        {
            return await variables.WatchAsync(cell, () => RunAsync(cell, context, new CellRecord(cell)));
        }
        finally
        {
            isRunningAgain = false;
            context.MakeCurrent();
        }
    }

    private async Task<CellError?> RunAsync(CellSubmission source, CellContext context, CellRecord record)
    {
        context = new CellContext(this, source, context.Output, context.CancellationToken, record);
        context.MakeCurrent();
        List<Action> atEnd = [];
        try
        {
            for (CellSubmission? rest = source; rest is not null;)
            {
                (IReadOnlyList<CellPart> parts, rest) = parser.Parse(rest);
                foreach (CellPart part in await ResolveAsync(parts, context))
                {
                    context.CancellationToken.ThrowIfCancellationRequested();
                    context.Language = (part as CodePart)?.Language ?? ((MagicPart)part).Language;
                    if (part is CodePart code && await code.Language.RunAsync(code.Code, code.Arguments, context) is { } error)
                    {
                        return error;
                    }

                    if (part is MagicPart magic && await magic.Magic.RunAsync(magic.Arguments, context) is { } action)
                    {
                        atEnd.Add(action);
                    }
                }
            }

            return null;
        }
        finally
        {
            atEnd.ForEach(action => action());
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Debugger.Dispose();
        Input.Dispose();
        turn.Dispose();
        foreach (IDisposable language in Languages.OfType<IDisposable>())
        {
            language.Dispose();
        }

        return ValueTask.CompletedTask;
    }

    private async Task<CellError?> RunGuardedAsync(CellSubmission submission, CellContext context)
    {
        try
        {
            await initialization.Value;
            await warmUp.WaitAsync(context.CancellationToken);
            return await RunAsync(submission, context);
        }
        catch (CellFailedException failure)
        {
            return failure.Error;
        }
        catch (FormattingException exception)
        {
            return new CellError("FormatterError", exception.Message, ExceptionReport.Describe(exception.InnerException!, submission.Name).Traceback, null);
        }
        catch (Exception exception)
        {
            return ExceptionReport.Describe(exception, submission.Name);
        }
    }

    /// <summary>Carries out the <c>#r</c> and <c>#i</c> lines of all parts, in one go, before any code runs.</summary>
    private async Task<IReadOnlyList<CellPart>> ResolveAsync(IReadOnlyList<CellPart> parts, CellContext context)
    {
        List<Directive> directives = [];
        List<CellPart> stripped = [];
        foreach (CellPart part in parts)
        {
            if (part is CodePart { Language.IsCode: true } code)
            {
                (string text, IReadOnlyList<Directive> found) = Directives.Scan(code.Code, Path.IsPathRooted(context.Cell.Name) ? context.Cell.Name : null);
                directives.AddRange(found);
                stripped.Add(code with { Code = text });
            }
            else
            {
                stripped.Add(part);
            }
        }

        if (directives.Count > 0)
        {
            Resolution resolution = await packages.ResolveAsync(directives, context);
            foreach (ICellLanguage language in Languages)
            {
                language.AddReferences(resolution.Assemblies);
            }

            context.Output.Add(new ReferencesAdded(resolution.Assemblies));
            foreach (AddedPackage package in resolution.Added)
            {
                await (options.PackageAdded?.Invoke(package, context) ?? Task.CompletedTask);
            }
        }

        return stripped;
    }
}
