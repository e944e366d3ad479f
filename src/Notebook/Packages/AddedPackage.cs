namespace ArKernel.Notebooks.Packages;

/// <summary>A package that the notebook did not have before, named by a <c>#r</c> line or come in with one that was.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Version">Its version.</param>
/// <param name="Folder">The folder with its files.</param>
public sealed record AddedPackage(string Name, string Version, string Folder);
