using System.Diagnostics;

namespace ArKernel.Kernel.Tests;

/// <summary><c>jupyter console</c> in a terminal of its own, typed into as a person does.</summary>
public sealed class ConsoleTests(Jupyter jupyter)
{
    private const string Console = "/usr/bin/jupyter-console", Tmux = "/usr/bin/tmux";

    // Ctrl-C is not pressed: Debian's console loses it before any kernel hears of it ("KeyboardInterrupt escaped interact()").
    [Fact]
    public void A_console_session_in_CSharp() => Hold("arkernel-csharp", terminal =>
    {
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
        terminal.Type("Math.Clam\t");
        terminal.WaitFor("Math.Clamp");
        terminal.Type("(50, 1, 42)\n");
        terminal.WaitFor("Out[3]: 42");

        terminal.WaitFor("In [4]:");
        terminal.Type("throw new InvalidOperationException(\"on purpose\");\n");
        terminal.WaitFor("InvalidOperationException: on purpose", "cell 4:line 1");

        terminal.WaitFor("In [5]:");
        terminal.Type("\"got \" + Console.ReadLine()\n");
        Thread.Sleep(1000);
        terminal.Type("an answer\n");
        terminal.WaitFor("Out[5]: got an answer");
    });

    [Fact]
    public void A_console_session_in_FSharp() => Hold("arkernel-fsharp", terminal =>
    {
        terminal.WaitFor("In [1]:");
        terminal.Type("let square x = x * x\n");
        terminal.WaitFor("In [2]:");
        terminal.Type("square 6 + 6\n");
        terminal.WaitFor("Out[2]: 42");
    });

    /// <summary>
    /// Holds a session; again when the console has failed by itself: its event loop is entered twice now and then, with any kernel.
    /// </summary>
    private void Hold(string kernel, Action<Terminal> session)
    {
        for (int attempt = 1; ; attempt++)
        {
            using var terminal = new Terminal(jupyter, $"{Console} --kernel {kernel} --ZMQTerminalInteractiveShell.kernel_is_complete_timeout=20");
            try
            {
                session(terminal);
                terminal.Press("C-d");
                terminal.WaitFor("Do you really want to exit");
                terminal.Type("y\n");
                terminal.WaitFor("the console has ended with 0");
                return;
            }
            catch (ConsoleFailedException) when (attempt < 4)
            {
                TestContext.Current.TestOutputHelper?.WriteLine("the console failed by itself");
            }
        }
    }

    private sealed class ConsoleFailedException : Exception;

    /// <summary>
    /// A terminal 120 columns wide that tmux keeps on a socket of its own. Debian's console fails, with any kernel, when the terminal says
    /// something while it waits for a reply: so the terminal is not asked where its cursor is (CPR), and nobody types faster than a person.
    /// </summary>
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
            Control("-f", "/dev/null", "new-session", "-d", "-x", "120", "-y", "200", $"env LANG=C.UTF-8 TERM=xterm PROMPT_TOOLKIT_NO_CPR=1 {command}; echo the console has ended with $?; sleep 60");
        }

        public void Type(string text)
        {
            foreach (string part in text.Replace("\t", "\0Tab\0", StringComparison.Ordinal).Replace("\n", "\0Enter\0", StringComparison.Ordinal).Split('\0', StringSplitOptions.RemoveEmptyEntries))
            {
                // Text pasted together with its Enter would be taken for one paste; tmux takes a last semicolon for the end of its command.
                string keys = part.EndsWith(';') ? $"{part[..^1]}\\;" : part;
                Control(part is "Tab" or "Enter" ? ["send-keys", part] : ["send-keys", "-l", keys]);
                Thread.Sleep(part == "Enter" ? 500 : 150);
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
                if (screen.Contains("Unhandled exception in event loop", StringComparison.Ordinal))
                {
                    throw new ConsoleFailedException();
                }

                Assert.True(watch.Elapsed < Patience, $"The terminal does not show '{string.Join("', '", texts)}' but:\n{screen.TrimEnd()}");
                Thread.Sleep(50);
                screen = Screen();
            }
        }

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
