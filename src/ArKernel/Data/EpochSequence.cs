namespace ArKernel.Data;

/// <summary>Which sample comes when: every epoch is a new permutation of the samples, a pure function of the seed and the epoch's number.</summary>
/// <param name="count">The number of samples.</param>
/// <param name="seed">Determines the permutations; null keeps the samples' own sequence.</param>
internal sealed class EpochSequence(int count, int? seed)
{
    private int[] permutation = [];
    private long permutationEpoch = -1;

    /// <summary>The sample at a place of the endless sequence of epochs.</summary>
    internal int SampleAt(long number)
    {
        (long epoch, long place) = Math.DivRem(number, count);
        if (seed is not int seeded)
        {
            return (int)place;
        }

        if (permutationEpoch != epoch)
        {
            permutation = [.. Enumerable.Range(0, count)];
            long key = Seeds.Mix(seeded, epoch);
            for (int last = count - 1; last > 0; last--)
            {
                int other = (int)(Seeds.Mix(key, last) % (last + 1)); // Fisher-Yates
                (permutation[last], permutation[other]) = (permutation[other], permutation[last]);
            }

            permutationEpoch = epoch;
        }

        return permutation[place];
    }
}
