using System.Text.Json.Nodes;
using ArKernel.Notebooks.Jupyter;
using Channel = ArKernel.Notebooks.Jupyter.Channel;

namespace ArKernel.Notebooks.Tests.Jupyter;

/// <summary>A comm that the front end opens belongs to the cell run last in this process, which a real worker shares with no other engine: nothing runs beside these.</summary>
[Collection("alone")]
public sealed class CommTests
{
    [Fact]
    public async Task Comm_messages_arrive_in_order_in_both_directions_also_while_a_cell_runs()
    {
        await using TestKernel kernel = await TestKernel.StartAsync();
        await kernel.Client.ExecuteAsync("ArKernel.Notebooks.Comm.RegisterTarget(\"echo\", (comm, first) => { comm.Received += message => comm.Send(message.Data); });");
        JupyterMessage running = kernel.Client.SendExecute("Console.WriteLine(\"on\"); await Task.Delay(-1, Notebook.CancellationToken);");
        await kernel.Client.Next(m => m.Type == "stream", "the cell's start");
        kernel.Client.Send(Channel.Shell, "comm_open", new JsonObject { ["comm_id"] = "c", ["target_name"] = "echo", ["data"] = new JsonObject() });
        for (int i = 0; i < 100; i++)
        {
            kernel.Client.Send(Channel.Shell, "comm_msg", new JsonObject { ["comm_id"] = "c", ["data"] = new JsonObject { ["n"] = i } });
        }

        IEnumerable<JsonObject> Echoes() => kernel.Client.Received.Where(m => m.Message.Type == "comm_msg").Select(m => m.Message.Content);
        await kernel.Client.Until(() => Echoes().Count() == 100, "100 echoes");
        Assert.Equal(Enumerable.Range(0, 100), Echoes().Select(e => (int)e["data"]!["n"]!));
        Exchange open = await kernel.Client.RequestAsync("comm_info_request", new JsonObject { ["target_name"] = "echo" });
        Assert.Equal("echo", (string?)open.Reply["comms"]!["c"]!["target_name"]);
        JupyterMessage close = kernel.Client.Send(Channel.Shell, "comm_close", new JsonObject { ["comm_id"] = "c", ["data"] = new JsonObject() });
        JupyterMessage unknown = kernel.Client.Send(Channel.Shell, "comm_close", new JsonObject { ["comm_id"] = "never opened", ["data"] = new JsonObject() });
        foreach (JupyterMessage message in (JupyterMessage[])[close, unknown])
        {
            Exchange end = await kernel.Client.EndOf(message, replies: false);
            Assert.Equal(["busy", "idle"], end.States);
            Assert.Empty(end.Replies);
        }

        Assert.Empty((await kernel.Client.RequestAsync("comm_info_request")).Reply["comms"]!.AsObject());
        await kernel.Client.RequestAsync("interrupt_request", channel: Channel.Control);
        await kernel.Client.EndOf(running);
    }

    [Fact]
    public async Task Buffers_of_a_comm_arrive_byte_for_byte_in_both_directions()
    {
        await using TestKernel kernel = await TestKernel.StartWithWorkerAsync();
        await kernel.Client.ExecuteAsync("Comm.RegisterTarget(\"reverse\", (comm, first) => { Answer(comm, first); comm.Received += m => Answer(comm, m); });\n"
            + "void Answer(Comm comm, ArKernel.Notebooks.Engine.CommMessage m) => comm.Send(new { n = m.Data.GetProperty(\"n\").GetInt32() }, [.. m.Buffers.Reverse()]);");
        byte[] all = [.. Enumerable.Range(0, 256).Select(i => (byte)i)];
        byte[] large = new byte[3_000_000];
        new Random(1).NextBytes(large);
        kernel.Client.Send(Channel.Shell, "comm_open", new JsonObject { ["comm_id"] = "c", ["target_name"] = "reverse", ["data"] = new JsonObject { ["n"] = 1 } }, null, all, [], large);
        kernel.Client.Send(Channel.Shell, "comm_msg", new JsonObject { ["comm_id"] = "c", ["data"] = new JsonObject { ["n"] = 2 } });
        JupyterMessage answer = await Answer(1), plain = await Answer(2);
        Assert.Equal([large, [], all], answer.Buffers);
        Assert.Empty(plain.Buffers);

        Task<JupyterMessage> Answer(int number) => kernel.Client.Next(m => m.Type == "comm_msg" && (int?)m.Content["data"]?["n"] == number, "the echo");
    }
}
