using System.Reflection;
using System.Runtime.Loader;
using ArKernel.Notebooks.Documents;
using ArKernel.Notebooks.Engine;
using ArKernel.Notebooks.Packages;
using Microsoft.DotNet.Interactive;

namespace ArKernel.Compatibility;

/// <summary>
/// Loads what a package brings to notebooks in its folder <c>interactive-extensions/dotnet</c>: assemblies with
/// <see cref="IKernelExtension"/>s, then the script <c>extension.dib</c>. Whatever goes wrong there is one line and never fails the cell.
/// </summary>
public static class PackageExtensions
{
    /// <summary>Loads the extensions of a package; a host sets <see cref="EngineOptions.PackageAdded"/> to this.</summary>
    /// <param name="package">The package.</param>
    /// <param name="cell">The cell that asks for it.</param>
    /// <returns>A task that ends when they are loaded.</returns>
    public static async Task LoadAsync(AddedPackage package, CellContext cell)
    {
        ArgumentNullException.ThrowIfNull(package);
        ArgumentNullException.ThrowIfNull(cell);
        string folder = Path.Combine(package.Folder, "interactive-extensions", "dotnet");
        if (!Directory.Exists(folder))
        {
            return;
        }

        foreach (string path in Directory.EnumerateFiles(folder, "*.dll").Order(StringComparer.Ordinal))
        {
            await GuardAsync(path, package, cell, () => LoadAssemblyAsync(path, cell));
        }

        string script = Path.Combine(folder, "extension.dib");
        if (File.Exists(script))
        {
            await GuardAsync(script, package, cell, () => RunScriptAsync(script, package, cell));
        }
    }

    private static async Task GuardAsync(string path, AddedPackage package, CellContext cell, Func<Task<string?>> load)
    {
        string what = $"the extension {Path.GetFileName(path)} of {package.Name} {package.Version}";
        try
        {
            string line = await load() is { } reason ? $"Skipped {what}: {reason}" : $"Loaded {what}";
            cell.DisplayRendered(new Dictionary<string, string>(StringComparer.Ordinal) { ["text/plain"] = line });
        }
        catch (Exception exception) when (!cell.CancellationToken.IsCancellationRequested)
        {
            Exception cause = exception is TargetInvocationException { InnerException: { } inner } ? inner : exception;
            cell.Write("stderr", $"Failed: {what}: {cause.GetType().Name}: {cause.Message.ReplaceLineEndings(" ")}\n");
        }
    }

    private static async Task<string?> LoadAssemblyAsync(string path, CellContext cell)
    {
        // Loading runs no code of the assembly yet, so the check comes in time.
        Assembly assembly = AssemblyLoadContext.Default.LoadFromAssemblyPath(path);
        if (InteractiveNames.FindMissing(assembly, path) is { } missing)
        {
            return missing;
        }

        foreach (Type type in assembly.GetExportedTypes().Where(t => t is { IsAbstract: false, ContainsGenericParameters: false } && t.IsAssignableTo(typeof(IKernelExtension))))
        {
            await ((IKernelExtension)Activator.CreateInstance(type)!).OnLoadAsync(new CompositeKernel(cell.Engine));
        }

        return null;
    }

    private static async Task<string?> RunScriptAsync(string path, AddedPackage package, CellContext cell)
    {
        foreach (NotebookCell part in NotebookFile.Load(path).Cells.Where(c => c.Kind == CellKind.Code))
        {
            if (await cell.Engine.RunAsync(new CellSubmission(part.Language, part.Source, $"extension.dib of {package.Name}"), cell) is { } error)
            {
                throw new InvalidOperationException(error.Message);
            }
        }

        return null;
    }
}
