namespace ArKernel.Data;

/// <summary>Derives independent seeds from a seed and the number of what it is for.</summary>
public static class Seeds
{
    /// <summary>A well-mixed seed (the finalizer of SplitMix64: Steele, Lea and Flood, 2014).</summary>
    /// <param name="seed">The user's seed.</param>
    /// <param name="number">The number of the step, epoch or batch.</param>
    public static long Mix(long seed, long number)
    {
        ulong bits = unchecked((ulong)seed * 0x9E3779B97F4A7C15 + (ulong)number);
        bits = unchecked((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9 + 0x9E3779B97F4A7C15);
        bits = unchecked((bits ^ (bits >> 27)) * 0x94D049BB133111EB);
        return (long)((bits ^ (bits >> 31)) >> 1);
    }
}
