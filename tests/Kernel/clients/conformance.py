"""Debian's jupyter_kernel_test with everything enabled that it can test, and the questions it does not ask: input and interrupts."""
import queue
import time

from jupyter_kernel_test import TIMEOUT, KernelTests, validate_message


class ConformanceTests(KernelTests):
    supported_history_operations = ("tail", "range", "search")

    # Cells that ask for a line and for a password and print "got" and the answer; one that prints "running" and never ends.
    code_input = ""
    code_password = ""
    code_endless = ""

    def ask_and_answer(self, code, prompt, answer, password):
        self.flush_channels()
        self.addCleanup(self.stop)
        request = self.kc.execute(code, allow_stdin=True)
        question = self.kc.get_stdin_msg(timeout=TIMEOUT)
        self.assertEqual((question["msg_type"], question["parent_header"]["msg_id"]), ("input_request", request))  # the suite wants a number for password
        self.assertEqual(question["content"]["password"], password)
        self.assertEqual(question["content"]["prompt"], prompt)
        self.kc.input(answer)
        reply = self.get_non_kernel_info_reply(timeout=TIMEOUT)
        validate_message(reply, "execute_reply", request)
        self.assertEqual(reply["content"]["status"], "ok", reply["content"])
        self.assertIn(f"got {answer}", self.printed(request))

    def printed(self, request):
        """What a cell has put out until its idle status."""
        text = ""
        while True:
            message = self.kc.get_iopub_msg(timeout=5)
            if message["parent_header"].get("msg_id") != request:
                continue
            if message["msg_type"] == "stream":
                text += message["content"]["text"]
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return text

    def test_input(self):
        self.ask_and_answer(self.code_input, "", "zwölf 🙂", password=False)

    def test_password(self):
        self.ask_and_answer(self.code_password, "What? ", "secret", password=True)

    def test_input_that_is_not_allowed(self):
        self.flush_channels()
        request = self.kc.execute(self.code_input, allow_stdin=False)
        reply = self.get_non_kernel_info_reply(timeout=TIMEOUT)
        validate_message(reply, "execute_reply", request)
        self.assertEqual(reply["content"]["status"], "error")
        with self.assertRaises(queue.Empty):
            self.kc.get_stdin_msg(timeout=0.2)

    def stop(self):
        """Ends what a failed test may have left running, so that the next one meets an idle kernel."""
        self.km.interrupt_kernel()
        time.sleep(0.5)
        self.flush_channels()

    def test_interrupt(self):
        """Ten interrupts in a row, by message, of code that never looks whether it should stop."""
        self.flush_channels()
        self.addCleanup(self.stop)
        for _ in range(10):
            request = self.kc.execute(self.code_endless)
            while True:  # until it runs
                message = self.kc.get_iopub_msg(timeout=TIMEOUT)
                if message["msg_type"] == "stream" and "running" in message["content"]["text"]:
                    break
            self.km.interrupt_kernel()
            reply = self.get_non_kernel_info_reply(timeout=TIMEOUT)
            validate_message(reply, "execute_reply", request)
            self.assertEqual(reply["content"]["status"], "error")
            self.printed(request)

    def test_interrupt_while_asking(self):
        self.flush_channels()
        self.addCleanup(self.stop)
        request = self.kc.execute(self.code_input, allow_stdin=True)
        self.kc.get_stdin_msg(timeout=TIMEOUT)
        self.km.interrupt_kernel()
        reply = self.get_non_kernel_info_reply(timeout=TIMEOUT)
        validate_message(reply, "execute_reply", request)
        self.assertEqual(reply["content"]["status"], "error")
        self.assertNotIn("got", self.printed(request))

    def test_completion_while_a_cell_runs(self):
        self.flush_channels()
        self.addCleanup(self.stop)
        request = self.kc.execute(self.code_endless)
        time.sleep(0.5)
        asked = self.kc.complete(self.completion_samples[0]["text"])
        reply = self.kc.get_shell_msg(timeout=TIMEOUT)
        self.assertEqual(reply["parent_header"]["msg_id"], asked)
        self.assertEqual(set(reply["content"]["matches"]), set(self.completion_samples[0]["matches"]))
        self.km.interrupt_kernel()
        reply = self.get_non_kernel_info_reply(timeout=TIMEOUT)
        validate_message(reply, "execute_reply", request)

    def test_completion_after_emoji(self):
        """Positions count code points: one for an emoji, which is two UTF-16 units."""
        sample = self.completion_samples[0]
        code = f"{self.code_before}{sample['text']}"
        request = self.kc.complete(code)
        reply = self.get_non_kernel_info_reply(timeout=TIMEOUT)
        validate_message(reply, "complete_reply", request)
        self.assertEqual(set(reply["content"]["matches"]), set(sample["matches"]))
        self.assertEqual(reply["content"]["cursor_end"], len(code))
        self.assertEqual(code[reply["content"]["cursor_start"]:], sample["replaces"])


