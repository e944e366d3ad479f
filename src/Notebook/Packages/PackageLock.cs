using System.Text.Json;
using System.Text.Json.Serialization;

namespace ArKernel.Notebooks.Packages;

/// <summary>
/// Which packages a notebook ran with, to the byte: what it asked for, and all that came in, with hashes. A notebook carries its lock in its
/// metadata, under <c>arkernel</c>, <c>lock</c>.
/// </summary>
/// <param name="Kernel">The version of ArKernel.</param>
/// <param name="Sdk">The version of the .NET SDK that restored.</param>
/// <param name="RuntimeIdentifier">The platform, such as <c>linux-x64</c>.</param>
/// <param name="Requested">The versions written in the notebook's <c>#r</c> lines, by package; empty for the newest stable one.</param>
/// <param name="Packages">Every package that came in.</param>
internal sealed record PackageLock(
    string Kernel,
    string Sdk,
    string RuntimeIdentifier,
    SortedDictionary<string, string> Requested,
    SortedDictionary<string, LockedPackage> Packages)
{
    /// <summary>Reads a lock.</summary>
    /// <exception cref="JsonException">It is none.</exception>
    public static PackageLock Parse(JsonElement json)
    {
        PackageLock read = json.Deserialize(PackageLockJson.Default.PackageLock) ?? throw new JsonException("It is null.");
        return read with
        {
            Requested = new(read.Requested, StringComparer.OrdinalIgnoreCase),
            Packages = new(read.Packages, StringComparer.OrdinalIgnoreCase),
        };
    }

    public JsonElement ToJson() => JsonSerializer.SerializeToElement(this, PackageLockJson.Default.PackageLock);

    /// <summary>What code asks for that this lock does not have, in words.</summary>
    public IEnumerable<string> Unlocked(IEnumerable<PackageDirective> asked) =>
        from directive in asked.DistinctBy(d => (d.Name.ToUpperInvariant(), d.Version))
        let known = Requested.GetValueOrDefault(directive.Name)
        where known != directive.Version
        select known is null
            ? $"{directive.Name} is asked for and not in the lock"
            : $"{directive.Name}: {OrNewest(directive.Version)} is asked for, the lock was made for {OrNewest(known)}";

    /// <summary>What differs between the packages of this lock and those of now, in words.</summary>
    public IEnumerable<string> DifferencesTo(IReadOnlyDictionary<string, LockedPackage> now)
    {
        foreach ((string name, LockedPackage locked) in Packages)
        {
            if (!now.TryGetValue(name, out LockedPackage? current))
            {
                yield return $"{name} {locked.Version} is missing";
            }
            else if (!PackageVersions.AreSame(locked.Version, current.Version))
            {
                yield return $"{name} {locked.Version} -> {current.Version}";
            }
            else if (locked.Sha512 != current.Sha512)
            {
                yield return $"{name} {locked.Version} has another content (SHA-512 {current.Sha512 ?? "of the kernel's own copy"}, locked is {locked.Sha512 ?? "the kernel's own copy"})";
            }
        }

        foreach (string name in now.Keys.Where(n => !Packages.ContainsKey(n)))
        {
            yield return $"{name} {now[name].Version} comes in and is not in the lock";
        }
    }

    /// <summary>What is another one now around the packages, in words.</summary>
    public IEnumerable<string> SurroundingsUnlike(PackageLock now) =>
        from pair in ((string What, string Locked, string Now)[])
            [("ArKernel", Kernel, now.Kernel), ("the .NET SDK", Sdk, now.Sdk), ("the platform", RuntimeIdentifier, now.RuntimeIdentifier)]
        where pair.Locked != pair.Now
        select $"the lock was made with {pair.What} {pair.Locked}, this is {pair.Now}";

    private static string OrNewest(string version) => version.Length == 0 ? "the newest version" : version;
}

/// <summary>A package of a lock.</summary>
/// <param name="Version">Its version.</param>
/// <param name="Sha512">The hash of its content in base 64; null for a package that is a part of the kernel.</param>
internal sealed record LockedPackage(string Version, string? Sha512);

[JsonSerializable(typeof(PackageLock))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
internal sealed partial class PackageLockJson : JsonSerializerContext;
