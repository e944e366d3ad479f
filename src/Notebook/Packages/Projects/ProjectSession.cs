using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using ArKernel.Notebooks.Engine;
using ArKernel.Notebooks.Packages.Native;
using ArKernel.Notebooks.Languages;

namespace ArKernel.Notebooks.Packages.Projects;

/// <summary>
/// Builds what <c>#r "project: …"</c> names, with the project's own build, into a folder of this process, so that neither the project's files
/// nor their copies are ever locked. Asked for again, it builds again, and loads the outcome if that has changed.
/// </summary>
internal sealed partial class ProjectSession(string cacheFolder)
{
    private readonly Dictionary<string, (string Hash, IReadOnlyList<string> Assemblies)> built = new(StringComparer.Ordinal);
    private readonly string folder = Path.Combine(cacheFolder, "projects", Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
    private int count;

    /// <summary>Builds a project.</summary>
    /// <returns>The assembly files that code may now refer to.</returns>
    /// <exception cref="CellFailedException">The project is missing or does not build.</exception>
    public async Task<IReadOnlyList<string>> BuildAsync(ProjectDirective directive, CellContext context)
    {
        string name = Path.GetFileNameWithoutExtension(directive.Path);
        if (!File.Exists(directive.Path))
        {
            throw Failure(directive, $"#r: the project '{directive.Path}' does not exist (line {directive.Line}).", []);
        }

        DisplayedValue display = context.DisplayRendered(Rendering.Text($"Building {name} …"));
        RemoveLeftovers();
        string output = Path.Combine(folder, (++count).ToString(CultureInfo.InvariantCulture));
        string[] errors = await PublishAsync(directive, output, context.CancellationToken);
        if (errors.Length > 0)
        {
            display.UpdateRendered(Rendering.Text($"Not built: {name}"));
            throw Failure(directive, $"The project {name} does not build: {errors[0]}", errors);
        }

        (string[] own, string[] packages) = Assemblies(output, name);
        if (own.FirstOrDefault(p => AssemblyReferences.IsOfHost(Path.GetFileNameWithoutExtension(p))) is { } taken)
        {
            throw Failure(directive, $"#r: this program has an assembly '{Path.GetFileNameWithoutExtension(taken)}' itself, so that of the project cannot be loaded beside it: give the project another AssemblyName.", []);
        }

        string hash = Convert.ToHexString(SHA256.HashData([.. own.Order(StringComparer.Ordinal).SelectMany(p => SHA256.HashData(File.ReadAllBytes(p)))]));
        string key = directive.Path + directive.Configuration + directive.Framework;
        bool isAgain = built.TryGetValue(key, out (string Hash, IReadOnlyList<string> Assemblies) before);
        if (isAgain && string.Equals(before.Hash, hash, StringComparison.Ordinal))
        {
            Directory.Delete(output, recursive: true);
            display.UpdateRendered(Rendering.Text($"{name} has not changed."));
            return before.Assemblies;
        }

        ProjectAssemblies.Add(own);
        foreach (string package in packages)
        {
            SubmissionAssemblies.Register(package);
        }

        string natives = Path.Combine(output, "runtimes");
        foreach (string native in Directory.Exists(natives) ? Directory.GetDirectories(natives, "native", SearchOption.AllDirectories).Where(IsOfThisPlatform) : [])
        {
            NativeLibraries.AddFolder(native);
        }

        built[key] = (hash, [.. own, .. packages]);
        display.UpdateRendered(Rendering.Text(isAgain
            ? $"Built {name} anew: code from here on sees its new types; objects made before keep the old ones."
            : $"Built {name} ({directive.Configuration})."));
        return built[key].Assemblies;
    }

    private static bool IsOfThisPlatform(string native)
    {
        string platform = Path.GetFileName(Path.GetDirectoryName(native))!;
        string system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux";
        return string.Equals(platform, $"{system}-{System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}", StringComparison.Ordinal);
    }

    /// <summary>The assemblies of a build: those of projects, and those of packages which the host does not have.</summary>
    private static (string[] Own, string[] Packages) Assemblies(string output, string name)
    {
        HashSet<string> projects = new(StringComparer.OrdinalIgnoreCase);
        foreach (string file in Directory.GetFiles(output, "*.deps.json"))
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(file));
            foreach (JsonProperty library in document.RootElement.GetProperty("targets").EnumerateObject().SelectMany(t => t.Value.EnumerateObject()))
            {
                bool isProject = document.RootElement.GetProperty("libraries").GetProperty(library.Name).GetProperty("type").ValueEquals("project");
                if (isProject && library.Value.TryGetProperty("runtime", out JsonElement runtime))
                {
                    projects.UnionWith(runtime.EnumerateObject().Select(f => Path.GetFileName(f.Name)));
                }
            }
        }

