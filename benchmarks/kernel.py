#!/usr/bin/python3
"""What a user of a Jupyter kernel waits for, measured on the wire: any installed kernelspecs, in turn, medians of several starts.

    benchmarks/kernel.py arkernel-csharp python3 [--starts 5] [--cells 600] [--only start,output] [--json FILE]

Needs Debian's python3-jupyter-client. Each scenario runs on a fresh kernel; kernels take turns within a round, so that a disturbance of the
machine meets all of them. A figure nobody answers within its patience reads "never".
"""
import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

import zmq
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

TICKS = os.sysconf("SC_CLK_TCK")

SNIPPETS = {
    "csharp": {
        "first": "1+1",
        "cell": "var v{i} = {i} * 2;\nv{i} + 1",
        "complete": ("Console.Wri", "v1.To", "Enumerable.Ra", "str"),
        "complete_last": "var s = v{i}.ToS",
        "inspect": ("Console.WriteLine", 14),
        "print": "for (int i = 0; i < 10000; i++) Console.WriteLine($\"line {i}\");",
        "keep": "int kept = 41;",
        "kept": "kept + 1",
        "loop": "while (true) { }",
        "sleep": "[System.Runtime.InteropServices.DllImport(\"libc\")] static extern uint sleep(uint seconds);\nsleep(30)",
    },
    "fsharp": {
        "first": "1+1",
        "cell": "let v{i} = {i} * 2\nv{i} + 1",
        "complete": ("System.Console.Wri", "v1.To", "List.ma", "pri"),
        "complete_last": "let s = v{i}.ToS",
        "inspect": ("List.map", 7),
        "print": "for i in 0 .. 9999 do System.Console.WriteLine(\"line \" + string i)",
        "keep": "let kept = 41",
        "kept": "kept + 1",
        "loop": "while true do ()",
        "sleep": "[<System.Runtime.InteropServices.DllImport(\"libc\")>]\nextern uint32 sleep(uint32 seconds)\nsleep(30u)",
    },
    "python": {
        "first": "1+1",
        "cell": "v{i} = {i} * 2\nv{i} + 1",
        "complete": ("''.spl", "v1.to_", "enumer", "str"),
        "complete_last": "s = v{i}.to_",
        "inspect": ("print", 3),
        "print": "for i in range(10000): print(f'line {i}')",
        "keep": "kept = 41",
        "kept": "kept + 1",
        "loop": "while True: pass",
        "sleep": "import ctypes\nctypes.PyDLL(None).sleep(30)",
    },
}
LANGUAGES = {"c#": "csharp", "csharp": "csharp", "f#": "fsharp", "fsharp": "fsharp", "python": "python"}

# The key of a figure, what the table calls it, its unit and the most it may be (issue "The Jupyter kernel", the table at its end).
FIGURES = [
    ("ready", "start to kernel_info reply", "s", "1.0 s"),
    ("first", "first cell `1+1`", "s", "0.5 s"),
    ("first_cpu", "start and first cell, processor time", "s", ""),
    ("warm_median", "warm cell, median", "ms", "12 ms"),
    ("warm_p95", "warm cell, p95", "ms", "30 ms"),
    ("complete_first", "completion, first", "s", "0.4 s"),
    ("complete_median", "completion, median", "ms", "60 ms"),
    ("complete_late", "completion after {cells} cells", "ms", "80 ms"),
    ("warm_late", "cell after {cells} cells", "ms", ""),
    ("memory_early", "memory after 10 cells", "MiB", ""),
    ("memory_growth", "memory after {cells} cells over memory after 10", "MiB", "154 MiB"),
    ("print", "10,000 printed lines", "s", "0.4 s"),
    ("print_messages", "10,000 printed lines, stream messages", "", "200"),
    ("print_order", "10,000 printed lines, order kept", "yes", "yes"),
    ("inspect", "inspect, median", "ms", "60 ms"),
    ("complete_busy", "completion while a cell runs", "ms", ""),
    ("interrupt_loop", "interrupt of an endless loop", "s", "0.2 s"),
    ("loop_state", "state alive after it", "yes", "yes"),
    ("interrupt_native", "interrupt of a 30 s native sleep", "s", "3 s"),
    ("native_usable", "kernel usable after it", "yes", "yes"),
    ("native_state", "state alive after it", "yes", ""),
    ("shutdown", "shutdown", "s", ""),
    ("orphans", "processes left after shutdown", "", "0"),
]


