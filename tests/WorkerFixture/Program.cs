using ArKernel.Notebooks.Engine.Worker;

await WorkerHost.RunAsync(args[^1]);
