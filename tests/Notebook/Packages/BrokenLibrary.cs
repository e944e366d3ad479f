using System.Runtime.InteropServices;
using System.Text;

namespace ArKernel.Notebooks.Tests.Packages;

/// <summary>A native library of the runtime, changed so that the loader refuses it.</summary>
internal static class BrokenLibrary
{
    public static string Sound { get; } = Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "libSystem.Native.so");

    /// <summary>Needs <c>libq.so.6</c> in place of <c>libc.so.6</c>.</summary>
    public static byte[] Bytes() => OperatingSystem.IsLinux() ? Replaced("libc.so.6", "libq.so.6") : [];

    /// <summary>The library with a text replaced by another of the same length.</summary>
    public static byte[] Replaced(string text, string by)
    {
        byte[] bytes = File.ReadAllBytes(Sound);
        int at = bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes("\0" + text + "\0"));
        Assert.True(at >= 0, $"{Sound} names no {text}.");
        Encoding.ASCII.GetBytes(by, bytes.AsSpan(at + 1));
        return bytes;
    }
}
