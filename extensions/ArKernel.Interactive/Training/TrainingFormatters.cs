using ArKernel.Training;

namespace ArKernel.Interactive;

/// <summary>Shows training runs, sweeps and their results.</summary>
internal static class TrainingFormatters
{
    public static void Register()
    {
        Views.Register<TrainingCard>(card => card.ToHtml(), card => card.ToString());
        Views.Register<ScalingCard>(card => card.ToHtml(), card => card.ToString());
        Views.Register<TrainingRun>(run => new TrainingCard(run).ToHtml(), run => new TrainingCard(run).ToString());
        Views.Register<TrainingResult>(TrainingCard.ToHtml, result => result.Message);
    }
}
