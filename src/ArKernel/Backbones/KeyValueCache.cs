using static TorchSharp.torch;

namespace ArKernel.Backbones;

/// <summary>The keys and values of the positions a backbone has seen, preallocated, so that a step costs one position and not all of them.</summary>
public sealed class KeyValueCache : IDisposable
{
    private readonly Tensor[] keys; // a layer: [batch, key-value heads, capacity, head channels]
    private readonly Tensor[] values;

    /// <summary>Allocates a cache.</summary>
    /// <param name="layers">The number of blocks.</param>
    /// <param name="batch">The number of rows.</param>
    /// <param name="heads">The number of key and value heads.</param>
    /// <param name="capacity">The longest sequence.</param>
    /// <param name="headChannels">The width of a head.</param>
    /// <param name="dtype">The type of the elements.</param>
    /// <param name="device">Where they are kept.</param>
    public KeyValueCache(int layers, long batch, int heads, int capacity, int headChannels, ScalarType dtype, Device device)
    {
        Tensor New() => zeros([batch, heads, capacity, headChannels], dtype, device).DetachFromDisposeScope();
        keys = [.. Enumerable.Range(0, layers).Select(_ => New())];
        values = [.. Enumerable.Range(0, layers).Select(_ => New())];
        (Capacity, Heads, HeadChannels) = (capacity, heads, headChannels);
    }

    /// <summary>The number of blocks.</summary>
    public int Layers => keys.Length;

    /// <summary>The number of key and value heads.</summary>
    public int Heads { get; }

    /// <summary>The width of a head.</summary>
    public int HeadChannels { get; }

    /// <summary>The number of positions held.</summary>
    public int Length { get; private set; }

    /// <summary>The largest number of positions.</summary>
    public int Capacity { get; }

    /// <summary>The number of rows.</summary>
    public long Batch => keys[0].shape[0];

    /// <summary>Forgets all positions from one on.</summary>
    /// <param name="length">The number of positions to keep.</param>
    public void Truncate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length);
        Length = length;
    }

    /// <summary>Makes row i the old row rows[i]: beams that survive, or one prompt for many samples.</summary>
    /// <param name="rows">[new batch] int64 row numbers.</param>
    public void Reorder(Tensor rows)
    {
        using IDisposable noGradient = no_grad();
        bool inPlace = rows.shape[0] == Batch;
        foreach (Tensor[] all in (Tensor[][])[keys, values])
        {
            for (int layer = 0; layer < all.Length; layer++)
            {
                // Only what is held has to move: a search reorders at every step, and most of the capacity is still empty.
                using var scope = NewDisposeScope();
                Tensor old = all[layer], held = old.narrow(2, 0, Length).index_select(0, rows);
                Tensor place = inPlace ? old : zeros([rows.shape[0], Heads, Capacity, HeadChannels], old.dtype, old.device);
                place.narrow(2, 0, Length).copy_(held);
                if (!inPlace)
                {
                    all[layer] = place.DetachFromDisposeScope();
                    old.Dispose();
                }
            }
        }
    }

    /// <summary>Repeats every row, the copies of a row following one another.</summary>
    /// <param name="copies">How often.</param>
    public void Expand(int copies)
    {
        using Tensor rows = arange(Batch, device: keys[0].device).repeat_interleave(copies);
        Reorder(rows);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor tensor in keys.Concat(values))
        {
            tensor.Dispose();
        }
    }

    /// <summary>Writes the keys and values of new positions behind those held; <see cref="Advance"/> makes them count once every layer has.</summary>
    internal (Tensor Keys, Tensor Values) Append(int layer, Tensor newKeys, Tensor newValues)
    {
        long count = newKeys.shape[2];
        if (newKeys.shape[0] != Batch)
        {
            throw new ArgumentException($"KeyValueCache holds {Batch} rows; the input has {newKeys.shape[0]}.");
        }

        keys[layer].narrow(2, Length, count).copy_(newKeys);
        values[layer].narrow(2, Length, count).copy_(newValues);
        return (keys[layer].narrow(2, 0, Length + count), values[layer].narrow(2, 0, Length + count));
    }

    internal void Advance(int count) => Length += count;
}
