using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace ArKernel.Compatibility;

/// <summary>Checks that everything an assembly uses of .NET Interactive exists here, before any of its code runs.</summary>
internal static class InteractiveNames
{
    private const string Prefix = "Microsoft.DotNet.Interactive";

    /// <summary>What is missing, in words; null when nothing is.</summary>
    public static string? FindMissing(Assembly assembly, string path)
    {
        using PEReader file = new(File.OpenRead(path));
        MetadataReader metadata = file.GetMetadataReader();
        Module module = assembly.ManifestModule;
        return metadata.TypeReferences.Where(t => IsInteractive(t, metadata)).Select(t => FindMissing(t, metadata, module))
            .Concat(metadata.MemberReferences.Where(m => IsInteractive(metadata.GetMemberReference(m).Parent, metadata)).Select(m => FindMissing(m, metadata, module)))
            .FirstOrDefault(missing => missing is not null);
    }

    private static bool IsInteractive(EntityHandle type, MetadataReader metadata)
    {
        if (type.Kind != HandleKind.TypeReference)
        {
            return false;
        }

        EntityHandle scope = metadata.GetTypeReference((TypeReferenceHandle)type).ResolutionScope;
        return scope.Kind == HandleKind.TypeReference
            ? IsInteractive(scope, metadata)
            : scope.Kind == HandleKind.AssemblyReference
                && metadata.GetString(metadata.GetAssemblyReference((AssemblyReferenceHandle)scope).Name).StartsWith(Prefix, StringComparison.Ordinal);
    }

    private static string? FindMissing(TypeReferenceHandle type, MetadataReader metadata, Module module)
    {
        try
        {
            module.ResolveType(MetadataTokens.GetToken(type));
            return null;
        }
        catch (Exception exception) when (exception is TypeLoadException or IOException or BadImageFormatException)
        {
            return $"it needs the type {NameOf(type, metadata)}, which is not here.";
        }
    }

    private static string? FindMissing(MemberReferenceHandle member, MetadataReader metadata, Module module)
    {
        try
        {
            module.ResolveMember(MetadataTokens.GetToken(member));
            return null;
        }
        catch (Exception exception) when (exception is MissingMemberException or TypeLoadException or IOException or BadImageFormatException)
        {
            MemberReference reference = metadata.GetMemberReference(member);
            return $"it needs {NameOf((TypeReferenceHandle)reference.Parent, metadata)}.{metadata.GetString(reference.Name)}, which is not here.";
        }
    }

    private static string NameOf(TypeReferenceHandle type, MetadataReader metadata)
    {
        TypeReference reference = metadata.GetTypeReference(type);
        string space = metadata.GetString(reference.Namespace);
        return space.Length == 0 ? metadata.GetString(reference.Name) : $"{space}.{metadata.GetString(reference.Name)}";
    }
}
