using System.Diagnostics;

namespace ArKernel.Kernel.Tests;

/// <summary><c>jupyter console</c> in a terminal of its own, typed into as a person does.</summary>
public sealed class ConsoleTests(Jupyter jupyter)
{
    private const string Console = "/usr/bin/jupyter-console", Tmux = "/usr/bin/tmux";

    [Fact]
    public void A_console_session_in_CSharp()
    {
        using var terminal = new Terminal(jupyter, $"{Console} --kernel arkernel-csharp");
        terminal.WaitFor("In [1]:");
        terminal.Type("6 * 7\n");
        terminal.WaitFor("Out[1]: 42");

        // An open block goes on over lines until an empty one.
        terminal.WaitFor("In [2]:");
        terminal.Type("foreach (int i in new[] { 1, 2 })\n");
        terminal.WaitFor("...:");
        terminal.Type("{\n");
        terminal.Type("Console.WriteLine($\"item {i}\");\n");
        terminal.Type("}\n\n");
        terminal.WaitFor("item 1", "item 2");

        terminal.WaitFor("In [3]:");
        terminal.Type("Math.Sqr\t");
        terminal.WaitFor("Math.Sqrt");
        terminal.Type("(1764)\n");
        terminal.WaitFor("Out[3]: 42");

        terminal.WaitFor("In [4]:");
        terminal.Type("throw new InvalidOperationException(\"on purpose\");\n");
        terminal.WaitFor("InvalidOperationException", "on purpose");

        terminal.WaitFor("In [5]:");
        terminal.Type("int kept = 41;\n");
        terminal.WaitFor("In [6]:");
        terminal.Type("Console.WriteLine(\"run\" + \"ning\"); while (true) { }\n");
        terminal.WaitFor("running");
        terminal.Press("C-c");
        terminal.WaitFor("In [7]:");
        terminal.Type("kept + 1\n");
        terminal.WaitFor("Out[7]: 42");

        terminal.WaitFor("In [8]:");
        terminal.Type("quit\n");
        terminal.WaitForEnd();
    }

    [Fact]
    public void A_console_session_in_FSharp()
    {
        using var terminal = new Terminal(jupyter, $"{Console} --kernel arkernel-fsharp");
        terminal.WaitFor("In [1]:");
        terminal.Type("let square x = x * x\n");
        terminal.WaitFor("In [2]:");
        terminal.Type("square 6 + 6\n");
        terminal.WaitFor("Out[2]: 42");
        terminal.WaitFor("In [3]:");
        terminal.Type("exit\n");
        terminal.WaitForEnd();
    }

    /// <summary>A terminal 120 columns wide that tmux keeps on a socket of its own.</summary>
    private sealed class Terminal : IDisposable
    {
        private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);
        private readonly Jupyter jupyter;
        private readonly string socket;

        public Terminal(Jupyter jupyter, string command)
        {
            Jupyter.Require(Console);
            Jupyter.Require(Tmux);
            this.jupyter = jupyter;
            socket = Path.Combine(jupyter.NewFolder("terminal"), "tmux");
            Control("-f", "/dev/null", "new-session", "-d", "-x", "120", "-y", "200", $"env LANG=C.UTF-8 TERM=xterm {command}; echo the console has ended with $?; sleep 60");
        }

        public void Type(string text)
        {
            foreach (string part in text.Replace("\t", "\0Tab\0", StringComparison.Ordinal).Replace("\n", "\0Enter\0", StringComparison.Ordinal).Split('\0', StringSplitOptions.RemoveEmptyEntries))
            {
                // Text pasted together with its Enter would be taken for one paste.
                Control(part is "Tab" or "Enter" ? ["send-keys", part] : ["send-keys", "-l", part]);
                Thread.Sleep(150);
            }
        }

        public void Press(string key) => Control("send-keys", key);

        /// <summary>Waits until the screen shows all of these.</summary>
        public void WaitFor(params string[] texts)
        {
            var watch = Stopwatch.StartNew();
            string screen = Screen();
            while (!texts.All(text => screen.Contains(text, StringComparison.Ordinal)))
            {
                Assert.True(watch.Elapsed < Patience, $"The terminal does not show '{string.Join("', '", texts)}' but:\n{screen.TrimEnd()}");
                Thread.Sleep(50);
                screen = Screen();
            }
        }

        public void WaitForEnd() => WaitFor("the console has ended with 0");

        public void Dispose() => Command.Run(new CommandLine(Tmux, "-S", socket, "kill-server"), Patience);

        private string Screen() => Control("capture-pane", "-p", "-J");

        private string Control(params string[] arguments)
        {
            Command command = Command.Run(new CommandLine(Tmux, ["-S", socket, .. arguments]) { Environment = jupyter.Environment }, Patience);
            Assert.True(command.ExitCode == 0, command.Error);
            return command.Output;
        }
    }
}