class Kernel:
    """A started kernel and a client of it that reads shell and iopub together, without a library's polling in between."""

    def __init__(self, name):
        self.name = name
        began = time.perf_counter()
        self.manager = KernelManager(kernel_name=name)
        self.manager.start_kernel(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.client = self.manager.client()
        self.client.start_channels(stdin=True, hb=False)
        self.shell, self.iopub, self.control = (
            zmq.Socket.shadow(channel.socket.underlying)
            for channel in (self.client.shell_channel, self.client.iopub_channel, self.client.control_channel))
        self.poller = zmq.Poller()
        self.poller.register(self.shell, zmq.POLLIN)
        self.poller.register(self.iopub, zmq.POLLIN)
        self.messages = []
        self.process = self.manager.provisioner.pid
        reply = self.ask("kernel_info_request", {}, patience=60)
        if reply is None:
            self.kill()
            sys.exit(f"{name}: no kernel_info_reply within 60 s; does 'jupyter console --kernel {name}' start?")
        self.ready = time.perf_counter() - began
        language = reply["content"]["language_info"]["name"]
        if language.lower() not in LANGUAGES:
            self.kill()
            sys.exit(f"{name}: there are no snippets for the language '{language}'; known are {', '.join(LANGUAGES)}")
        self.code = SNIPPETS[LANGUAGES[language.lower()]]
        self.wait_until_subscribed()

    def wait_until_subscribed(self):
        """Shell can answer before iopub is connected; a cell run in between would never seem to end, so every client waits for this."""
        until = time.perf_counter() + 30
        while time.perf_counter() < until:
            self.send("kernel_info_request", {})
            pause = time.perf_counter() + 0.02
            while (message := self.receive(pause)) is not None:
                if message["msg_type"] == "status":
                    return
        raise RuntimeError(f"{self.name}: nothing is published on iopub")

    def send(self, kind, content, socket=None):
        message = self.client.session.msg(kind, content)
        self.client.session.send(socket or self.shell, message)
        return message["header"]["msg_id"]

    def receive(self, until):
        """The next message of shell or iopub, or None when the moment has come."""
        while True:
            events = dict(self.poller.poll(max(0, (until - time.perf_counter()) * 1000)))
            if not events:
                return None
            for socket in (self.iopub, self.shell):
                if socket in events:
                    message = self.client.session.recv(socket, zmq.NOBLOCK)[1]
                    if message is not None:
                        return message

    def ask(self, kind, content, patience=5.0):
        """Sends a request on shell and returns its reply, None if there is none in time."""
        request, until = self.send(kind, content), time.perf_counter() + patience
        while (message := self.receive(until)) is not None:
            if message["parent_header"].get("msg_id") == request and message["msg_type"].endswith("_reply"):
                return message
        return None

    def timed(self, kind, content, patience=5.0):
        began = time.perf_counter()
        reply = self.ask(kind, content, patience)
        return None if reply is None or reply["content"].get("status") != "ok" else time.perf_counter() - began

    def execute(self, code):
        return self.send("execute_request", {
            "code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False, "stop_on_error": True})

    def finish(self, request, patience=60.0):
        """Waits for the reply and the idle status of a cell: their outputs in order and whether it succeeded, or None if they never come."""
        outputs, status, idle, until = [], None, False, time.perf_counter() + patience
        while status is None or not idle:
            message = self.receive(until)
            if message is None:
                return None
            if message["parent_header"].get("msg_id") != request:
                continue
            if message["msg_type"] == "execute_reply":
                status = message["content"]["status"]
            elif message["msg_type"] == "status":
                idle = message["content"]["execution_state"] == "idle"
            else:
                outputs.append(message)
        return outputs, status

    def run(self, code, must_succeed=True):
        """Runs a cell; returns its time and outputs."""
        began = time.perf_counter()
        done = self.finish(self.execute(code))
        if must_succeed and (done is None or done[1] != "ok"):
            raise RuntimeError(f"{self.name}: the cell {code!r} did not succeed: {done}")
        return time.perf_counter() - began, done[0]

    def complete(self, code, patience=20.0):
        return self.timed("complete_request", {"code": code, "cursor_pos": len(code)}, patience)

    def wait_until_running(self, request):
        """Until the cell has started and had a second to compile. ipykernel now and then keeps the messages of a busy loop to itself."""
        until = time.perf_counter() + 5
        while (message := self.receive(until)) is not None:
            if message["msg_type"] == "execute_input" and message["parent_header"].get("msg_id") == request:
                break
        time.sleep(1)

    def interrupt(self, request, patience):
        """Interrupts as the kernelspec says; the time to the cell's idle, None if it does not come."""
        began = time.perf_counter()
        self.manager.interrupt_kernel()
        return time.perf_counter() - began if self.finish(request, patience) is not None else None

    def value_is(self, code, expected):
        if not self.manager.is_alive():
            return False
        done = self.finish(self.execute(code), patience=15)
        if done is not None and done[1] == "aborted":  # queued behind the interrupted cell, from the kernel's point of view
            time.sleep(0.3)
            done = self.finish(self.execute(code), patience=15)
        return done is not None and done[1] == "ok" and any(
            str(output["content"].get("data", {}).get("text/plain", "")).strip() == expected
            or f">{expected}<" in str(output["content"].get("data", {}).get("text/html", ""))
            for output in done[0])

    def shut_down(self):
        """Asks the kernel to go; the time until its process is gone and how many of its children are still there half a second later."""
        family, began = process_tree(self.process), time.perf_counter()
        self.send("shutdown_request", {"restart": False}, self.control)
        while self.manager.is_alive() and time.perf_counter() - began < 10:
            time.sleep(0.002)
        took = time.perf_counter() - began if not self.manager.is_alive() else None
        time.sleep(0.5)
        left = sum(process != self.process and Path(f"/proc/{process}").exists() for process in family)
        self.kill()
        return took, left

    def kill(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def process_tree(root):
    """The process ids of a process and all its descendants, and nothing of a process that has gone meanwhile."""
    found = []
    waiting = [root]
    while waiting:
        process = waiting.pop()
        found.append(process)
        for task in Path(f"/proc/{process}/task").glob("*/children"):
            try:
                waiting += map(int, task.read_text().split())
            except OSError:
                pass
    return found


def resident_mebibytes(root):
    total = 0
    for process in process_tree(root):
        try:
            total += int(Path(f"/proc/{process}/statm").read_text().split()[1])
        except OSError:
            pass
    return total * os.sysconf("SC_PAGE_SIZE") / 2**20


def processor_seconds(root):
    total = 0
    for process in process_tree(root):
        try:
            total += sum(map(int, Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:15]))
        except OSError:
            pass
    return total / TICKS


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, round(share * (len(values) - 1)))]


def median(values):
    """The median, where a missing answer is slower than any other; None when that is what stands in the middle."""
    found = sorted(float("inf") if value is None else value for value in values)
    middle = found[len(found) // 2] if len(found) % 2 else sum(found[len(found) // 2 - 1:len(found) // 2 + 1]) / 2
    return None if middle == float("inf") else middle


def milliseconds(seconds):
    return None if seconds is None else seconds * 1000


def start(name, _):
    """From nothing to a warm kernel, the first completion right after the first cell."""
    kernel = Kernel(name)
    result = {"ready": kernel.ready, "first": kernel.run(kernel.code["first"])[0], "first_cpu": processor_seconds(kernel.process)}
    result["complete_first"] = kernel.complete(kernel.code["complete"][0])
    times = [kernel.run(kernel.code["cell"].replace("{i}", str(i)))[0] for i in range(1, 63)][2:]
    result["warm_median"], result["warm_p95"] = milliseconds(statistics.median(times)), milliseconds(percentile(times, 0.95))
    result["complete_median"] = milliseconds(median([kernel.complete(kernel.code["complete"][i % 4]) for i in range(20)]))
    code, cursor = kernel.code["inspect"]
    inspect = {"code": code, "cursor_pos": cursor, "detail_level": 0}
    result["inspect"] = milliseconds(median([kernel.timed("inspect_request", inspect) for _ in range(3)]))
    if result["inspect"] is not None:
        result["inspect"] = milliseconds(median([kernel.timed("inspect_request", inspect) for _ in range(11)]))
    result["shutdown"], result["orphans"] = kernel.shut_down()
    return result


def growth(name, cells):
    """A long notebook: a completion of what the last cell declared between any two cells."""
    kernel, late_cells, late_completions, early = Kernel(name), [], [], None
    for i in range(1, cells + 1):
        took = kernel.run(kernel.code["cell"].replace("{i}", str(i)))[0]
        completion = kernel.complete(kernel.code["complete_last"].replace("{i}", str(i)))
        if i == min(10, cells):
            early = resident_mebibytes(kernel.process)
        if i > cells - 10:
            late_cells.append(took)
            late_completions.append(completion)
    result = {
        "memory_early": early, "memory_growth": resident_mebibytes(kernel.process) - early,
        "complete_late": milliseconds(median(late_completions)), "warm_late": milliseconds(median(late_cells))}
    kernel.shut_down()
    return result


def output(name, _):
    """Many printed lines, on a kernel that has run a cell."""
    kernel = Kernel(name)
    kernel.run(kernel.code["first"])
    took, outputs = kernel.run(kernel.code["print"])
    streams = [message["content"]["text"] for message in outputs if message["msg_type"] == "stream"]
    in_order = "".join(streams).replace("\r\n", "\n") == "".join(f"line {i}\n" for i in range(10000))
    kernel.shut_down()
    return {"print": took, "print_messages": len(streams), "print_order": in_order}


def interrupt(name, _):
    """An endless loop and a native call that knows of no interrupt, each on a kernel with a variable that should survive."""
    result = {}
    for what, patience in (("loop", 10.0), ("sleep", 20.0)):
        kernel = Kernel(name)
        kernel.run(kernel.code["keep"])
        request = kernel.execute(kernel.code[what])
        kernel.wait_until_running(request)
        if what == "loop":
            result["complete_busy"] = milliseconds(kernel.complete(kernel.code["complete"][0], patience=3.0))
            result["interrupt_loop"] = kernel.interrupt(request, patience)
            result["loop_state"] = result["interrupt_loop"] is not None and kernel.value_is(kernel.code["kept"], "42")
        else:
            result["interrupt_native"] = kernel.interrupt(request, patience)
            result["native_usable"] = result["interrupt_native"] is not None and kernel.value_is(kernel.code["first"], "2")
            result["native_state"] = result["interrupt_native"] is not None and kernel.value_is(kernel.code["kept"], "42")
        if result[f"interrupt_{'loop' if what == 'loop' else 'native'}"] is None:
            kernel.kill()
        else:
            kernel.shut_down()
    return result


SCENARIOS = {"start": start, "growth": growth, "output": output, "interrupt": interrupt}


def calibration():
    """Seconds of a fixed computation: tells a busy machine from a slow kernel."""
    began, total = time.perf_counter(), 0
    for i in range(3_000_000):
        total += i * i
    return time.perf_counter() - began


def summarize(key, unit, samples):
    if unit == "yes":
        return all(samples)
    return median(samples)


def show(value, unit):
    if value is None:
        return "never"
    if unit == "yes":
        return "yes" if value else "no"
    if unit in ("MiB", ""):
        return f"{value:.0f} {unit}".strip()
    return f"{value:.2f} {unit}" if unit == "s" else f"{value:.1f} {unit}"


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    arguments.add_argument("kernels", nargs="*", default=["arkernel-csharp"], help="names of installed kernelspecs (default: arkernel-csharp)")
    arguments.add_argument("--starts", type=int, default=5, help="how often each scenario runs on a fresh kernel")
    arguments.add_argument("--cells", type=int, default=600, help="how long the long notebook is")
    arguments.add_argument("--only", help=f"scenarios, separated by commas: {', '.join(SCENARIOS)}")
    arguments.add_argument("--json", type=Path, help="a file for all samples")
    options = arguments.parse_args()
    chosen = options.only.split(",") if options.only else list(SCENARIOS)
    installed = KernelSpecManager().find_kernel_specs()
    for name in options.kernels:
        if name not in installed:
            sys.exit(f"There is no kernelspec '{name}'; installed are {', '.join(sorted(installed))}.")
    for scenario in chosen:
        if scenario not in SCENARIOS:
            sys.exit(f"There is no scenario '{scenario}'; there are {', '.join(SCENARIOS)}.")

    samples = {name: {} for name in options.kernels}
    calibrations = [calibration()]
    load = os.getloadavg()[0]
    for round_number in range(options.starts):
        for scenario in chosen:
            for name in options.kernels:
                print(f"round {round_number + 1}: {scenario} of {name}", file=sys.stderr)
                for key, value in SCENARIOS[scenario](name, options.cells).items():
                    samples[name].setdefault(key, []).append(value)
        calibrations.append(calibration())

    print(f"{os.cpu_count()} processors, {platform.machine()}, load {load:.1f} before; a fixed computation took "
          f"{min(calibrations):.2f} to {max(calibrations):.2f} s; medians of {options.starts} starts\n")
    print(f"| | at most | {' | '.join(options.kernels)} |\n|---|---|{'---|' * len(options.kernels)}")
    for key, title, unit, target in FIGURES:
        if any(key in samples[name] for name in options.kernels):
            values = [show(summarize(key, unit, samples[name][key]), unit) for name in options.kernels]
            print(f"| {title.replace('{cells}', str(options.cells))} | {target} | {' | '.join(values)} |")
    if options.json:
        options.json.write_text(json.dumps({"cells": options.cells, "load": load, "calibration": calibrations, "samples": samples}, indent=1))


if __name__ == "__main__":
    main()
