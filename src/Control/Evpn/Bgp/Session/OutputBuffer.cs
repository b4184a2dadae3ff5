using System.Buffers;

namespace Overlay.Control.Evpn.Bgp.Session;

/// <summary>What is to be sent next, in one piece, in memory that is rented while there is something. One thread.</summary>
internal sealed class OutputBuffer : IBufferWriter<byte>, IDisposable
{
    private const int Smallest = 4096;
    private byte[] _rented = [];

    /// <summary>Octets written.</summary>
    public int Length { get; private set; }

    /// <summary>What was written; valid until the next call.</summary>
    public ReadOnlyMemory<byte> Written => _rented.AsMemory(0, Length);

    /// <summary>Begins anew and keeps the memory.</summary>
    public void Clear() => Length = 0;

    /// <summary>Begins anew and gives the memory back: an idle session holds none.</summary>
    public void Release()
    {
        Length = 0;
        if (_rented.Length == 0)
            return;
        ArrayPool<byte>.Shared.Return(_rented);
        _rented = [];
    }

    /// <inheritdoc/>
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _rented.Length - Length);
        Length += count;
    }

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _rented.AsMemory(Length);
    }

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _rented.AsSpan(Length);
    }

    /// <inheritdoc/>
    public void Dispose() => Release();

    private void Reserve(int sizeHint)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(sizeHint);
        int needed = Length + Math.Max(sizeHint, 1);
        if (needed <= _rented.Length)
            return;
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(Smallest, Math.Max(needed, _rented.Length * 2)));
        _rented.AsSpan(0, Length).CopyTo(larger);
        if (_rented.Length > 0)
            ArrayPool<byte>.Shared.Return(_rented);
        _rented = larger;
    }
}
