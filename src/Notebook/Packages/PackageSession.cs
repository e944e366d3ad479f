using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using ArKernel.Notebooks.Engine;
using ArKernel.Notebooks.Languages;
using ArKernel.Notebooks.Packages.Native;
using ArKernel.Notebooks.Packages.Projects;

namespace ArKernel.Notebooks.Packages;

/// <summary>What the directives of a cell have brought.</summary>
/// <param name="Assemblies">The assembly files that code may now refer to.</param>
/// <param name="Added">The packages that the notebook did not have before.</param>
internal sealed record Resolution(IReadOnlyList<string> Assemblies, IReadOnlyList<AddedPackage> Added);

/// <summary>What <c>#r</c> and <c>#i</c> lines have brought in so far.</summary>
internal sealed class PackageSession(string cacheFolder)
{
    private readonly PackageRestorer restorer = new(cacheFolder);
    private readonly Dictionary<string, PackageDirective> requested = new(StringComparer.OrdinalIgnoreCase);
    private readonly SortedDictionary<string, string> written = new(StringComparer.OrdinalIgnoreCase);
    private readonly ProjectSession projects = new(cacheFolder);
    private readonly List<string> sources = [];
    private readonly Dictionary<string, RestoredPackage> installed = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> warned = new(StringComparer.Ordinal);
    private PackageLock? held;
    private RestoredPackages? locked;

    /// <summary>Carries out the directives of one cell together, and says what it did in one display.</summary>
    /// <exception cref="CellFailedException">Something cannot be had; nothing has changed then.</exception>
    public async Task<Resolution> ResolveAsync(IReadOnlyList<Directive> directives, CellContext context)
    {
        List<string> assemblies = [.. directives.OfType<AssemblyDirective>().Select(FindAssembly).OfType<string>()];
        List<AddedPackage> added = [];
        PackageDirective[] asked = [.. directives.OfType<PackageDirective>()];
        if (asked.Length > 0)
        {
            await ResolvePackagesAsync(asked, [.. sources, .. directives.OfType<SourceDirective>().Select(s => s.Source)], context, assemblies, added);
        }

        sources.AddRange(directives.OfType<SourceDirective>().Select(s => s.Source).Except(sources, StringComparer.Ordinal));
        foreach (string path in assemblies)
        {
            SubmissionAssemblies.Register(path);
        }

        foreach (ProjectDirective project in directives.OfType<ProjectDirective>())
        {
            assemblies.AddRange(await projects.BuildAsync(project, context));
        }

        return new Resolution(assemblies, added);
    }

