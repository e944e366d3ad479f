using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Microsoft.Playwright;

namespace ArKernel.Kernel.Tests;

/// <summary>The classic Notebook server, on a port of its own, serving a new folder; and a browser to look at it.</summary>
internal sealed class NotebookServer : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly Process process;
    private readonly IPlaywright playwright;
    private readonly IBrowser browser;

    private NotebookServer(Process process, string folder, string address, IPlaywright playwright, IBrowser browser)
    {
        this.process = process;
        this.playwright = playwright;
        this.browser = browser;
        Folder = folder;
        Address = address;
    }

    /// <summary>Where the notebooks are.</summary>
    public string Folder { get; }

    private string Address { get; }

    public static async Task<NotebookServer> StartAsync(Jupyter jupyter)
    {
        const string Notebook = "/usr/bin/jupyter-notebook", Chromium = "/usr/bin/chromium";
        Jupyter.Require(Notebook);
        Jupyter.Require(Chromium);
        string folder = jupyter.NewFolder("notebooks"), runtime = jupyter.NewFolder("server");
        var line = new CommandLine(
            Notebook, "--no-browser", "--allow-root", "--ip=127.0.0.1", $"--port={FreePort()}", "--NotebookApp.token=", "--NotebookApp.password=", $"--notebook-dir={folder}",
            "--NotebookApp.nbserver_extensions={}", "--NotebookApp.quit_button=False", "--NotebookApp.mathjax_url=")
        {
            Environment = new Dictionary<string, string>(jupyter.Environment, StringComparer.Ordinal) { ["JUPYTER_RUNTIME_DIR"] = runtime },
        };
        Process server = line.Start();
        // What the server logs is of no interest, but a full pipe would stop it.
        _ = server.StandardError.BaseStream.CopyToAsync(Stream.Null);
        _ = server.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
        string address = await AddressAsync(server, runtime);
        IPlaywright driver = await Playwright.CreateAsync();
        IBrowser chromium = await driver.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Chromium,
            Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-component-update", "--disable-background-networking", "--disable-sync"],
        });
        return new NotebookServer(server, folder, address, driver, chromium);
    }

    /// <summary>A browser window at a page of the server.</summary>
    public async Task<IPage> OpenAsync(string path)
    {
        IPage page = await browser.NewPageAsync(new BrowserNewPageOptions { ViewportSize = new ViewportSize { Width = 1200, Height = 1300 } });
        page.SetDefaultTimeout((float)Patience.TotalMilliseconds);
        await page.GotoAsync(Address + path);
        return page;
    }

    public async ValueTask DisposeAsync()
    {
        await browser.DisposeAsync();
        playwright.Dispose();
        // Asked to end, it ends its kernels; killed, it would leave that to them.
        Command.Run(new CommandLine("/bin/kill", "-TERM", process.Id.ToString()), Patience);
        if (!process.WaitForExit(TimeSpan.FromSeconds(20)))
        {
            process.Kill(entireProcessTree: true);
        }

        process.Dispose();
    }

    /// <summary>A port that is free now; should somebody take it first, the server takes the next and says so.</summary>
    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static async Task<string> AddressAsync(Process server, string runtime)
    {
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < Patience)
        {
            Assert.False(server.HasExited, "jupyter notebook ended at once");
            if (Directory.GetFiles(runtime, "nbserver-*.json") is [var file] && File.ReadAllText(file) is { Length: > 0 } text)
            {
                return (string)JsonNode.Parse(text)!["url"]!;
            }

            await Task.Delay(100);
        }

        throw new TimeoutException("jupyter notebook does not say where it listens");
    }
}
