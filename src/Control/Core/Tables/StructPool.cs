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
    private const int LastChunkBits = 16;
    private const int DoublingChunks = LastChunkBits - FirstChunkBits;
    private T[][] _chunks = [];
    private int _chunkCount;
    private int[] _free = [];
    private int _freeCount;

    /// <summary>Items given out.</summary>
    public int Count => High - _freeCount;

    /// <summary>One more than the highest index given out since the pool was empty last.</summary>
    public int High { get; private set; }

    /// <summary>The item of an index that was given out.</summary>
    public ref T this[int index]
    {
        get
        {
            // Chunk k holds 16 << k items up to 32,768, and every one behind those 65,536: a VNI with three MACs costs one small chunk, and one with a million has a
            // sixteenth to spare at most.
            uint shifted = (uint)index + (1u << FirstChunkBits);
            if (shifted >> LastChunkBits is not 0 and uint far)
            {
                return ref _chunks[far + DoublingChunks - 1][shifted & ((1u << LastChunkBits) - 1)];
            }

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
        int chunk = bits < LastChunkBits ? bits - FirstChunkBits : (int)(shifted >> LastChunkBits) + DoublingChunks - 1;
        if (chunk == _chunkCount)
        {
            if (chunk == _chunks.Length)
            {
                Array.Resize(ref _chunks, Math.Max(4, _chunks.Length * 2));
            }

            _chunks[_chunkCount++] = new T[1 << Math.Min(bits, LastChunkBits)];
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

    /// <summary>Takes all indexes back, and gives their memory to the collector.</summary>
    public void Clear()
    {
        _chunks = [];
        _chunkCount = 0;
        _free = [];
        _freeCount = 0;
        High = 0;
    }

    /// <summary>Becomes what another pool is; the other one is empty then.</summary>
    public void TakeOver(StructPool<T> other)
    {
        (_chunks, _chunkCount, _free, _freeCount, High) = (other._chunks, other._chunkCount, other._free, other._freeCount, other.High);
        other.Clear();
    }
}
