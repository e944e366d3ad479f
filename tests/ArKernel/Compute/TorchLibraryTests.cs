using System.Diagnostics;
using System.Runtime.InteropServices;
using TorchSharp;

namespace ArKernel.Tests.ComputeTests;

public sealed class TorchLibraryTests
{
    private const string Debian12 =
        "Unable to load shared library '/app/libLibTorchSharp.so' or one of its dependencies. In order to help diagnose loading problems, consider using a tool like strace. " +
        "If you're using glibc, consider setting the LD_DEBUG environment variable: \n" +
        "/lib/x86_64-linux-gnu/libstdc++.so.6: version `GLIBCXX_3.4.32' not found (required by /app/libLibTorchSharp.so)\n";

    private const string Glibc = "/lib64/libc.so.6: version `GLIBC_2.34' not found (required by /app/libtorch_cpu.so)\n";

    private const string NoOpenMp = "/app/libLibTorchSharp.so.so: cannot open shared object file: No such file or directory\nlibgomp.so.1: cannot open shared object file: No such file or directory\n";

    private const string NoTorch = "libtorch.so: cannot open shared object file: No such file or directory\n";

    private const string Nothing =
        "Unable to load shared library 'LibTorchSharp' or one of its dependencies.\n/app/LibTorchSharp.so: cannot open shared object file: No such file or directory\n" +
        "libLibTorchSharp.so: cannot open shared object file: No such file or directory\n";

    [Theory]
    [InlineData(Debian12, "GLIBCXX_3.4.32 of libstdc++.so.6", "Torch.targets")]
    [InlineData(Glibc, "GLIBC_2.34 of libc.so.6", "Ubuntu 24.04")]
    [InlineData(NoOpenMp, "libgomp.so.1", "apt-get install libgomp1")]
    [InlineData(NoTorch, "libtorch.so", "TorchSharp-cpu 0.107.0")]
    [InlineData(Nothing, "LibTorchSharp was not found", "TorchSharp-cuda-linux")]
    public void The_loaders_words_become_what_is_missing_and_the_remedy(string loaderText, string missing, string remedy)
    {
        string message = Explained(loaderText, OSPlatform.Linux);
        Assert.Contains(missing, message);
        Assert.Contains(remedy, message);
    }

    [Fact]
    public void On_Windows_the_known_defect_is_named() => Assert.Contains("issue 1567", Explained("0x8007007F", OSPlatform.Windows));

    private static string Explained(string text, OSPlatform platform) => TorchLibrary.Explain(text, platform);

    [Fact]
    public void Compute_describes_the_machine_and_torch_works_with_explanations_on()
    {
        TorchLibrary.Prepare();
        TorchLibrary.Preflight();
        string text = Compute.Describe();
        Assert.Contains("2.10.0", text);
        Assert.Contains("0.107.0", text);
        Assert.Contains("cpu (", text);
        Assert.Equal(torch.ScalarType.Float32, Compute.DType);
        Assert.Throws<ArgumentOutOfRangeException>(() => Compute.Threads = 0);
    }

