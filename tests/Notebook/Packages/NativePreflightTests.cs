using ArKernel.Notebooks.Packages.Native;
using CsCheck;

namespace ArKernel.Notebooks.Tests.Packages;

public sealed class NativePreflightTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("arkernel-native-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void A_library_that_loads_here_lacks_nothing()
    {
        Linux();
        File.Copy(BrokenLibrary.Sound, Path.Combine(folder, "libsound.so"));
        Assert.Empty(NativePreflight.Check(folder));
        ElfLibrary library = ElfLibrary.TryRead(BrokenLibrary.Sound)!;
        Assert.Contains("libc.so.6", library.Needed);
        Assert.Contains(library.VersionNeeds, v => v.Library == "libc.so.6" && v.Version.StartsWith("GLIBC_2.", StringComparison.Ordinal));
    }

    [Fact]
    public void A_version_that_the_system_does_not_have_is_named_with_the_highest_it_has()
    {
        Linux();
        string version = ElfLibrary.TryRead(BrokenLibrary.Sound)!.VersionNeeds.First(v => v.Library == "libc.so.6").Version;
        string future = "GLIBC_9.".PadRight(version.Length, '9');
        File.WriteAllBytes(Path.Combine(folder, "libfuture.so"), BrokenLibrary.Replaced(version, future));
        string line = Assert.Single(NativePreflight.Check(folder), l => l.StartsWith($"libfuture.so needs {future} of libc.so.6; ", StringComparison.Ordinal));
        Assert.Matches(@"goes up to GLIBC_2\.\d+: use a newer release of the system", line);
    }

    [Fact]
    public void A_library_of_another_processor_is_called_that()
    {
        Linux();
        byte[] bytes = File.ReadAllBytes(BrokenLibrary.Sound);
        bytes[18] = 8; // MIPS
        File.WriteAllBytes(Path.Combine(folder, "libmips.so"), bytes);
        Assert.StartsWith("libmips.so is for another processor", Assert.Single(NativePreflight.Check(folder)), StringComparison.Ordinal);
    }

    [Fact]
    public void Damaged_files_are_read_without_an_exception()
    {
        Linux();
        byte[] sound = File.ReadAllBytes(BrokenLibrary.Sound);
        string path = Path.Combine(folder, "libdamaged.so");
        Gen.Select(Gen.Int[0, sound.Length], Gen.Int[0, 2000], Gen.Byte).Sample(
            (length, at, value) =>
            {
                byte[] damaged = sound[..length];
                if (at < length)
                {
                    damaged[at] = value;
                }

                File.WriteAllBytes(path, damaged);
                _ = ElfLibrary.TryRead(path);
            },
            iter: 300,
            threads: 1);
    }

    private static void Linux() => Assert.SkipUnless(OperatingSystem.IsLinux(), "ELF libraries are Linux's.");
}
