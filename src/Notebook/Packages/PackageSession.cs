using ArKernel.Notebooks.Engine;
using ArKernel.Notebooks.Languages;
using ArKernel.Notebooks.Packages.Projects;

namespace ArKernel.Notebooks.Packages;

/// <summary>What <c>#r</c> and <c>#i</c> lines have brought in so far.</summary>
internal sealed class PackageSession(string cacheFolder)
{
    private readonly PackageRestorer restorer = new(cacheFolder);
    private readonly ProjectSession projects = new(cacheFolder);
    private readonly List<PackageDirective> requested = [];
    private readonly List<string> sources = [];
    private readonly Dictionary<string, string> versions = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Carries out the directives of one cell together, and says what it did in one display.</summary>
    /// <returns>The assembly files that code may now refer to.</returns>
    /// <exception cref="CellFailedException">Something cannot be had; nothing has changed then.</exception>
    public async Task<IReadOnlyList<string>> ResolveAsync(IReadOnlyList<Directive> directives, CellContext context)
    {
        List<string> assemblies = [.. directives.OfType<AssemblyDirective>().Select(FindAssembly).OfType<string>()];
        PackageDirective[] asked = [.. directives.OfType<PackageDirective>()];
        if (asked.Length > 0)
        {
            assemblies.AddRange(await ResolvePackagesAsync(asked, [.. sources, .. directives.OfType<SourceDirective>().Select(s => s.Source)], context));
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

        return assemblies;
    }

    private static string? FindAssembly(AssemblyDirective directive)
    {
        if (AssemblyReferences.IsOfHost(Path.GetFileNameWithoutExtension(directive.Path)) || AssemblyReferences.IsOfHost(directive.Path))
        {
            return null; // the host's own assembly of that name is visible already
        }

        return File.Exists(directive.Path)
            ? directive.Path
            : throw new CellFailedException(new CellError(
                "ReferenceError", $"#r: the assembly '{directive.Path}' does not exist (line {directive.Line}).", [], directive.Line));
    }

    private async Task<IReadOnlyList<string>> ResolvePackagesAsync(PackageDirective[] asked, IReadOnlyList<string> from, CellContext context)
    {
        DisplayedValue display = context.DisplayRendered(Rendering.Text(string.Join('\n', asked.Select(a => $"Restoring {a.Name} {a.Version}".TrimEnd() + " …"))));
        List<string> lines = [];
        PackageDirective[] wanted = [.. asked.Where(a => !HostPackages.Has(a, lines))];
        RestoredPackages restored = RestoredPackages.None;
        if (wanted.Length > 0)
        {
            PackageDirective[] all = [.. requested.Where(r => !wanted.Any(w => IsSame(w, r))), .. wanted];
            try
            {
                restored = await restorer.RestoreAsync(all, from, context.CancellationToken);
            }
            catch (RestoreException exception)
            {
                PackageDirective culprit = wanted.FirstOrDefault(w => exception.Message.Contains(w.Name, StringComparison.OrdinalIgnoreCase)) ?? wanted[0];
                display.UpdateRendered(Rendering.Text(string.Join('\n', asked.Select(a => $"Not installed: {a.Name} {a.Version}".TrimEnd()))));
                throw new CellFailedException(new CellError("PackageError", exception.Message, exception.Message.Split('\n'), culprit.Line));
            }

            requested.Clear();
            requested.AddRange(all);
        }

        Describe(wanted, restored, lines);
        display.UpdateRendered(Rendering.Text(string.Join('\n', lines)));
        NativeLibraries.AddFolder(restored.NativeFolder);
        return [.. restored.Packages.SelectMany(Register).Distinct(StringComparer.Ordinal)];
    }

    private static bool IsSame(PackageDirective a, PackageDirective b) => string.Equals(a.Name, b.Name, StringComparison.OrdinalIgnoreCase);

    /// <summary>The files to compile against; those to load are registered.</summary>
    private static IEnumerable<string> Register(RestoredPackage package)
    {
        foreach (string path in package.RuntimeAssemblies)
        {
            SubmissionAssemblies.Register(path);
        }

        return package.CompileAssemblies;
    }

    private void Describe(PackageDirective[] wanted, RestoredPackages restored, List<string> lines)
    {
        foreach (PackageDirective directive in wanted)
        {
            RestoredPackage package = restored.Packages.First(p => string.Equals(p.Name, directive.Name, StringComparison.OrdinalIgnoreCase));
            string note = PackageVersions.IsExact(directive.Version) && !PackageVersions.AreSame(directive.Version, package.Version)
                ? $" ({directive.Version} was asked for)"
                : "";
            lines.Add($"Installed {package.Name} {package.Version}{note}");
        }

        foreach (RestoredPackage package in restored.Packages)
        {
            if (versions.TryGetValue(package.Name, out string? before) && !PackageVersions.AreSame(before, package.Version))
            {
                lines.Add($"{package.Name} {before} is loaded already and stays in force until a restart; the notebook now asks for {package.Version}.");
                continue;
            }

            versions[package.Name] = package.Version;
        }

        lines.AddRange(restored.Packages.SelectMany(HostPackages.Shortfalls).Distinct(StringComparer.Ordinal));
    }
}
