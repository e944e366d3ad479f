using Microsoft.CodeAnalysis;

namespace ArKernel.Notebooks.Languages;

/// <summary>
/// A reference whose content can change between compilations. A submission inherits the references of those before it and cannot give one up,
/// but each compilation reads them anew: so the reference stays, and what it says is what is in force now. What was compiled before keeps
/// what it saw.
/// </summary>
internal sealed class ReplaceableReference(AssemblyMetadata metadata, string? path)
    : PortableExecutableReference(MetadataReferenceProperties.Assembly, path)
{
    private AssemblyMetadata metadata = metadata;

    /// <summary>From now on the reference is to another assembly, or to another view of it.</summary>
    public void Replace(AssemblyMetadata next) => metadata = next;

    protected override Metadata GetMetadataImpl() => metadata;

    protected override DocumentationProvider CreateDocumentationProvider() => FilePath is null ? DocumentationProvider.Default : DocumentationFiles.Of(FilePath);

    protected override PortableExecutableReference WithPropertiesImpl(MetadataReferenceProperties properties) =>
        throw new NotSupportedException("A replaceable reference has one set of properties: a copy would not be replaced with it.");
}
