using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace ArKernel.Notebooks.Packages;

/// <summary>
/// Restores packages with <c>dotnet restore</c> on a generated project: sources, credentials and version rules are then exactly those of
/// every other .NET project. Results are kept by the hash of what was asked for.
/// </summary>
internal sealed partial class PackageRestorer(string cacheFolder)
{
    // "The newest version" is asked for again after this time.
    private static readonly TimeSpan FloatingLifetime = TimeSpan.FromDays(1);

    /// <summary>Restores a set of packages. A version that no source has, nor a higher one, falls to the nearest that can be had.</summary>
    /// <param name="packages">The packages.</param>
    /// <param name="sources">Sources besides those of the user's NuGet configuration.</param>
    /// <param name="cancellationToken">Ends the restore.</param>
    /// <exception cref="RestoreException">NuGet cannot; the message is NuGet's.</exception>
    public async Task<RestoredPackages> RestoreAsync(IReadOnlyList<PackageDirective> packages, IReadOnlyList<string> sources, CancellationToken cancellationToken)
    {
        HashSet<string> replaced = new(StringComparer.OrdinalIgnoreCase);
        while (true)
        {
            try
            {
                return await RestoreExactlyAsync(packages, sources, cancellationToken);
            }
            catch (RestoreException exception) when (exception.Nearest.Any(n => !replaced.Contains(n.Key) && packages.Any(p => MayFall(p, n.Key))))
            {
                packages = [.. packages.Select(p => MayFall(p, p.Name) && replaced.Add(p.Name) && exception.Nearest.TryGetValue(p.Name, out string? version) ? p with { Version = version } : p)];
            }
        }
    }

    /// <summary>One version or the newest one may be replaced; a range is meant as it is.</summary>
    private static bool MayFall(PackageDirective package, string name) =>
        string.Equals(package.Name, name, StringComparison.OrdinalIgnoreCase) && (package.Version.Length == 0 || PackageVersions.IsExact(package.Version));

