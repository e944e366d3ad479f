namespace Microsoft.DotNet.Interactive;

/// <summary>What a package brings to notebooks: a public type of an assembly in its folder <c>interactive-extensions/dotnet</c>.</summary>
public interface IKernelExtension
{
    /// <summary>Called once when the package is referenced, before the code of the cell that does so.</summary>
    /// <param name="kernel">The root of the kernels.</param>
    /// <returns>A task that ends when the extension is ready.</returns>
    Task OnLoadAsync(Kernel kernel);
}
