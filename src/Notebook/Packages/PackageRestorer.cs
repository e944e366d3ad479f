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

    /// <summary>Restores a set of packages.</summary>
    /// <param name="packages">The packages.</param>
    /// <param name="sources">Sources besides those of the user's NuGet configuration.</param>
    /// <param name="cancellationToken">Ends the restore.</param>
    /// <exception cref="RestoreException">NuGet cannot; the message is NuGet's.</exception>
    public async Task<RestoredPackages> RestoreAsync(IReadOnlyList<PackageDirective> packages, IReadOnlyList<string> sources, CancellationToken cancellationToken)
    {
        string project = ProjectText(packages, sources);
        string hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(project)))[..24];
        string folder = Path.Combine(cacheFolder, "packages", hash);
        string assets = Path.Combine(folder, "obj", "project.assets.json");
        bool floating = packages.Any(p => !PackageVersions.IsExact(p.Version));
        if (File.Exists(assets) && (!floating || DateTime.UtcNow - File.GetLastWriteTimeUtc(assets) < FloatingLifetime)
            && AssetsFile.Read(assets, Path.Combine(folder, "native")) is { } cached)
        {
            return cached;
        }

        await WriteProjectAsync(folder, project, cancellationToken);
        string output = await RunAsync(folder, cancellationToken);
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

    private static string PortableRuntimeIdentifier
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

    private static async Task<string> RunAsync(string folder, CancellationToken cancellationToken)
    {
        string dotnet = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } host && File.Exists(host) ? host : "dotnet";
        ProcessStartInfo start = new(dotnet, ["restore", "notebook.csproj", "-nologo", "-v:quiet", "-nodeReuse:false", "-tl:off"])
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
        return process.ExitCode == 0 ? text : throw new RestoreException(ErrorsOf(text));
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

    [GeneratedRegex(@"error (?<code>[A-Z]+\d+)\s*: (?<text>.*?)(\s\[[^\[\]]*notebook\.csproj\])?\r?(\n(?!.*: (error|warning) )(?=\s+-)|$)", RegexOptions.ExplicitCapture | RegexOptions.Multiline, matchTimeoutMilliseconds: 2000)]
    private static partial Regex ErrorLine();
}

/// <summary>Packages cannot be restored.</summary>
/// <param name="message">NuGet's message.</param>
internal sealed class RestoreException(string message) : Exception(message);
