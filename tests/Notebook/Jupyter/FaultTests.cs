using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using ArKernel.Notebooks.Jupyter;
using CsCheck;
using Channel = ArKernel.Notebooks.Jupyter.Channel;

namespace ArKernel.Notebooks.Tests.Jupyter;

/// <summary>Whatever clients do to a kernel, it answers the next good request.</summary>
public sealed class FaultTests
{
    private enum Fault
    {
        Truncated,
        Unsigned,
        WronglySigned,
        Replayed,
        NotJson,
        NotUnicode,
        Noise,
    }

    [Fact]
    public async Task Bad_messages_cost_one_line_each_and_the_next_good_one_is_answered()
    {
        await using TestKernel kernel = await TestKernel.StartAsync();
        MessageFormat ours = new(kernel.Connection.Key);
        JupyterMessage first = kernel.Client.Make("kernel_info_request");
        IReadOnlyList<byte[]> answered = ours.Encode(first);
        kernel.Client.SendRaw(Channel.Shell, answered);
        await kernel.Client.EndOf(first);
        List<(Fault Fault, int Number, byte[][] Noise)> faults = [];
        Gen.Select(Gen.Enum<Fault>(), Gen.Int[1, 4], Gen.Byte.Array[0, 40].Array[1, 8]).Sample(faults.Add, iter: 200, threads: 1);
        foreach ((Fault fault, int number, byte[][] noise) in faults)
        {
            IReadOnlyList<byte[]> good = ours.Encode(kernel.Client.Make("execute_request", new JsonObject { ["code"] = "throw new Exception();" }));
            kernel.Client.SendRaw(number % 2 == 0 ? Channel.Shell : Channel.Control, fault switch
            {
                Fault.Truncated => [.. good.Take(number)],
                Fault.Unsigned => [good[0], [], .. good.Skip(2)],
                Fault.WronglySigned => new MessageFormat("another key").Encode(kernel.Client.Make("execute_request")),
                Fault.Replayed => answered,
                Fault.NotJson => Signed(good, 2 + (number % 4), "{\"a\":"),
                Fault.NotUnicode => Signed(good, 2 + (number % 4), "{\"msg_id\":\"1\",\"msg_type\":\"execute_request\",\"code\":\"\\udc00\"}"),
                _ => noise,
            });
        }

        Assert.Equal("2", (await kernel.Client.ExecuteAsync("1 + 1")).Result);
        Assert.Equal("ok", (await kernel.Client.RequestAsync("kernel_info_request", channel: Channel.Control)).Status);
        Assert.InRange(faults.Count, 200, 400);
        Assert.Equal(faults.Count, kernel.Log.Count);
        Assert.All(kernel.Log, line => Assert.DoesNotContain('\n', line));
        Assert.DoesNotContain(kernel.Log, line => line.Contains(Encoding.ASCII.GetString(answered[1]), StringComparison.Ordinal));

        IReadOnlyList<byte[]> Signed(IReadOnlyList<byte[]> frames, int changed, string text)
        {
            List<byte[]> result = [.. frames];
            result[changed] = Encoding.UTF8.GetBytes(text);
            using System.Security.Cryptography.HMACSHA256 hash = new(Encoding.UTF8.GetBytes(kernel.Connection.Key));
            result[1] = Encoding.ASCII.GetBytes(Convert.ToHexStringLower(hash.ComputeHash([.. result.Skip(2).Take(4).SelectMany(f => f)])));
            return result;
        }
    }