        projects.Add(name + ".dll");
        string[] all = Directory.GetFiles(output, "*.dll");
        return ([.. all.Where(p => projects.Contains(Path.GetFileName(p)))],
            [.. all.Where(p => !projects.Contains(Path.GetFileName(p)) && !AssemblyReferences.IsOfHost(Path.GetFileNameWithoutExtension(p)) && IsManaged(p))]);
    }

    private static bool IsManaged(string path)
    {
        using System.Reflection.PortableExecutable.PEReader reader = new(File.OpenRead(path));
        return reader.HasMetadata;
    }

    /// <summary>Copies of processes that have ended.</summary>
    private void RemoveLeftovers()
    {
        string all = Path.GetDirectoryName(folder)!;
        if (count > 0 || !Directory.Exists(all))
        {
            return;
        }

        HashSet<string> alive = [.. Process.GetProcesses().Select(p => p.Id.ToString(CultureInfo.InvariantCulture))];
        alive.Remove(Path.GetFileName(folder)); // of an earlier process with this number
        foreach (string leftover in Directory.GetDirectories(all).Where(f => !alive.Contains(Path.GetFileName(f))))
        {
            try
            {
                Directory.Delete(leftover, recursive: true);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // Another process is at it.
            }
        }
    }

    private static async Task<string[]> PublishAsync(ProjectDirective directive, string output, CancellationToken cancellationToken)
    {
        string dotnet = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } host && File.Exists(host) ? host : "dotnet";
        ProcessStartInfo start = new(dotnet, ["publish", directive.Path, "-c", directive.Configuration, "-o", output, "-nologo", "-v:quiet", "-tl:off", "-nodeReuse:false", "-p:UseAppHost=false", "-p:NuGetAudit=false"])
        {
            WorkingDirectory = Path.GetDirectoryName(directive.Path)!,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
        };
        if (directive.Framework.Length > 0)
        {
            start.ArgumentList.Add("-f");
            start.ArgumentList.Add(directive.Framework);
        }

        (start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"], start.Environment["DOTNET_NOLOGO"], start.Environment["DOTNET_CLI_UI_LANGUAGE"]) = ("1", "1", "en");
        using Process process = Start(start, directive);
        process.StandardInput.Close();
        Task<string> text = process.StandardOutput.ReadToEndAsync(cancellationToken), error = process.StandardError.ReadToEndAsync(cancellationToken);
        try
        {
            await process.WaitForExitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        string said = await text + await error;
        string[] errors = [.. ErrorLine().Matches(said).Select(m => m.Groups["text"].Value.Trim()).Distinct(StringComparer.Ordinal)];
        return process.ExitCode == 0 ? [] : errors.Length > 0 ? errors : [said.Trim()];
    }

    private static Process Start(ProcessStartInfo start, ProjectDirective directive)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            throw Failure(directive, "#r \"project: …\" needs the .NET SDK: the command 'dotnet' was not found on the path.", []);
        }
    }

    private static CellFailedException Failure(ProjectDirective directive, string message, IReadOnlyList<string> lines) =>
        new(new CellError("ProjectError", message, lines, directive.Line));

    /// <summary>A line of MSBuild such as <c>file(1,2): error CS0103: … [project]</c>, without the project.</summary>
    [GeneratedRegex(@"^(?<text>.*\b(error)\s+[A-Z]+\d+\s*:.*?)(\s\[[^\[\]]*proj[^\[\]]*\])?\r?$", RegexOptions.ExplicitCapture | RegexOptions.Multiline, matchTimeoutMilliseconds: 2000)]
    private static partial Regex ErrorLine();
}
