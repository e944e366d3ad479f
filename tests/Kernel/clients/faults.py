"""What goes wrong around a kernel, done to a real one through jupyter_client: each test starts its own kernels and leaves none behind."""
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from jupyter_client import BlockingKernelClient, KernelManager
from jupyter_client.kernelspec import get_kernel_spec

KERNEL = "arkernel-csharp"
PATIENCE = 30


def process_tree(root):
    """The ids of a process's descendants, the process itself not among them."""
    found = []
    for children in Path(f"/proc/{root}/task").glob("*/children"):
        try:
            for child in map(int, children.read_text().split()):
                found += [child, *process_tree(child)]
        except OSError:
            pass  # it has ended meanwhile
    return found


def is_running(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for(condition, seconds=PATIENCE):
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError(f"not so within {seconds} s")
        time.sleep(0.05)


class Cell:
    """What a client has been told of a cell."""

    def __init__(self, reply, messages):
        self.reply = reply["content"]
        self.messages = messages
        self.status = self.reply["status"]

    def text(self, name=None):
        return "".join(m["content"]["text"] for m in self.messages if m["msg_type"] == "stream" and name in (None, m["content"]["name"]))

    def result(self):
        return next((m["content"]["data"]["text/plain"] for m in self.messages if m["msg_type"] == "execute_result"), None)

    def complaint(self):
        """Everything the user reads of what went wrong."""
        errors = [m["content"] for m in self.messages if m["msg_type"] == "error"]
        return "\n".join([self.text("stderr"), *(f"{e['ename']}: {e['evalue']}\n" + "\n".join(e["traceback"]) for e in errors)])


def finish(client, request, patience=PATIENCE):
    reply = client._recv_reply(request, timeout=patience)
    messages = []
    while True:
        message = client.get_iopub_msg(timeout=patience)
        if message["parent_header"].get("msg_id") == request:
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return Cell(reply, messages)
            messages.append(message)


def run(client, code, patience=PATIENCE):
    return finish(client, client.execute(code), patience)


def wait_until_printed(client, request, text):
    while True:
        message = client.get_iopub_msg(timeout=PATIENCE)
        if message["parent_header"].get("msg_id") == request and message["msg_type"] == "stream" and text in message["content"]["text"]:
            return


class Faults(unittest.TestCase):
    def start(self, **options):
        """A kernel and a client of it. A port that was free when the client chose it may be taken when the kernel wants it: then again, as servers do."""
        for attempt in range(3):
            log = tempfile.TemporaryFile("w+")
            self.addCleanup(log.close)
            manager = KernelManager(kernel_name=KERNEL)
            manager.start_kernel(stderr=log, **options)
            self.addCleanup(self.end, manager)
            try:
                return manager, self.connect(manager.connection_file)
            except RuntimeError as error:
                log.seek(0)
                said = log.read()
                if attempt == 2 or "cannot listen" not in said:
                    raise RuntimeError(f"{error}; the kernel said: {said}") from error

    def connect(self, connection_file):
        client = BlockingKernelClient(connection_file=connection_file)
        client.load_connection_file()
        client.start_channels()
        self.addCleanup(client.stop_channels)
        client.wait_for_ready(timeout=PATIENCE)
        return client

    def end(self, manager):
        """No test leaves a process behind, and none is left by a kernel that was asked to go."""
        family = process_tree(manager.provisioner.pid) if manager.has_kernel else []
        if manager.has_kernel and manager.is_alive():
            manager.shutdown_kernel()
        wait_for(lambda: not any(map(is_running, family)))

    def worker(self, manager):
        workers = [p for p in process_tree(manager.provisioner.pid) if b"\0worker\0" in Path(f"/proc/{p}/cmdline").read_bytes()]
        self.assertEqual(len(workers), 1, "a kernel has one worker")
        return workers[0]

    def assert_lost_but_usable(self, client):
        """The state is gone, and the next cells run."""
        self.assertEqual(run(client, "kept").status, "error")
        cell = run(client, "int kept = 6; kept * 7")
        self.assertEqual((cell.status, cell.result()), ("ok", "42"))

    def test_worker_is_killed_while_a_cell_runs(self):
        manager, client = self.start()
        run(client, "int kept = 1;")
        worker = self.worker(manager)
        request = client.execute('Console.WriteLine("running"); System.Threading.Thread.Sleep(60_000);')
        wait_until_printed(client, request, "running")
        os.kill(worker, signal.SIGKILL)
        cell = finish(client, request)
        self.assertEqual(cell.status, "error")
        self.assertRegex(cell.complaint(), "(?i)gone|lost")
        self.assertTrue(manager.is_alive())
        self.assert_lost_but_usable(client)

    def test_worker_is_killed_between_cells(self):
        manager, client = self.start()
        run(client, "int kept = 1;")
        os.kill(self.worker(manager), signal.SIGKILL)
        time.sleep(0.5)
        cells = [run(client, "int kept = 6;"), run(client, "kept * 7")]
        told = "\n".join(cell.complaint() for cell in cells)
        self.assertRegex(told, "(?i)gone|lost")
        self.assertEqual(run(client, "int again = 42; again").result(), "42")

    def test_user_code_ends_its_process(self):
        for code in ("Environment.Exit(3);", "int Deep(int i) => Deep(i + 1) + 1; Deep(0)", 'System.Runtime.InteropServices.Marshal.WriteByte((IntPtr)8, 1);'):
            with self.subTest(code=code):
                manager, client = self.start()
                run(client, "int kept = 1;")
                cell = run(client, code)
                self.assertEqual(cell.status, "error")
                self.assertTrue(manager.is_alive())
                self.assert_lost_but_usable(client) if not re.search("NullReference|AccessViolation", cell.complaint()) else None
                self.assertEqual(run(client, "6 * 7").result(), "42")

    def test_front_is_killed(self):
        manager, client = self.start()
        request = client.execute('Console.WriteLine("running"); while (true) { }')
        wait_until_printed(client, request, "running")
        family = process_tree(manager.provisioner.pid)
        self.assertTrue(family)
        os.kill(manager.provisioner.pid, signal.SIGKILL)
        wait_for(lambda: not any(map(is_running, family)), seconds=5)

    def test_restart_while_a_cell_runs(self):
        manager, client = self.start()
        run(client, "int kept = 1;")
        family = process_tree(manager.provisioner.pid)
        client.execute("while (true) { }")
        time.sleep(0.5)
        manager.restart_kernel()
        client.wait_for_ready(timeout=PATIENCE)
        wait_for(lambda: not any(map(is_running, family)), seconds=5)
        self.assert_lost_but_usable(client)

    def test_a_million_lines(self):
        manager, client = self.start()
        request = client.execute('for (int i = 0; i < 1_000_000; i++) Console.WriteLine($"line {i}");')
        cell = finish(client, request, patience=50)
        self.assertEqual(cell.status, "ok")
        lines = re.findall(r"(?m)^line \d+\n", cell.text("stdout"))
        self.assertGreater(len(lines), 10_000)
        # Where the output is cut, a line may be cut too.
        self.assertTrue(all(line == f"line {i}\n" for i, line in enumerate(lines[:-1])), "lines come in order, none twice, none left out")
        if len(lines) < 1_000_000:
            self.assert_spilled(cell, sum(len(f"line {i}\n") for i in range(1_000_000)))
        self.assertLess(len(cell.messages), 20_000)
        self.assertEqual(run(client, "6 * 7").result(), "42")

    def test_two_hundred_megabytes(self):
        manager, client = self.start()
        request = client.execute('var block = new string(\'x\', 1 << 20) + "\\n"; for (int i = 0; i < 200; i++) Console.Write(block);')
        cell = finish(client, request, patience=50)
        self.assertEqual(cell.status, "ok")
        self.assertLess(len(cell.text()), 50 << 20, "a browser is not sent 200 MB")
        self.assert_spilled(cell, 200 * ((1 << 20) + 1))
        resident = int(Path(f"/proc/{manager.provisioner.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        self.assertLess(resident, 1 << 30, "the front does not hold what it does not send")
        self.assertEqual(run(client, "6 * 7").result(), "42")

    def assert_spilled(self, cell, printed):
        """The user is told of a file, and it holds all that was not shown."""
        notice = re.search(r"\[[^\[\]]*?(/\S+\.txt)[^\[\]]*\]", cell.text())
        self.assertIsNotNone(notice, f"no file is named at the end: {cell.text()[-300:]}")
        file = Path(notice[1])
        self.addCleanup(lambda: file.unlink(missing_ok=True))
        shown = len(cell.text()) - len(notice[0])
        self.assertGreaterEqual(shown + file.stat().st_size, printed)
        self.assertLess(shown + file.stat().st_size, printed + 1000)

    def test_client_vanishes_while_a_cell_prints(self):
        manager, client = self.start()
        run(client, "int kept = 1;")
        client.execute('for (int i = 0; i < 30; i++) { Console.WriteLine(new string(\'x\', 100_000)); System.Threading.Thread.Sleep(20); } kept = 42;')
        time.sleep(0.3)
        client.stop_channels()
        again = self.connect(manager.connection_file)
        cell = run(again, "kept")
        self.assertEqual((cell.status, cell.result()), ("ok", "42"))

    def test_client_vanishes_while_it_is_asked(self):
        manager, client = self.start()
        run(client, "int kept = 42;")
        client.execute("Console.ReadLine()", allow_stdin=True)
        client.get_stdin_msg(timeout=PATIENCE)
        client.stop_channels()
        again = self.connect(manager.connection_file)
        manager.interrupt_kernel()
        cell = run(again, "kept")
        if cell.status == "aborted":  # it was queued behind the cell that the interrupt ended
            cell = run(again, "kept")
        self.assertEqual((cell.status, cell.result()), ("ok", "42"))

    def test_two_clients(self):
        manager, first = self.start()
        second = self.connect(manager.connection_file)
        requests = {first: first.execute("int a = 1; Console.WriteLine(\"of the first\");"), second: second.execute("int b = 2; Console.WriteLine(\"of the second\");")}
        for client, text in ((first, "of the first"), (second, "of the second")):
            cell = finish(client, requests[client])
            self.assertEqual((cell.status, cell.text()), ("ok", text + "\n"))
        self.assertEqual([run(client, "a + b").result() for client in (first, second)], ["3", "3"])
        # Each sees what the other's cells put out, as a console beside a notebook should.
        request = first.execute('Console.WriteLine("for all");')
        wait_until_printed(second, request, "for all")

    def test_two_kernels(self):
        kernels = [self.start() for _ in range(2)]
        for number, (_, client) in enumerate(kernels):
            self.assertEqual(run(client, f"int mine = {number};").status, "ok")
        self.assertEqual([run(client, "mine").result() for _, client in kernels], ["0", "1"])

    def test_nowhere_to_write(self):
        """Home, runtime and cache folders that cannot be written: a kernel without history, but a kernel."""
        nowhere = {name: "/proc/nowhere" for name in (
            "HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "ARKERNEL_HOME", "JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR")}
        _, client = self.start(env={**os.environ, **nowhere, "LANG": "C"})
        self.assertEqual(run(client, "6 * 7").result(), "42")
        self.assertEqual(client.history(reply=True, timeout=PATIENCE, hist_access_type="tail", n=1)["content"]["status"], "ok")

    def test_port_is_taken(self):
        taken = socket.socket()
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        self.addCleanup(taken.close)
        port = taken.getsockname()[1]
        process, connection = self.launch({"shell_port": port})
        self.assert_fails_with(process, str(port))

    def test_connection_file_is_missing_or_broken(self):
        process, connection = self.launch({"transport": "ipc", "ip": "/tmp/kernel"})
        self.assert_fails_with(process, "ipc")
        for content in ("", "{", "[]", '{"shell_port": 1}', '{"shell_port": "x"}'):
            with self.subTest(content=content):
                connection.write_text(content)
                self.assert_fails_with(self.command(connection), str(connection))
        connection.unlink()
        self.assert_fails_with(self.command(connection), str(connection))

    def launch(self, changes):
        """Starts a kernel by its own command line, with a connection file that has something wrong in it."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        connection = Path(folder.name) / "connection.json"
        manager = KernelManager(kernel_name=KERNEL, connection_file=str(connection))
        manager.write_connection_file()
        connection.write_text(json.dumps({**json.loads(connection.read_text()), **changes}))
        return self.command(connection), connection

    def command(self, connection):
        arguments = [a.replace("{connection_file}", str(connection)) for a in get_kernel_spec(KERNEL).argv]
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.kill)
        return process

    def assert_fails_with(self, process, expected):
        """It ends by itself, in a line or two that say what was wrong, without a stack trace."""
        _, error = process.communicate(timeout=PATIENCE)
        self.assertNotEqual(process.returncode, 0)
        self.assertIn(expected, error)
        self.assertLessEqual(len(error.strip().split("\n")), 3, error)
        self.assertNotRegex(error, r"(?m)^\s+at ")
