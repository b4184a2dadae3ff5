using System.Numerics;

namespace Overlay.Control.Tables;

/// <summary>
/// Structs by index, in chunks: no object per item, no copy of the whole on growth, and a reference stays valid while the pool grows.
/// One thread.
/// </summary>
internal sealed class StructPool<T>
    where T : struct
{
    private const int FirstChunkBits = 4;
    private readonly List<T[]> _chunks = [];
    private int[] _free = [];
    private int _freeCount;

    /// <summary>Items given out.</summary>
    public int Count => High - _freeCount;

    /// <summary>One more than the highest index ever given out.</summary>
    public int High { get; private set; }

    /// <summary>The item of an index that was given out.</summary>
    public ref T this[int index]
    {
        get
        {
            // Chunk k holds 16 << k items, so a VNI with three MACs costs one small chunk and a million cost seventeen.
            uint shifted = (uint)index + (1u << FirstChunkBits);
            int bits = BitOperations.Log2(shifted);
            return ref _chunks[bits - FirstChunkBits][shifted - (1u << bits)];
        }
    }

    /// <summary>Gives an index; the item is default.</summary>
    public int Allocate()
    {
        if (_freeCount > 0)
        {
            return _free[--_freeCount];
        }

        uint shifted = (uint)High + (1u << FirstChunkBits);
        int bits = BitOperations.Log2(shifted);
        if (bits - FirstChunkBits == _chunks.Count)
        {
            _chunks.Add(new T[1 << bits]);
        }

        return High++;
    }

    /// <summary>Takes an index back.</summary>
    public void Release(int index)
    {
        this[index] = default;
        if (_freeCount == _free.Length)
        {
            Array.Resize(ref _free, Math.Max(16, _free.Length * 2));
        }

        _free[_freeCount++] = index;
    }
}