    [Theory]
    [InlineData(true, "GLIBCXX_9.9.99 of libstdc++.so.6")]
    [InlineData(false, "LibTorchSharp was not found")]
    public void A_program_whose_torch_cannot_load_gets_the_explanation_at_its_first_tensor_and_copies_nothing(bool present, string expected)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The test breaks a Linux library's version needs.");
        string folder = Directory.CreateTempSubdirectory("arkernel-broken-torch-").FullName;
        try
        {
            // A program folder of its own: the test program with a torch library that asks for a version that no system has.
            foreach (string file in Directory.GetFiles(AppContext.BaseDirectory).Where(file => Path.GetExtension(file) is ".dll" or ".json" or ".Tests" or ""))
            {
                File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
            }

            string deps = Path.Combine(folder, "ArKernel.Tests.deps.json");
            File.WriteAllText(deps, File.ReadAllText(deps).Replace("libLibTorchSharp.so", "libNoSuchTorchSharp.so"));
            if (present)
            {
                string native = Directory.GetFiles(AppContext.BaseDirectory, "libLibTorchSharp.so", SearchOption.AllDirectories)[0];
                File.WriteAllBytes(Path.Combine(folder, "libLibTorchSharp.so"), Unloadable(File.ReadAllBytes(native)));
                foreach (string library in Directory.GetFiles(Path.GetDirectoryName(native)!, "*.so*").Where(file => file != native))
                {
                    File.CreateSymbolicLink(Path.Combine(folder, Path.GetFileName(library)), library);
                }
            }

            using Process child = Process.Start(new ProcessStartInfo(Path.Combine(folder, Path.GetFileName(Environment.ProcessPath!)))
            {
                ArgumentList = { "-explicit", "only", "-noColor", "-method", "*Makes_a_first_tensor" },
                Environment = { ["LD_LIBRARY_PATH"] = "" },
                UseShellExecute = false,
                RedirectStandardOutput = true,
            })!;
            string output = child.StandardOutput.ReadToEnd();
            child.WaitForExit();
            Assert.Contains("TorchUnavailableException", output);
            Assert.Contains(expected, output);
            Assert.DoesNotContain("Trace from LoadNativeBackend", output);
            Assert.False(Directory.Exists(Path.Combine(folder, "cpu")), "TorchSharp must not have copied its packages");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact(Explicit = true)]
    public void Makes_a_first_tensor()
    {
        TorchLibrary.Prepare();
        torch.ones(2).Dispose();
    }

    [Fact]
    public void OpenMP_is_told_not_to_spin_for_long_before_torch_loads_it()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only libgomp knows the setting.");
        TorchLibrary.Prepare();
        string? set = Marshal.PtrToStringUTF8(NativeEnvironment("GOMP_SPINCOUNT"));
        Assert.Equal(Environment.GetEnvironmentVariable("GOMP_SPINCOUNT") ?? (Environment.GetEnvironmentVariable("OMP_WAIT_POLICY") is null ? "10000" : null), set);
    }

    [DllImport("libc", EntryPoint = "getenv")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern IntPtr NativeEnvironment([MarshalAs(UnmanagedType.LPUTF8Str)] string name);

    /// <summary>Renames the need GLIBCXX_3.4.32 (which the build has made weak) or another one to a version that does not exist, and makes it strong.</summary>
    private static byte[] Unloadable(byte[] elf)
    {
        long sections = BitConverter.ToInt64(elf, 0x28);
        int size = BitConverter.ToUInt16(elf, 0x3a), count = BitConverter.ToUInt16(elf, 0x3c);
        for (int i = 0; i < count; i++)
        {
            int section = (int)(sections + i * size);
            if (BitConverter.ToUInt32(elf, section + 4) != 0x6ffffffe) // SHT_GNU_verneed
            {
                continue;
            }

            int names = (int)BitConverter.ToInt64(elf, (int)(sections + BitConverter.ToUInt32(elf, section + 0x28) * size) + 0x18);
            for (int need = (int)BitConverter.ToInt64(elf, section + 0x18); ; need += (int)BitConverter.ToUInt32(elf, need + 12))
            {
                int entry = need + (int)BitConverter.ToUInt32(elf, need + 8);
                for (int left = BitConverter.ToUInt16(elf, need + 2); left > 0; left--, entry += (int)BitConverter.ToUInt32(elf, entry + 12))
                {
                    int name = names + (int)BitConverter.ToUInt32(elf, entry + 8);
                    if (elf.AsSpan(name).StartsWith("GLIBCXX_3.4.32\0"u8))
                    {
                        "GLIBCXX_9.9.99"u8.CopyTo(elf.AsSpan(name));
                        uint hash = 0;
                        foreach (byte letter in "GLIBCXX_9.9.99"u8)
                        {
                            hash = (hash << 4) + letter; // the System V ABI's hash of symbol names
                            uint high = hash & 0xf0000000;
                            hash = (hash ^ (high >> 24)) & ~high;
                        }

                        BitConverter.TryWriteBytes(elf.AsSpan(entry), hash);
                        BitConverter.TryWriteBytes(elf.AsSpan(entry + 4), (ushort)0);
                        return elf;
                    }
                }

                if (BitConverter.ToUInt32(elf, need + 12) == 0)
                {
                    break;
                }
            }
        }

        throw new InvalidOperationException("The library has no version need GLIBCXX_3.4.32.");
    }
}
