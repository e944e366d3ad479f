using System;
using System.IO;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>Sets VER_FLG_WEAK on one version need of a little-endian ELF64 library, in a copy that replaces the file; idempotent.</summary>
public class WeakenVersionNeed : Task
{
    private const uint GnuVersionNeed = 0x6ffffffe; // SHT_GNU_verneed
    private const ushort Weak = 0x2; // VER_FLG_WEAK

    [Required]
    public string File { get; set; }

    [Required]
    public string Version { get; set; }

    public override bool Execute()
    {
        byte[] elf = System.IO.File.ReadAllBytes(File);
        if (elf.Length < 64 || elf[0] != 0x7f || elf[1] != 'E' || elf[2] != 'L' || elf[3] != 'F' || elf[4] != 2 || elf[5] != 1)
        {
            Log.LogError("{0} is not a little-endian ELF64 library.", File);
            return false;
        }

        int flags = FindFlags(elf);
        if (flags < 0 || (BitConverter.ToUInt16(elf, flags) & Weak) != 0)
        {
            return true;
        }

        elf[flags] |= (byte)Weak;
        string temporary = File + "." + Guid.NewGuid().ToString("N");
        DateTime stamp = System.IO.File.GetLastWriteTimeUtc(File);
        System.IO.File.WriteAllBytes(temporary, elf);
        System.IO.File.SetLastWriteTimeUtc(temporary, stamp); // so that an incremental build sees the file as up to date
        System.IO.File.Delete(File);
        System.IO.File.Move(temporary, File);
        Log.LogMessage(MessageImportance.Normal, "{0}: the version need {1} is now weak.", File, Version);
        return true;
    }

    /// <summary>The file offset of vna_flags of the need for the version, or -1.</summary>
    private int FindFlags(byte[] elf)
    {
        long sections = BitConverter.ToInt64(elf, 0x28);
        int size = BitConverter.ToUInt16(elf, 0x3a), count = BitConverter.ToUInt16(elf, 0x3c);
        for (int i = 0; i < count; i++)
        {
            int section = checked((int)(sections + (long)i * size));
            if (BitConverter.ToUInt32(elf, section + 4) != GnuVersionNeed)
            {
                continue;
            }

            int names = checked((int)BitConverter.ToInt64(elf, checked((int)(sections + BitConverter.ToUInt32(elf, section + 0x28) * size)) + 0x18));
            int need = checked((int)BitConverter.ToInt64(elf, section + 0x18));
            while (true)
            {
                int entry = need + checked((int)BitConverter.ToUInt32(elf, need + 8));
                for (int left = BitConverter.ToUInt16(elf, need + 2); left > 0; left--)
                {
                    if (NameAt(elf, names + checked((int)BitConverter.ToUInt32(elf, entry + 8))) == Version)
                    {
                        return entry + 4;
                    }

                    entry += checked((int)BitConverter.ToUInt32(elf, entry + 12));
                }

                uint next = BitConverter.ToUInt32(elf, need + 12);
                if (next == 0)
                {
                    break;
                }

                need += checked((int)next);
            }
        }

        return -1;
    }

    private static string NameAt(byte[] elf, int start)
    {
        int end = Array.IndexOf(elf, (byte)0, start);
        return Encoding.ASCII.GetString(elf, start, end - start);
    }
}