    /// <summary>The lock of what has been resolved so far.</summary>
    public async Task<PackageLock> CreateLockAsync(CancellationToken cancellationToken) => new(
        typeof(PackageSession).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0],
        await PackageRestorer.SdkVersionAsync(cancellationToken),
        PackageRestorer.PortableRuntimeIdentifier,
        written,
        Contents(installed.Values, written.Keys));

    /// <summary>Restores exactly what a lock says, and holds all cells to it.</summary>
    /// <returns>What differs, in words; when anything does, nothing has changed.</returns>
    public async Task<IReadOnlyList<string>> HoldAsync(PackageLock toHold, IReadOnlyList<string> from, CancellationToken cancellationToken)
    {
        PackageDirective[] exact = [.. toHold.Packages.Where(p => p.Value.Sha512 is not null).Select(p => new PackageDirective(0, p.Key, $"[{p.Value.Version}]"))];
        RestoredPackages restored;
        try
        {
            restored = exact.Length == 0 ? RestoredPackages.None
                : await restorer.RestoreAsync(exact, await PackageSources.ReachableAsync(from, [], cancellationToken), cancellationToken);
        }
        catch (RestoreException exception)
        {
            return exception.Message.Split('\n');
        }

        string[] differences = [.. toHold.DifferencesTo(Contents(restored.Packages, toHold.Packages.Keys))];
        if (differences.Length == 0)
        {
            (held, locked) = (toHold, restored);
        }

        return differences;
    }

    private static SortedDictionary<string, LockedPackage> Contents(IEnumerable<RestoredPackage> packages, IEnumerable<string> carried)
    {
        SortedDictionary<string, LockedPackage> contents = new(StringComparer.OrdinalIgnoreCase);
        foreach (RestoredPackage package in packages)
        {
            contents[package.Name] = new LockedPackage(package.Version, package.ContentHash);
        }

        foreach (string name in carried)
        {
            if (HostPackages.VersionOf(name) is { } version)
            {
                contents[name] = new LockedPackage(version, null);
            }
        }

        return contents;
    }

    private static string? FindAssembly(AssemblyDirective directive)
    {
        if (AssemblyReferences.IsOfHost(Path.GetFileNameWithoutExtension(directive.Path)) || AssemblyReferences.IsOfHost(directive.Path))
        {
            return null; // the host's own assembly of that name is visible already
        }

        string? problem = !File.Exists(directive.Path) ? $"the assembly '{directive.Path}' does not exist" : IsAssembly(directive.Path) ? null : $"the file '{directive.Path}' is no .NET assembly";
        return problem is null ? directive.Path
            : throw new CellFailedException(new CellError("ReferenceError", $"#r: {problem} (line {directive.Line}).", [], directive.Line));
    }

    private static bool IsAssembly(string path)
    {
        try
        {
            using PEReader reader = new(File.OpenRead(path));
            return reader.HasMetadata && reader.GetMetadataReader().IsAssembly;
        }
        catch (BadImageFormatException)
        {
            return false;
        }
    }

    private async Task ResolvePackagesAsync(
        PackageDirective[] asked, IReadOnlyList<string> from, CellContext context, List<string> assemblies, List<AddedPackage> added)
    {
        DisplayedValue display = context.DisplayRendered(Rendering.Text(string.Join('\n', asked.Select(a => $"Restoring {a.Name} {a.Version}".TrimEnd() + " …"))));
        List<string> lines = [];
        RestoredPackages restored;
        PackageDirective[] wanted;
        try
        {
            wanted = held is null ? [.. asked.Where(a => !HostPackages.Has(a, lines)).Select(a => VersionMap.Apply(a, cacheFolder, lines))] : Locked(asked);
            restored = wanted.Length == 0 ? RestoredPackages.None
                : locked is not null ? WhatIsReachable(locked, wanted)
                : await RestoreAsync(wanted, await ReachableAsync(from, lines, context.CancellationToken), context.CancellationToken);
        }
        catch (CellFailedException)
        {
            display.UpdateRendered(Rendering.Text(string.Join('\n', asked.Select(a => $"Not installed: {a.Name} {a.Version}".TrimEnd()))));
            throw;
        }

        foreach (PackageDirective directive in asked)
        {
            written[directive.Name] = directive.Version;
        }

        Install(asked, wanted, restored, assemblies, added, lines);
        lines.AddRange(restored.Packages.SelectMany(HostPackages.Shortfalls).Distinct(StringComparer.Ordinal));
        display.UpdateRendered(Rendering.Text(string.Join('\n', lines)));
        NativeLibraries.AddFolder(restored.NativeFolder);
        foreach (string problem in NativePreflight.Check(restored.NativeFolder).Where(warned.Add))
        {
            context.Write("stderr", problem + "\n");
        }
    }

    private async Task<IReadOnlyList<string>> ReachableAsync(IReadOnlyList<string> from, List<string> lines, CancellationToken cancellationToken)
    {
        List<string> unreachable = [];
        IReadOnlyList<string> reachable = await PackageSources.ReachableAsync(from, unreachable, cancellationToken);
        lines.AddRange(unreachable.Where(warned.Add));
        return reachable;
    }

    private async Task<RestoredPackages> RestoreAsync(PackageDirective[] wanted, IReadOnlyList<string> from, CancellationToken cancellationToken)
    {
        Dictionary<string, PackageDirective> all = new(requested, StringComparer.OrdinalIgnoreCase);
        foreach (PackageDirective directive in wanted)
        {
            all[directive.Name] = directive;
        }

        try
        {
            RestoredPackages restored = await restorer.RestoreAsync([.. all.Values], from, cancellationToken);
            foreach (PackageDirective directive in wanted)
            {
                requested[directive.Name] = directive;
            }

            return restored;
        }
        catch (RestoreException exception)
        {
            PackageDirective culprit = wanted.FirstOrDefault(w => exception.Message.Contains(w.Name, StringComparison.OrdinalIgnoreCase)) ?? wanted[0];
            throw new CellFailedException(new CellError("PackageError", exception.Message, [], culprit.Line));
        }
    }

    private PackageDirective[] Locked(PackageDirective[] asked)
    {
        if (held!.Unlocked(asked).FirstOrDefault() is { } drift)
        {
            string message = $"{drift}. Run the notebook with --lock to renew its lock.";
            throw new CellFailedException(new CellError("LockError", message, [], asked[0].Line));
        }

        return [.. asked.Where(a => HostPackages.VersionOf(a.Name) is null)];
    }

    /// <summary>Of what a lock holds, the part that the packages asked for bring.</summary>
    private static RestoredPackages WhatIsReachable(RestoredPackages all, PackageDirective[] wanted)
    {
        Dictionary<string, RestoredPackage> byName = all.Packages.ToDictionary(p => p.Name, StringComparer.OrdinalIgnoreCase);
        Stack<string> pending = new(wanted.Select(w => w.Name));
        HashSet<string> seen = new(StringComparer.OrdinalIgnoreCase);
        while (pending.TryPop(out string? name))
        {
            if (seen.Add(name) && byName.TryGetValue(name, out RestoredPackage? package))
            {
                package.Dependencies.Keys.ToList().ForEach(pending.Push);
            }
        }

        return all with { Packages = [.. all.Packages.Where(p => seen.Contains(p.Name))] };
    }

    /// <summary>Makes the packages known. What is loaded already stays: an assembly of one name can be loaded once a process.</summary>
    private void Install(
        PackageDirective[] asked, PackageDirective[] wanted, RestoredPackages restored, List<string> assemblies, List<AddedPackage> added, List<string> lines)
    {
        foreach (PackageDirective directive in wanted)
        {
            RestoredPackage package = restored.Packages.First(p => string.Equals(p.Name, directive.Name, StringComparison.OrdinalIgnoreCase));
            string note = directive.Version.Length == 0 && package.Version.Contains('-', StringComparison.Ordinal) ? " (no stable version can be had)"
                : PackageVersions.IsExact(directive.Version) && !PackageVersions.AreSame(directive.Version, package.Version) ? $" ({directive.Version} cannot be had)"
                : "";
            lines.Add($"Installed {package.Name} {package.Version}{note}");
        }

        foreach (RestoredPackage package in restored.Packages)
        {
            if (!installed.TryGetValue(package.Name, out RestoredPackage? before))
            {
                installed.Add(package.Name, package);
                added.Add(new AddedPackage(package.Name, package.Version, package.Folder));
                package.RuntimeAssemblies.ToList().ForEach(path => SubmissionAssemblies.Register(path));
                assemblies.AddRange(package.CompileAssemblies);
            }
            else if (!PackageVersions.AreSame(before.Version, package.Version))
            {
                bool isAsked = asked.Any(a => string.Equals(a.Name, package.Name, StringComparison.OrdinalIgnoreCase));
                lines.Remove($"Installed {package.Name} {package.Version}");
                string newcomer = isAsked ? package.Version : $"{package.Version}, which another package wants,";
                lines.Add($"{package.Name} {before.Version} is loaded already and stays in force: {newcomer} needs a restart of the kernel.");
            }
        }
    }
}