class CSharp(ConformanceTests):
    kernel_name = "arkernel-csharp"
    language_name = "C#"
    file_extension = ".cs"
    code_hello_world = 'Console.WriteLine("hello, world");'
    code_stderr = 'Console.Error.WriteLine("oops");'
    code_before = "/* 🙂🙂 */ "
    completion_samples = [
        {"text": "Console.WriteL", "matches": {"WriteLine"}, "replaces": "WriteL"},
        {"text": "Math.Clam", "matches": {"Clamp"}},
        {"text": "DateTime.UtcN", "matches": {"UtcNow"}},
        {"text": "#!lsm", "matches": {"#!lsmagic"}},
    ]
    complete_code_samples = ["1 + 1", "var x = 1;", "class A { }", "for (int i = 0; i < 3; i++) { }", "#!time\n1 + 1", "// only a comment"]
    incomplete_code_samples = ["if (true) {", "var x = ", "Console.WriteLine(", "class A", "/* a comment", "foreach (int i in new[] { 1 })"]
    invalid_code_samples = ["var x = 1; }", "int 1x = 2;"]
    code_generate_error = 'throw new InvalidOperationException("on purpose");'
    code_execute_result = [
        {"code": "6 * 7", "result": "42"},
        {"code": '"a string"', "result": "a string"},
        {"code": "Enumerable.Range(1, 3).Sum()", "result": "6"},
        {"code": 'HTML("<b>bold</b>")', "mime": "text/html"},
    ]
    code_display_data = [
        {"code": "display(42);", "mime": "text/plain"},
        {"code": "display(42);", "mime": "text/html"},
        {"code": 'display(HTML("<b>bold</b>"));', "mime": "text/html"},
    ]
    code_history_pattern = "6 ? 7"
    code_inspect_sample = "Console.WriteLine"
    code_clear_output = "Notebook.ClearOutput();"
    code_input = 'Console.WriteLine("got " + Console.ReadLine());'
    code_password = 'Console.WriteLine("got " + password("What? "));'
    code_endless = 'Console.WriteLine("running");\nwhile (true) { }'


class FSharp(ConformanceTests):
    kernel_name = "arkernel-fsharp"
    language_name = "F#"
    file_extension = ".fs"
    code_hello_world = 'printfn "hello, world"'
    code_stderr = 'eprintfn "oops"'
    code_before = 'let s = "🙂🙂" in '
    completion_samples = [
        {"text": "System.Console.WriteL", "matches": {"WriteLine"}, "replaces": "WriteL"},
        {"text": "List.partit", "matches": {"partition", "partitionWith"}},
        {"text": "#!lsm", "matches": {"#!lsmagic"}},
    ]
    complete_code_samples = ["1 + 1", "let x = 1", "type A = { B: int }", "for i in 1 .. 3 do printfn \"%d\" i", "#!time\n1 + 1"]
    incomplete_code_samples = ["let x =", "printfn \"%d\" (", "(* a comment", "match 1 with"]
    invalid_code_samples = ["let = 1", "1 + )"]
    code_generate_error = 'failwith "on purpose"'
    code_execute_result = [
        {"code": "6 * 7", "result": "42"},
        {"code": '"a string"', "result": "a string"},
        {"code": "List.sum [1; 2; 3]", "result": "6"},
        {"code": 'HTML("<b>bold</b>")', "mime": "text/html"},
    ]
    code_display_data = [
        {"code": "display 42 |> ignore", "mime": "text/plain"},
        {"code": 'display (HTML("<b>bold</b>")) |> ignore', "mime": "text/html"},
    ]
    code_history_pattern = "6 ? 7"
    code_inspect_sample = "List.map"
    code_clear_output = "Notebook.ClearOutput()"
    code_input = 'System.Console.WriteLine("got " + System.Console.ReadLine())'
    code_password = 'System.Console.WriteLine("got " + password("What? "))'
    code_endless = 'System.Console.WriteLine("running")\nwhile true do ()'


del ConformanceTests, KernelTests  # abstract: not for the loader
