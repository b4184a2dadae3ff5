using System.Runtime.InteropServices;

namespace Overlay.EndToEnd.Traffic;

/// <summary>Messages of <c>sendmmsg</c> and <c>recvmmsg</c> in pinned memory, filled once and used again and again. Owned by one thread.</summary>
internal sealed class MessageRing
{
    private readonly byte[] _memory;
    private readonly Libc.Iovec[] _vectors;

    private MessageRing(byte[] memory, int count)
    {
        _memory = memory;
        _vectors = GC.AllocateArray<Libc.Iovec>(count, pinned: true);
        Messages = GC.AllocateArray<Libc.MmsgHdr>(count, pinned: true);
    }

    /// <summary>The messages; the kernel writes the length of each that it received.</summary>
    public Libc.MmsgHdr[] Messages { get; }

    /// <summary>Messages whose lengths are <paramref name="sizes"/> in turn, all of the same octets.</summary>
    public static MessageRing ForSending(int count, IReadOnlyList<int> sizes)
    {
        var ring = new MessageRing(GC.AllocateArray<byte>(sizes.Max(), pinned: true), count);
        for (var i = 0; i < count; i++) ring.Set(i, 0, sizes[i % sizes.Count]);
        return ring;
    }

    /// <summary>Room for <paramref name="count"/> messages of at most <paramref name="size"/> octets.</summary>
    public static MessageRing ForReceiving(int count, int size)
    {
        var ring = new MessageRing(GC.AllocateArray<byte>(count * size, pinned: true), count);
        for (var i = 0; i < count; i++) ring.Set(i, i * size, size);
        return ring;
    }

    private void Set(int index, int offset, int length)
    {
        _vectors[index] = new Libc.Iovec { Base = Marshal.UnsafeAddrOfPinnedArrayElement(_memory, offset), Length = length };
        Messages[index].Header.Iov = Marshal.UnsafeAddrOfPinnedArrayElement(_vectors, index);
        Messages[index].Header.IovCount = 1;
    }
}
