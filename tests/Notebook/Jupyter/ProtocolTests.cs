using System.Text.Json.Nodes;
using ArKernel.Notebooks.Jupyter;
using ArKernel.Notebooks.Tests.Engine;
using NetMQ;
using NetMQ.Sockets;
using Channel = ArKernel.Notebooks.Jupyter.Channel;

namespace ArKernel.Notebooks.Tests.Jupyter;

/// <summary>The protocol as a client sees it, over real sockets and a real engine.</summary>
public sealed class ProtocolTests
{
    public static TheoryData<string> Requests => ["kernel_info_request", "complete_request", "inspect_request", "is_complete_request", "history_request", "comm_info_request",
        "execute_request", "interrupt_request", "debug_request", "create_subshell_request", "list_subshell_request", "delete_subshell_request", "nobody_knows_request", "shutdown_request"];

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task Every_request_gets_one_reply_between_one_busy_and_one_idle(string type)
    {
        await using TestKernel kernel = await TestKernel.StartAsync();
        Exchange answer = await kernel.Client.RequestAsync(type, new JsonObject { ["code"] = "1" });
        Assert.Equal(["busy", "idle"], answer.States);
        JupyterMessage reply = Assert.Single(answer.Replies);
        Assert.Equal(type.Replace("_request", "_reply", StringComparison.Ordinal), reply.Type);
        Assert.Contains(answer.Status, type == "debug_request" ? [""] : (string[])["ok", "error", "complete"]); // a debug adapter's responses have no status
        Assert.Equal("status", answer.Outputs[0].Type);
        Assert.Equal("status", answer.Outputs[^1].Type);
    }

    [Fact]
    public async Task A_shutdown_is_told_to_all_clients_and_says_whether_a_restart_follows()
    {
        await using TestKernel kernel = await TestKernel.StartAsync();
        TestKernelClient other = await kernel.ConnectAsync();
        Exchange answer = await kernel.Client.RequestAsync("shutdown_request", new JsonObject { ["restart"] = true }, Channel.Control);
        Assert.True((bool)answer.Reply["restart"]!);
        JupyterMessage told = await other.Next(m => m.Type == "shutdown_reply", "shutdown_reply");
        Assert.True((bool)told.Content["restart"]!);
        Assert.True(await kernel.Ended);
    }

    [Fact]
    public async Task A_cells_outputs_come_in_order_between_its_input_and_idle()
    {
        await using TestKernel kernel = await TestKernel.StartAsync();
        Exchange cell = await kernel.Client.ExecuteAsync("Console.WriteLine(\"a\"); Console.Error.WriteLine(\"b\"); display(1); Console.WriteLine(\"c\"); 2 + 40");
        Assert.Equal(["status", "execute_input", "stream", "stream", "display_data", "stream", "execute_result", "status"], cell.Outputs.Select(o => o.Type));
        Assert.Equal(["stdout", "stderr", "stdout"], cell.Of("stream").Select(s => (string?)s["name"]));
        Assert.Equal(("42", 1), (cell.Result, (int)cell.Of("execute_result").Single()["execution_count"]!));
        Assert.Equal(("ok", 1), (cell.Status, (int)cell.Reply["execution_count"]!));
    }

    [Fact]
    public async Task Ten_thousand_lines_are_few_messages_in_order()
    {
        await using TestKernel kernel = await TestKernel.StartAsync();
        Exchange cell = await kernel.Client.ExecuteAsync("for (int i = 0; i < 10_000; i++) Console.WriteLine(i);");
        Assert.Equal(string.Concat(Enumerable.Range(0, 10_000).Select(i => $"{i}{Environment.NewLine}")), cell.Printed);
        Assert.InRange(cell.Of("stream").Count(), 1, 200);
    }

    [Fact]
    public async Task Only_cells_that_are_stored_are_counted_and_silent_ones_show_nothing()
    {
        await using TestKernel kernel = await TestKernel.StartAsync();
        Exchange first = await kernel.Client.ExecuteAsync("var x = 5;");
        Exchange silent = await kernel.Client.ExecuteAsync("x + 1", c => c["silent"] = true);
        Exchange unstored = await kernel.Client.ExecuteAsync("x + 2", c => c["store_history"] = false);
        Exchange second = await kernel.Client.ExecuteAsync("x + 3");
        Assert.Equal([1, 1, 1, 2], ((Exchange[])[first, silent, unstored, second]).Select(e => (int)e.Reply["execution_count"]!));
        Assert.Equal([null, null, "7", "8"], ((Exchange[])[first, silent, unstored, second]).Select(e => e.Result));
        Assert.Equal(["busy", "idle"], silent.Outputs.Select(o => JupyterMessage.Text(o.Content, "execution_state")));
        Exchange history = await kernel.Client.RequestAsync("history_request", new JsonObject { ["hist_access_type"] = "tail", ["n"] = 10 });
        Assert.Equal(["var x = 5;", "x + 3"], history.Reply["history"]!.AsArray().Select(e => (string?)e![2]));
    }

