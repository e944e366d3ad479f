using System.Runtime.CompilerServices;

namespace ArKernel.Tests;

/// <summary>One thread an operation: the tests run beside each other, and torch's threads spin while they wait for a busy core.</summary>
internal static class TorchThreads
{
    [ModuleInitializer]
    internal static void UseOne()
    {
        // A child process that a test starts runs explicit tests only; it may have a torch that cannot be loaded, which is its subject.
        if (!Environment.GetCommandLineArgs().Contains("-explicit"))
        {
            Compute.Threads = 1;
        }
    }
}
