namespace ArKernel.Interactive;

/// <summary>What is known to be shown once TorchSharp is in the process.</summary>
internal static class TorchFormatters
{
    public static void Register()
    {
        TensorInspection.Arrive();
        TensorView.Register();
        ModuleView.Register();
        Views.Register<AttentionView>(view => view.ToHtml(), view => view.ToString());
        Views.Register<ImageGrid>(grid => grid.ToHtml(), grid => grid.ToString());
    }
}