    [Fact]
    public async Task User_expressions_are_evaluated_each_for_itself()
    {
        await using TestKernel kernel = await TestKernel.StartAsync();
        Exchange cell = await kernel.Client.ExecuteAsync("var x = 5;", c => c["user_expressions"] = new JsonObject { ["good"] = "x * 2", ["bad"] = "undefined" });
        JsonNode values = cell.Reply["user_expressions"]!;
        Assert.Equal(("ok", "10"), ((string?)values["good"]!["status"], (string?)values["good"]!["data"]!["text/plain"]));
        Assert.Equal("error", (string?)values["bad"]!["status"]);
        Assert.Contains("CS0103", values["bad"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal("ok", cell.Status);
    }

    [Theory]
    [InlineData(true, "aborted", null)]
    [InlineData(false, "ok", "2")]
    public async Task A_failure_aborts_what_waits_if_asked_to(bool stops, string status, string? result)
    {
        await using TestKernel kernel = await TestKernel.StartAsync();
        JupyterMessage failing = kernel.Client.SendExecute("await Task.Delay(1000); throw new InvalidOperationException(\"bad\");", c => c["stop_on_error"] = stops);
        JupyterMessage waiting = kernel.Client.SendExecute("1 + 1");
        Exchange failed = await kernel.Client.EndOf(failing), waited = await kernel.Client.EndOf(waiting);
        Assert.Equal(("error", "bad"), (failed.Status, (string?)failed.Reply["evalue"]));
        Assert.Equal("InvalidOperationException", (string?)failed.Of("error").Single()["ename"]);
        Assert.Equal(["\u001b[31mInvalidOperationException\u001b[39m: bad", "   at cell 1:line 1"], failed.Reply["traceback"]!.AsArray().Select(l => (string?)l));
        Assert.Equal((status, result), (waited.Status, waited.Result));
        Assert.Equal("3", (await kernel.Client.ExecuteAsync("1 + 2")).Result);
    }

    [Fact]
    public async Task Questions_are_answered_and_an_interrupt_is_obeyed_while_a_cell_runs()
    {
        await using TestKernel kernel = await TestKernel.StartAsync();
        JupyterMessage running = kernel.Client.SendExecute("Console.WriteLine(\"on\"); await Task.Delay(-1, Notebook.CancellationToken);");
        await kernel.Client.Next(m => m.Type == "stream", "the cell's start");
        foreach (string type in (string[])["kernel_info_request", "complete_request", "inspect_request", "is_complete_request", "history_request"])
        {
            await kernel.Client.RequestAsync(type, new JsonObject { ["code"] = "Console." });
        }

        Assert.Empty(kernel.Client.Of(running).Replies);
        Assert.Equal("ok", (await kernel.Client.RequestAsync("interrupt_request", channel: Channel.Control)).Status);
        Exchange ended = await kernel.Client.EndOf(running);
        Assert.Equal(("error", "Interrupted"), (ended.Status, (string?)ended.Reply["ename"]));
        Assert.Equal("2", (await kernel.Client.ExecuteAsync("1 + 1")).Result);
    }

    [Fact]
    public async Task A_display_is_updated_under_its_id_also_after_its_cell_has_ended()
    {
        await using TestKernel kernel = await TestKernel.StartAsync();
        Exchange shown = await kernel.Client.ExecuteAsync("var d = display(\"one\");");
        Exchange updated = await kernel.Client.ExecuteAsync("d.Update(\"two\");");
        string? id = (string?)shown.Of("display_data").Single()["transient"]!["display_id"];
        JsonObject update = updated.Of("update_display_data").Single(); // before that cell is idle: a converter of notebooks stops to listen then
        Assert.False(string.IsNullOrEmpty(id));
        Assert.Equal((id, "two"), ((string?)update["transient"]!["display_id"], (string?)update["data"]!["text/plain"]));
        Assert.Equal("ok", updated.Status);
    }

    [Fact]
    public async Task What_a_cell_leaves_running_puts_out_under_that_cell()
    {
        await using TestKernel kernel = await TestKernel.StartAsync();
        JupyterMessage first = kernel.Client.SendExecute("var go = new TaskCompletionSource(); _ = Task.Run(async () => { await go.Task; Console.WriteLine(\"late\"); });");
        await kernel.Client.EndOf(first);
        Exchange second = await kernel.Client.ExecuteAsync("go.SetResult();");
        await kernel.Client.Until(() => kernel.Client.Of(first).Printed.Contains("late", StringComparison.Ordinal), "late output");
        Assert.DoesNotContain("late", second.Printed, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ok", "Ada", "Ada!")]
    [InlineData("error", "", null)]
    public async Task A_cell_asks_the_client_that_ran_it(string status, string answer, string? expected)
    {
        await using TestKernel kernel = await TestKernel.StartAsync();
        TestKernelClient other = await kernel.ConnectAsync();
        JupyterMessage cell = kernel.Client.SendExecute("Console.ReadLine() + \"!\"", c => c["allow_stdin"] = true);
        JupyterMessage question = await kernel.Client.Next(m => m.Type == "input_request", "input_request");
        Assert.Equal(cell.Id, JupyterMessage.Text(question.ParentHeader, "msg_id"));
        kernel.Client.Send(Channel.Input, "input_reply", new JsonObject { ["status"] = status, ["value"] = answer });
        Exchange ended = await kernel.Client.EndOf(cell);
        Assert.Equal((expected is null ? "error" : "ok", expected), (ended.Status, ended.Result));
        Assert.DoesNotContain(other.Received, m => m.Message.Type == "input_request");
    }

    [Fact]
    public async Task A_cell_that_waits_for_input_is_interrupted_and_one_that_may_not_ask_fails()
    {
        await using TestKernel kernel = await TestKernel.StartAsync();
        Assert.Equal("InputNotPossibleException", (string?)(await kernel.Client.ExecuteAsync("Console.ReadLine()")).Reply["ename"]);
        JupyterMessage cell = kernel.Client.SendExecute("Console.ReadLine()", c => c["allow_stdin"] = true);
        await kernel.Client.Next(m => m.Type == "input_request", "input_request");
        await kernel.Client.RequestAsync("interrupt_request", channel: Channel.Control);
        Assert.Equal("Interrupted", (string?)(await kernel.Client.EndOf(cell)).Reply["ename"]);
    }

    [Theory]
    [InlineData("while (true) { }", "Interrupted", true)]
    [InlineData("System.Threading.Thread.Sleep(-1);", "Interrupted", true)]
    [InlineData(WorkerTests.NativeDeadlock + "Deadlock();", "Interrupted", false)]
    public async Task An_interrupt_reaches_a_subshell_and_the_heart_beats_all_the_while(string code, string name, bool keeps)
    {
        await using TestKernel kernel = await TestKernel.StartWithWorkerAsync();
        TestKernelClient client = kernel.Client;
        await client.ExecuteAsync("int kept = 7;");
        string id = (string)(await client.RequestAsync("create_subshell_request", channel: Channel.Control)).Reply["subshell_id"]!;
        JupyterMessage running = client.SendExecute($"Console.WriteLine(\"on\");\n{code}", subshell: id);
        await client.Next(m => m.Type == "stream", "the cell's start");
        using RequestSocket heartbeat = new(kernel.Connection.Endpoint(kernel.Connection.HeartbeatPort).Insert(0, ">"));
        for (int i = 0; i < 10; i++)
        {
            heartbeat.SendFrame($"beat {i}");
            Assert.True(heartbeat.TryReceiveFrameString(TimeSpan.FromSeconds(10), out string? answer));
            Assert.Equal($"beat {i}", answer);
        }

        Assert.Equal("ok", (await client.RequestAsync("kernel_info_request")).Status);
        Assert.Empty(client.Of(running).Replies);
        Assert.Equal("ok", (await client.RequestAsync("interrupt_request", channel: Channel.Control)).Status);
        Exchange ended = await client.EndOf(running);
        Assert.Equal(name, (string?)ended.Reply["ename"]);
        Assert.Equal(keeps, !ended.Reply["evalue"]!.ToString().Contains("worker process was ended", StringComparison.Ordinal));
        Assert.Equal($"\u001b[31mInterrupted\u001b[39m: {ended.Reply["evalue"]}", (string?)ended.Reply["traceback"]![0]); // and is not told twice
        Assert.DoesNotContain(ended.Reply["traceback"]!.AsArray().Skip(1), l => l!.ToString().Contains("interrupted", StringComparison.Ordinal));
        Assert.Equal(keeps ? "7" : null, (await client.ExecuteAsync("kept")).Result);
        Assert.Equal("2", (await client.ExecuteAsync("1 + 1", subshell: id)).Result);
    }

    [Fact]
    public async Task A_subshell_has_its_own_queue_is_listed_and_can_be_deleted_once()
    {
        await using TestKernel kernel = await TestKernel.StartAsync();
        TestKernelClient client = kernel.Client;
        string id = (string)(await client.RequestAsync("create_subshell_request", channel: Channel.Control)).Reply["subshell_id"]!;
        Assert.Equal([id], (await client.RequestAsync("list_subshell_request", channel: Channel.Control)).Reply["subshell_id"]!.AsArray().Select(n => (string)n!));
        JupyterMessage failing = client.SendExecute("await Task.Delay(500); throw new Exception(\"main\");");
        JupyterMessage mainWaits = client.SendExecute("1"), subshellWaits = client.SendExecute("2 + 2", subshell: id);
        Assert.Equal("ok", (await client.RequestAsync("kernel_info_request", subshell: id)).Status);
        Assert.Equal("aborted", (await client.EndOf(mainWaits)).Status);
        Exchange own = await client.EndOf(subshellWaits);
        Assert.Equal(("ok", "4"), (own.Status, own.Result)); // another queue's failure is not its own
        Assert.Equal(id, (string?)own.Replies[0].ParentHeader["subshell_id"]);
        Assert.Equal("error", (await client.EndOf(failing)).Status);
        Assert.Equal("ok", (await client.RequestAsync("delete_subshell_request", new JsonObject { ["subshell_id"] = id }, Channel.Control)).Status);
        Assert.Equal("error", (await client.RequestAsync("delete_subshell_request", new JsonObject { ["subshell_id"] = id }, Channel.Control)).Status);
        Assert.Equal("error", (await client.ExecuteAsync("3", subshell: id)).Status);
        Assert.Equal("3", (await client.ExecuteAsync("3")).Result);
    }

    [Fact]
    public async Task The_history_outlives_the_kernel_and_is_found_by_session_and_pattern()
    {
        string folder = Directory.CreateTempSubdirectory("arkernel-history").FullName;
        try
        {
            foreach (string code in (string[])["int a = 1;", "int b = 2;"])
            {
                await using TestKernel kernel = await TestKernel.StartAsync(historyFolder: folder);
                await kernel.Client.ExecuteAsync(code);
                await kernel.Client.ExecuteAsync("\"😀\"");
            }

            await using TestKernel last = await TestKernel.StartAsync(historyFolder: folder);
            async Task<string> Find(JsonObject query) => (await last.Client.RequestAsync("history_request", query)).Reply["history"]!.ToJsonString(JupyterJson.Options);
            Assert.Equal("[[1,1,\"int a = 1;\"]]", await Find(new JsonObject { ["hist_access_type"] = "range", ["session"] = -2, ["start"] = 1, ["stop"] = 2 }));
            Assert.Equal("[[1,1,\"int a = 1;\"],[2,1,\"int b = 2;\"]]", await Find(new JsonObject { ["hist_access_type"] = "search", ["pattern"] = "int*", ["n"] = 5 }));
            Assert.Single(JsonNode.Parse(await Find(new JsonObject { ["hist_access_type"] = "search", ["pattern"] = "*😀*", ["unique"] = true, ["n"] = 5 }))!.AsArray());
            string file = Assert.Single(Directory.GetFiles(folder, "*", SearchOption.AllDirectories));
            Assert.True(OperatingSystem.IsWindows() || File.GetUnixFileMode(file) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task JSON_mime_types_are_sent_as_JSON_and_others_as_text()
    {
        JsonObject bundle = MimeBundle.Of(new Dictionary<string, string>(StringComparer.Ordinal) { ["application/vnd.plotly.v1+json"] = "{\"data\":[1]}", ["text/html"] = "{\"a\":1}", ["application/json"] = "not" });
        Assert.Equal(1, (int)bundle["application/vnd.plotly.v1+json"]!["data"]![0]!);
        Assert.Equal(("{\"a\":1}", "not"), ((string?)bundle["text/html"], (string?)bundle["application/json"]));
        await using TestKernel kernel = await TestKernel.StartAsync();
        Exchange help = await kernel.Client.RequestAsync("complete_request", new JsonObject { ["code"] = "#!😀 #!h", ["cursor_pos"] = 3 });
        Assert.InRange((int)help.Reply["cursor_end"]!, 0, 7);
    }
}