    private async Task<RestoredPackages> RestoreExactlyAsync(IReadOnlyList<PackageDirective> packages, IReadOnlyList<string> sources, CancellationToken cancellationToken)
    {
        string project = ProjectText(packages, sources);
        string hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(project)))[..24];
        string folder = Path.Combine(cacheFolder, "packages", hash);
        string assets = Path.Combine(folder, "obj", "project.assets.json");
        bool floating = packages.Any(p => !PackageVersions.IsExact(p.Version));
        if (File.Exists(assets) && (!floating || DateTime.UtcNow - File.GetLastWriteTimeUtc(assets) < FloatingLifetime)
            && AssetsFile.Read(assets, Path.Combine(folder, "native")) is { } cached && packages.All(cached.Has)) // a restore that failed leaves the file, too
        {
            return cached;
        }

        await WriteProjectAsync(folder, project, cancellationToken);
        string output = await RunAsync(folder, ["restore", "notebook.csproj", "-nologo", "-v:quiet", "-nodeReuse:false", "-tl:off"], cancellationToken);
        return AssetsFile.Read(assets, Path.Combine(folder, "native"))
            ?? throw new RestoreException($"The restore has left no usable result.\n{output}");
    }

    private static string ProjectText(IReadOnlyList<PackageDirective> packages, IReadOnlyList<string> sources)
    {
        StringBuilder text = new();
        text.AppendLine("<Project Sdk=\"Microsoft.NET.Sdk\">")
            .AppendLine("  <PropertyGroup>")
            .AppendLine($"    <TargetFramework>net{Environment.Version.Major}.{Environment.Version.Minor}</TargetFramework>")
            .AppendLine($"    <RuntimeIdentifier>{PortableRuntimeIdentifier}</RuntimeIdentifier>")
            .AppendLine("    <SelfContained>false</SelfContained><UseAppHost>false</UseAppHost><NuGetAudit>false</NuGetAudit>")
            .AppendLine("    <RestoreIgnoreFailedSources>true</RestoreIgnoreFailedSources>")
            // NuGet looks for its configuration from where the notebook runs, not from this folder.
            .AppendLine($"    <RestoreRootConfigDirectory>{SecurityElement.Escape(Environment.CurrentDirectory)}</RestoreRootConfigDirectory>")
            .AppendLine($"    <RestoreAdditionalProjectSources>{SecurityElement.Escape(string.Join(';', sources.Distinct(StringComparer.Ordinal)))}</RestoreAdditionalProjectSources>")
            .AppendLine("  </PropertyGroup>")
            .AppendLine("  <ItemGroup>");
        foreach (PackageDirective package in packages)
        {
            string version = package.Version.Length == 0 ? "*" : package.Version;
            text.AppendLine($"    <PackageReference Include=\"{SecurityElement.Escape(package.Name)}\" Version=\"{SecurityElement.Escape(version)}\" />");
        }

        return text.AppendLine("  </ItemGroup>").AppendLine("</Project>").ToString();
    }

    /// <summary>The platform in NuGet's terms, without the distribution.</summary>
    public static string PortableRuntimeIdentifier
    {
        get
        {
            string system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx"
                : RuntimeInformation.RuntimeIdentifier.Contains("musl", StringComparison.Ordinal) ? "linux-musl" : "linux";
            return $"{system}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";
        }
    }

    private static async Task WriteProjectAsync(string folder, string project, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(Path.Combine(folder, "notebook.csproj"), project, cancellationToken);
        foreach (string file in (string[])["Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props"])
        {
            // So that files of these names further up do not reach in.
            await File.WriteAllTextAsync(Path.Combine(folder, file), "<Project />", cancellationToken);
        }
    }

    /// <summary>The version of the SDK that restores.</summary>
    public static async Task<string> SdkVersionAsync(CancellationToken cancellationToken) => (await RunAsync(Environment.CurrentDirectory, ["--version"], cancellationToken)).Trim();

    private static async Task<string> RunAsync(string folder, string[] arguments, CancellationToken cancellationToken)
    {
        string dotnet = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } host && File.Exists(host) ? host : "dotnet";
        ProcessStartInfo start = new(dotnet, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
        };
        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";
        start.Environment["DOTNET_NOLOGO"] = "1";
        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en";
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        using Process process = Start(start);
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync(cancellationToken), error = process.StandardError.ReadToEndAsync(cancellationToken);
        try
        {
            await process.WaitForExitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        string text = await output + await error;
        return process.ExitCode == 0 ? text : throw new RestoreException(ErrorsOf(text)) { Nearest = NearestIn(text) };
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            throw new RestoreException("#r \"nuget: …\" needs the .NET SDK: the command 'dotnet' was not found on the path.");
        }
    }

    /// <summary>NuGet's own messages, without the paths of our throw-away project.</summary>
    private static string ErrorsOf(string output)
    {
        string[] errors = [.. ErrorLine().Matches(output).Select(m => $"{m.Groups["code"].Value}: {m.Groups["text"].Value.Trim()}").Distinct(StringComparer.Ordinal)];
        return errors.Length > 0 ? string.Join('\n', errors) : output.Trim();
    }

    /// <summary>Of packages that exist in other versions than the one asked for, the highest of those NuGet calls nearest.</summary>
    private static Dictionary<string, string> NearestIn(string output)
    {
        Dictionary<string, string> found = new(StringComparer.OrdinalIgnoreCase);
        string name = "";
        foreach (string line in output.Split('\n'))
        {
            if (MissingVersion().Match(line) is { Success: true } missing)
            {
                name = missing.Groups["name"].Value;
            }
            else if (NearestVersion().Match(line) is { Success: true } nearest && name.Length > 0)
            {
                string version = nearest.Groups["version"].Value;
                if (!found.TryGetValue(name, out string? other) || PackageVersions.Compare(version, other) > 0)
                {
                    found[name] = version;
                }
            }
        }

        return found;
    }

    [GeneratedRegex(@"error NU110\d\s*: Unable to find (a stable )?package (?<name>\S+) with version", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex MissingVersion();

    [GeneratedRegex(@"error NU110\d\s*:\s+- .*\[ Nearest version: (?<version>\S+) \]", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NearestVersion();

    [GeneratedRegex(@"error (?<code>[A-Z]+\d+)\s*: (?<text>.*?)(\s\[[^\[\]]*notebook\.csproj\])?\r?(\n(?!.*: (error|warning) )(?=\s+-)|$)", RegexOptions.ExplicitCapture | RegexOptions.Multiline, matchTimeoutMilliseconds: 2000)]
    private static partial Regex ErrorLine();
}

/// <summary>Packages cannot be restored.</summary>
/// <param name="message">NuGet's message.</param>
internal sealed class RestoreException(string message) : Exception(message)
{
    /// <summary>Packages that cannot be had as asked for, with a version each that can.</summary>
    public IReadOnlyDictionary<string, string> Nearest { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
}
