using System.Collections.Immutable;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace ArKernel.Notebooks.Languages.CSharp;

/// <summary>
/// Changes what other assemblies may see of a compiled one, in its image. To their author the cells are one program, but each is an assembly
/// of its own: so what is internal is made public, except for what the compiler itself made up.
/// </summary>
internal static class AssemblyVisibility
{
    // Offsets of the flags in rows of the metadata tables, ECMA-335 II.22.
    private const int TypeFlags = 0, FieldFlags = 0, MethodFlags = 6;
    private const int AccessMask = 7; // of types, fields and methods alike

    /// <summary>Makes what is internal public.</summary>
    public static void Expose(byte[] image)
    {
        using PEReader reader = new(ImmutableArray.Create(image));
        MetadataReader metadata = reader.GetMetadataReader();
        int start = reader.PEHeaders.MetadataStartOffset;
        foreach (TypeDefinitionHandle handle in metadata.TypeDefinitions)
        {
            TypeDefinition type = metadata.GetTypeDefinition(handle);
            if (IsMadeByCompiler(metadata, type))
            {
                continue;
            }

            TypeAttributes access = type.Attributes & TypeAttributes.VisibilityMask;
            if (access is TypeAttributes.NotPublic or TypeAttributes.NestedAssembly)
            {
                TypeAttributes wanted = access is TypeAttributes.NotPublic ? TypeAttributes.Public : TypeAttributes.NestedPublic;
                SetAccess(TableIndex.TypeDef, MetadataTokens.GetRowNumber(handle), TypeFlags, (byte)wanted);
            }

            foreach (FieldDefinitionHandle field in type.GetFields())
            {
                if ((metadata.GetFieldDefinition(field).Attributes & FieldAttributes.FieldAccessMask) == FieldAttributes.Assembly)
                {
                    SetAccess(TableIndex.Field, MetadataTokens.GetRowNumber(field), FieldFlags, (byte)FieldAttributes.Public);
                }
            }

            foreach (MethodDefinitionHandle method in type.GetMethods())
            {
                if ((metadata.GetMethodDefinition(method).Attributes & MethodAttributes.MemberAccessMask) == MethodAttributes.Assembly)
                {
                    SetAccess(TableIndex.MethodDef, MetadataTokens.GetRowNumber(method), MethodFlags, (byte)MethodAttributes.Public);
                }
            }
        }

        void SetAccess(TableIndex table, int row, int flags, byte access)
        {
            int place = start + metadata.GetTableMetadataOffset(table) + (row - 1) * metadata.GetTableRowSize(table) + flags;
            image[place] = (byte)((image[place] & ~AccessMask) | access);
        }
    }

    /// <summary>Names that cannot be written in C#, and the attributes that the compiler puts into every assembly which needs them.</summary>
    private static bool IsMadeByCompiler(MetadataReader metadata, TypeDefinition type)
    {
        TypeDefinition outermost = type;
        while (outermost.IsNested)
        {
            outermost = metadata.GetTypeDefinition(outermost.GetDeclaringType());
        }

        string space = metadata.GetString(outermost.Namespace);
        return metadata.GetString(outermost.Name).StartsWith('<') || metadata.GetString(type.Name).StartsWith('<')
            || space is "Microsoft.CodeAnalysis" or "System.Runtime.CompilerServices";
    }
}
