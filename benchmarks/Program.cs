using ArKernel.Benchmarks;

// Each benchmark prints its figures and, where there is a peer, runs both sides in turn and prints their ratio.
return args switch
{
    ["training"] => TrainingStep.Run(),
    ["decoding"] => CachedDecoding.Run(),
    ["memory", var minutes] => TrainingMemory.Run(double.Parse(minutes)),
    ["startup"] => Startup.Run(),
    ["theory", var task, var file, .. var parameters] => TheoryTools.Run(task, file, [.. parameters.Select(int.Parse)]),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("dotnet run -c Release --project benchmarks -- training | decoding | memory MINUTES | startup   (see benchmarks/README.md)");
    return 2;
}