    [Fact]
    public async Task A_message_that_is_too_large_costs_a_line_and_one_without_measure_its_connection()
    {
        await using TestKernel kernel = await TestKernel.StartAsync();
        byte[] half = new byte[(MessageFormat.LargestMessage / 2) + 1];
        kernel.Client.SendRaw(Channel.Shell, [.. kernel.Client.Encode(kernel.Client.Make("comm_msg")), half, half]);
        Assert.Equal("2", (await kernel.Client.ExecuteAsync("1 + 1")).Result); // the same client, the same channel
        Assert.Contains($"larger than {MessageFormat.LargestMessage >> 20} MiB", Assert.Single(kernel.Log), StringComparison.Ordinal);

        // A ZeroMQ peer by hand, who announces a frame of a terabyte: 64 bytes of greeting, the command READY, the frame's flags and length.
        using Socket peer = new(SocketType.Stream, ProtocolType.Tcp);
        await peer.ConnectAsync("127.0.0.1", kernel.Connection.ShellPort, TestContext.Current.CancellationToken);
        byte[] greeting = new byte[64];
        byte[] start = [0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3, 0, .. "NULL"u8];
        start.CopyTo(greeting, 0);
        byte[] ready = [5, .. "READY"u8, 11, .. "Socket-Type"u8, 0, 0, 0, 6, .. "DEALER"u8];
        await peer.SendAsync((byte[])[.. greeting, 4, (byte)ready.Length, .. ready, 2, 0, 0, 1, 0, 0, 0, 0, 0], TestContext.Current.CancellationToken);
        byte[] received = new byte[4096];
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(20));
        try
        {
            while (await peer.ReceiveAsync(received, patience.Token) > 0)
            {
                // The kernel's own greeting.
            }
        }
        catch (SocketException)
        {
            // Closed with a reset, as unread bytes make it.
        }

        Assert.Equal("3", (await kernel.Client.ExecuteAsync("1 + 2")).Result);
    }

    [Fact]
    public async Task Two_clients_see_each_others_outputs_and_their_own_replies_only()
    {
        await using TestKernel kernel = await TestKernel.StartAsync();
        TestKernelClient one = kernel.Client, two = await kernel.ConnectAsync();
        Exchange[] cells = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => (i % 2 == 0 ? one : two).ExecuteAsync($"{i} * 10")));
        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"{i * 10}"), cells.Select(c => c.Result));
        Assert.Equal(Enumerable.Range(1, 20), cells.Select(c => (int)c.Reply["execution_count"]!).Order());
        foreach (TestKernelClient client in (TestKernelClient[])[one, two])
        {
            await client.Until(() => client.Received.Count(m => m.Message.Type == "execute_result") == 20, "all results");
            Assert.Equal(10, client.Received.Count(m => m.Message.Type == "execute_reply"));
        }
    }

    [Fact]
    public async Task A_client_that_vanishes_takes_nothing_with_it()
    {
        await using TestKernel kernel = await TestKernel.StartAsync();
        TestKernelClient leaving = new(kernel.Connection);
        await leaving.Next(m => m.Type == "iopub_welcome", "welcome");
        leaving.SendExecute("Console.WriteLine(\"on\"); await Task.Delay(500); for (int i = 0; i < 1000; i++) Console.WriteLine(i); var left = 7;");
        await leaving.Next(m => m.Type == "stream", "the cell's start");
        leaving.Dispose();
        Assert.Equal("7", (await kernel.Client.ExecuteAsync("left")).Result);
    }

    [Fact]
    public async Task A_history_that_cannot_be_written_is_said_once_and_kept_in_memory()
    {
        string file = Path.GetTempFileName();
        try
        {
            await using TestKernel kernel = await TestKernel.StartAsync(historyFolder: file); // a file where a folder is needed
            Assert.Equal("ok", (await kernel.Client.ExecuteAsync("1")).Status);
            Assert.Equal("ok", (await kernel.Client.ExecuteAsync("2")).Status);
            Exchange history = await kernel.Client.RequestAsync("history_request", new JsonObject { ["hist_access_type"] = "tail", ["n"] = 10 });
            Assert.Equal(2, history.Reply["history"]!.AsArray().Count);
            Assert.Contains("history", Assert.Single(kernel.Log), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task A_client_that_never_listens_to_outputs_is_answered()
    {
        await using TestKernel kernel = await TestKernel.StartAsync();
        using TestKernelClient deaf = new(kernel.Connection, subscribe: false);
        JupyterMessage request = deaf.SendExecute("1");
        await deaf.Until(() => deaf.Of(request).Replies.Count == 1, "reply");
        Assert.Equal("ok", deaf.Of(request).Status);
    }
}
