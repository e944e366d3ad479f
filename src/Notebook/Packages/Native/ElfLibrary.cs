using System.IO.MemoryMappedFiles;
using System.Text;

namespace ArKernel.Notebooks.Packages.Native;

/// <summary>A version that a library needs of another one.</summary>
/// <param name="Library">The other one's name.</param>
/// <param name="Version">The version, such as <c>GLIBC_2.34</c>.</param>
internal sealed record VersionNeed(string Library, string Version);

/// <summary>What the dynamic loader reads of a 64-bit little-endian ELF library: whom it needs, in which versions, and which versions it has.</summary>
internal sealed class ElfLibrary
{
    private const int DynamicSegment = 2, LoadSegment = 1;
    private const ushort Weak = 0x2;

    private ElfLibrary(ushort machine) => Machine = machine;

    /// <summary>The processor: 62 is x86-64, 183 is ARM64.</summary>
    public ushort Machine { get; }

    /// <summary>The libraries it needs.</summary>
    public List<string> Needed { get; } = [];

    /// <summary>The versions it needs of them, without those it can do without.</summary>
    public List<VersionNeed> VersionNeeds { get; } = [];

    /// <summary>The versions it has itself; empty for a library without versions.</summary>
    public List<string> Versions { get; } = [];

    /// <summary>The folders it wants its needs looked for in, with <c>$ORIGIN</c> for its own.</summary>
    public string RunPath { get; private set; } = "";

    /// <summary>Reads a file; null when it is no such library.</summary>
    public static ElfLibrary? TryRead(string path)
    {
        try
        {
            FileInfo file = new(File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path);
            if (file.Length < 64)
            {
                return null;
            }

            // Mapped: of libraries of half a gigabyte only a few pages are looked at.
            using MemoryMappedFile map = MemoryMappedFile.CreateFromFile(file.FullName, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
            using MemoryMappedViewAccessor view = map.CreateViewAccessor(0, file.Length, MemoryMappedFileAccess.Read);
            return view.ReadUInt32(0) == 0x464c457f && view.ReadUInt16(4) == 0x0102 ? Read(view) : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or OverflowException)
        {
            return null; // cut short or damaged: the loader will say so
        }
    }

    private static ElfLibrary Read(MemoryMappedViewAccessor view)
    {
        ElfLibrary library = new(view.ReadUInt16(18));
        (List<(long Address, long Offset, long Size)> loaded, long dynamic, long dynamicEnd) = ReadSegments(view);
        Dictionary<long, long> entries = [];
        List<long> needed = [];
        for (long at = dynamic; at < dynamicEnd; at += 16)
        {
            (long tag, long value) = (view.ReadInt64(at), view.ReadInt64(at + 8));
            if (tag == 0)
            {
                break;
            }

            if (tag == 1)
            {
                needed.Add(value);
            }
            else
            {
                entries[tag] = value;
            }
        }

        if (!entries.TryGetValue(5, out long strings))
        {
            return library;
        }

        strings = OffsetOf(strings, loaded);
        library.Needed.AddRange(needed.Select(n => TextAt(view, strings + n)));
        library.RunPath = entries.TryGetValue(29, out long path) || entries.TryGetValue(15, out path) ? TextAt(view, strings + path) : "";
        if (entries.TryGetValue(0x6ffffffe, out long needs))
        {
            library.ReadNeeds(view, OffsetOf(needs, loaded), entries.GetValueOrDefault(0x6fffffff), strings);
        }

        if (entries.TryGetValue(0x6ffffffc, out long definitions))
        {
            library.ReadDefinitions(view, OffsetOf(definitions, loaded), entries.GetValueOrDefault(0x6ffffffd), strings);
        }

        return library;
    }

    private static (List<(long Address, long Offset, long Size)> Loaded, long Dynamic, long DynamicEnd) ReadSegments(MemoryMappedViewAccessor view)
    {
        List<(long Address, long Offset, long Size)> loaded = [];
        (long dynamic, long dynamicEnd) = (0, 0);
        long segments = view.ReadInt64(32);
        (int size, int count) = (view.ReadUInt16(54), view.ReadUInt16(56));
        for (int i = 0; i < count; i++)
        {
            long at = segments + (long)i * size;
            uint type = view.ReadUInt32(at);
            (long offset, long address, long length) = (view.ReadInt64(at + 8), view.ReadInt64(at + 16), view.ReadInt64(at + 32));
            if (type == LoadSegment)
            {
                loaded.Add((address, offset, length));
            }
            else if (type == DynamicSegment)
            {
                (dynamic, dynamicEnd) = (offset, offset + length);
            }
        }

        return (loaded, dynamic, dynamicEnd);
    }

    private static long OffsetOf(long address, List<(long Address, long Offset, long Size)> loaded)
    {
        foreach ((long start, long offset, long size) in loaded)
        {
            if (address >= start && address < start + size)
            {
                return address - start + offset;
            }
        }

        throw new IOException("An address lies in no segment of the file.");
    }

    private static string TextAt(MemoryMappedViewAccessor view, long at)
    {
        StringBuilder text = new();
        for (byte next; (next = view.ReadByte(at)) != 0; at++)
        {
            text.Append((char)next);
        }

        return text.ToString();
    }

    private void ReadNeeds(MemoryMappedViewAccessor view, long at, long count, long strings)
    {
        for (; count > 0; count--)
        {
            string library = TextAt(view, strings + view.ReadUInt32(at + 4));
            long entry = at + view.ReadUInt32(at + 8);
            for (int left = view.ReadUInt16(at + 2); left > 0; left--)
            {
                if ((view.ReadUInt16(entry + 4) & Weak) == 0)
                {
                    VersionNeeds.Add(new VersionNeed(library, TextAt(view, strings + view.ReadUInt32(entry + 8))));
                }

                entry += view.ReadUInt32(entry + 12);
            }

            at += view.ReadUInt32(at + 12);
        }
    }

    private void ReadDefinitions(MemoryMappedViewAccessor view, long at, long count, long strings)
    {
        for (; count > 0; count--)
        {
            Versions.Add(TextAt(view, strings + view.ReadUInt32(at + view.ReadUInt32(at + 12))));
            at += view.ReadUInt32(at + 16);
        }
    }
}
