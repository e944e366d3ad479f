using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using ArKernel.Notebooks.Engine;
using ArKernel.Notebooks.Engine.Worker;
using ArKernel.Notebooks.Jupyter;
using ArKernel.Notebooks.LanguageServices;
using ArKernel.Notebooks.Tests.Engine;

namespace ArKernel.Notebooks.Tests.Jupyter;

/// <summary>A kernel in this process over a real engine, here or in a worker, and a client that is subscribed to it.</summary>
internal sealed class TestKernel : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1); // for an end; it would hold up the suite

    private readonly ICellExecutor executor;
    private readonly List<TestKernelClient> clients = [];
    private readonly KernelServer server;

    private TestKernel(ConnectionInformation connection, string? historyFolder, ICellExecutor executor)
    {
        Connection = connection;
        this.executor = executor;
        server = new KernelServer(connection, "csharp", executor, new NotebookLanguageServices("csharp"), historyFolder, Log.Enqueue);
        Ended = server.RunAsync();
    }

    public ConnectionInformation Connection { get; }

    public ConcurrentQueue<string> Log { get; } = new();

    public Task<bool> Ended { get; }

    public TestKernelClient Client => clients[0];

    public static async Task<TestKernel> StartAsync(ConnectionInformation? connection = null, string? historyFolder = null, ICellExecutor? executor = null)
    {
        TestKernel kernel = new(connection ?? NewConnection(), historyFolder, executor ?? new NotebookEngine());
        await kernel.ConnectAsync();
        return kernel;
    }

    /// <summary>A kernel whose cells run in a process of their own.</summary>
    public static Task<TestKernel> StartWithWorkerAsync() =>
        StartAsync(executor: new SupervisedWorker(cancellation => WorkerProcess.StartAsync(WorkerTests.Start, cancellation), () => { }));

    public async Task<TestKernelClient> ConnectAsync()
    {
        TestKernelClient client = new(Connection, Connection.CurvePublicKey);
        clients.Add(client);
        await client.Next(m => m.Type == "iopub_welcome", "welcome");
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        clients.ForEach(c => c.Dispose());
        server.Interrupt();
        await server.DisposeAsync().AsTask().WaitAsync(Patience);
        await Ended.WaitAsync(Patience);
        await executor.DisposeAsync().AsTask().WaitAsync(Patience);
    }

    public static ConnectionInformation NewConnection()
    {
        List<TcpListener> listeners = [];
        for (int i = 0; i < 5; i++)
        {
            TcpListener listener = new(IPAddress.Loopback, 0);
            listener.Start();
            listeners.Add(listener);
        }

        int[] ports = [.. listeners.Select(l => ((IPEndPoint)l.LocalEndpoint).Port)];
        listeners.ForEach(l => l.Dispose());
        return new ConnectionInformation
        {
            ShellPort = ports[0], OutputPort = ports[1], InputPort = ports[2], ControlPort = ports[3], HeartbeatPort = ports[4], Key = Guid.NewGuid().ToString("N"),
        };
    }
}
