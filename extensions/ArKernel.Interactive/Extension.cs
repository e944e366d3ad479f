using System.Reflection;
using ArKernel.Orders;
using ArKernel.Training;

namespace ArKernel.Interactive;

/// <summary>Makes a notebook host show tensors, models, tokens, charts and training runs as what they are.</summary>
public static class Extension
{
    private static readonly Lock Gate = new();

    // What an assembly's arrival makes known. Until then none of its types may be named: that would load libraries a notebook may never use.
    private static readonly Dictionary<string, Action> OnArrival = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Plotly.NET"] = ChartFormatters.RegisterPlotly,
        ["TorchSharp"] = TorchFormatters.Register,
        ["ArKernel.Theory"] = TheoryFormatters.Register,
        ["Microsoft.Data.Analysis"] = DataFrameView.Register,
    };

    private static bool isLoaded;

    /// <summary>
    /// Registers the formatters, shows training runs and sweeps in a live view, and lets the notebook's interrupt end them. To be called once by the host
    /// before the first cell; calling it again only replaces the functions.
    /// </summary>
    /// <param name="display">Shows a value in the running cell's output; what it returns shows another value in the same place.</param>
    /// <param name="cancellation">The token that an interrupt of the running cell cancels.</param>
    public static void Load(Func<object, Action<object>> display, Func<CancellationToken> cancellation)
    {
        ArgumentNullException.ThrowIfNull(display);
        ArgumentNullException.ThrowIfNull(cancellation);
        TrainingRun.DefaultCancellation = cancellation;
        TrainingView.Default = run => new TrainingLiveView(run, display);
        ScalingSweep.DefaultView = sweep => new ScalingLiveView(sweep, display);
        lock (Gate)
        {
            if (isLoaded)
            {
                return;
            }

            isLoaded = true;
        }

        ChartFormatters.Register();
        TrainingFormatters.Register();
        Views.Register<GenerationOrder>(OrderView.ToHtml, OrderView.ToText);
        Views.Register<TokenView>(view => view.ToHtml(), view => view.ToString());
        Views.Register<SampleTable>(table => table.ToHtml(), table => table.ToString());
        Views.Register<Comparison>(table => table.ToHtml(), table => table.ToString());
        AppDomain.CurrentDomain.AssemblyLoad += (_, arrival) => Arrive(arrival.LoadedAssembly);
        foreach (Assembly assembly in AppDomain.CurrentDomain.GetAssemblies())
        {
            Arrive(assembly);
        }
    }

    private static void Arrive(Assembly assembly)
    {
        Action? register;
        lock (Gate)
        {
            if (!OnArrival.Remove(assembly.GetName().Name ?? "", out register))
            {
                return;
            }
        }

        register();
    }
}
