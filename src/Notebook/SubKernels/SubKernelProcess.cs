using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using ArKernel.Notebooks.Jupyter;

namespace ArKernel.Notebooks.SubKernels;

/// <summary>The process of a Jupyter kernel, which never outlives this one.</summary>
internal sealed partial class SubKernelProcess : IDisposable
{
    // Started before the kernel takes the shell's place, so that the process started here is the kernel itself. The guard reads what this
    // process never writes but at an end in good order; when this process is gone, however it went, the read fails and so ends the kernel.
    private const string Guard = "p=$$; exec 3<&0; (read -r _ <&3 || kill -9 $p) >/dev/null 2>&1 & exec 3<&- </dev/null; exec \"$@\"";

    private const int Interrupt = 2; // SIGINT
    private const int LastLines = 20;

    private static readonly TimeSpan ShutdownTime = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(0.5);

    private readonly Process process;
    private readonly string connectionFile;
    private readonly Queue<string> lines = new();

    // Not Process.WaitForExitAsync, which also waits for whoever inherited the kernel's streams.
    private readonly TaskCompletionSource<int> exited = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly TaskCompletionSource drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int openStreams = 2;

    private SubKernelProcess(Process process, string connectionFile, ConnectionInformation connection)
    {
        this.process = process;
        this.connectionFile = connectionFile;
        Connection = connection;
        process.OutputDataReceived += (_, e) => Keep(e.Data);
        process.ErrorDataReceived += (_, e) => Keep(e.Data);
        process.Exited += (_, _) => OnExited();
        process.EnableRaisingEvents = true;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>Where the kernel listens.</summary>
    public ConnectionInformation Connection { get; }

    /// <summary>Ends when the process does, with its exit code.</summary>
    public Task<int> Exited => exited.Task;

    /// <summary>What the process has printed last, outside its messages.</summary>
    public string LastOutput
    {
        get
        {
            lock (lines)
            {
                return string.Join('\n', lines);
            }
        }
    }

    /// <summary>Starts a kernel.</summary>
    /// <exception cref="JupyterException">Its program cannot be started.</exception>
    public static SubKernelProcess Start(KernelSpecification specification)
    {
        int[] ports = FreePorts(5);
        ConnectionInformation connection = new()
        {
            ShellPort = ports[0], OutputPort = ports[1], InputPort = ports[2], ControlPort = ports[3], HeartbeatPort = ports[4],
            Key = RandomNumberGenerator.GetHexString(64, lowercase: true), KernelName = specification.Name,
        };
        string file = Path.Combine(Path.GetTempPath(), $"arkernel-{Guid.NewGuid():N}.json");
        connection.Write(file);
        string[] arguments = [.. specification.Arguments.Select(a => a.Replace("{connection_file}", file, StringComparison.Ordinal))];
        ProcessStartInfo start = OperatingSystem.IsWindows()
            ? new ProcessStartInfo(arguments[0], arguments[1..])
            : new ProcessStartInfo("/bin/sh", ["-c", Guard, "sh", .. arguments]);
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        start.Environment["JPY_PARENT_PID"] = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        foreach ((string name, string value) in specification.Environment)
        {
            start.Environment[name] = value;
        }

        try
        {
            return new SubKernelProcess(Process.Start(start)!, file, connection);
        }
        catch (Exception exception) when (exception is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            File.Delete(file);
            throw new JupyterException($"The kernel '{specification.Name}' cannot be started: {exception.Message} (its command is {string.Join(' ', specification.Arguments)}, from {specification.Folder}).");
        }
    }

    /// <summary>Interrupts what runs, as Ctrl-C does; false where there are no signals.</summary>
    public bool Signal()
    {
        if (OperatingSystem.IsWindows())
        {
            return false;
        }

        return !process.HasExited && Kill(process.Id, Interrupt) == 0;
    }

    /// <summary>Waits for a kernel that was asked to end, and ends it if it does not.</summary>
    public async Task EndAsync()
    {
        await Task.WhenAny(Exited, Task.Delay(ShutdownTime));
        Dispose();
    }

    /// <summary>Ends the process at once.</summary>
    public void Dispose()
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It has ended already.
        }

        File.Delete(connectionFile);
    }

    private void OnExited()
    {
        try
        {
            process.StandardInput.WriteLine(); // the guard has nobody to guard any more
            process.StandardInput.Close();
        }
        catch (Exception exception) when (exception is IOException or InvalidOperationException)
        {
            // The guard is gone too.
        }

        // What it printed last is still being read; who inherited its streams may hold them open.
        int code = process.ExitCode;
        _ = Task.WhenAny(drained.Task, Task.Delay(DrainTime)).ContinueWith(_ => exited.TrySetResult(code), TaskScheduler.Default);
    }

    private void Keep(string? line)
    {
        if (line is null && Interlocked.Decrement(ref openStreams) == 0)
        {
            drained.TrySetResult();
        }

        if (string.IsNullOrWhiteSpace(line))
        {
            return;
        }

        lock (lines)
        {
            lines.Enqueue(line);
            if (lines.Count > LastLines)
            {
                lines.Dequeue();
            }
        }
    }

    private static int[] FreePorts(int count)
    {
        TcpListener[] listeners = [.. Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0))];
        Array.ForEach(listeners, l => l.Start());
        int[] ports = [.. listeners.Select(l => ((IPEndPoint)l.LocalEndpoint).Port)];
        Array.ForEach(listeners, l => l.Dispose());
        return ports;
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
