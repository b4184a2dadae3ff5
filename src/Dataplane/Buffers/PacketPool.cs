namespace Overlay.Dataplane.Buffers;

/// <summary>
/// A fixed number of equally sized frame slots in one pinned slab. <b>Ownership:</b> one worker owns a pool and everything in it; nothing of it
/// is handed to another thread. Slots are addressed by offset into <see cref="Slab"/>, so that a frame is two integers and never an object.
/// </summary>
/// <remarks>
/// A slot is <c>[ headroom | frame ]</c>. The headroom takes what is put before a frame without moving it: the longest Geneve header
/// (260 octets), a pushed VLAN tag (4) and a virtio-net header (12), each at its own time. The distance between slots is no power of two,
/// or the first cache lines of all slots would compete for the same cache set.
/// </remarks>
public sealed class PacketPool
{
    /// <summary>Octets free before every frame: 260 + 4 + 12, rounded up to whole cache lines.</summary>
    public const int Headroom = 320;

    /// <summary>The longest frame a slot takes: what a TAP gives at most (64 KiB with its Ethernet header and tags).</summary>
    public const int MaxFrameLength = 65_535 + 14 + 8;

    private const int CacheLine = 64;

    /// <summary>Makes a pool.</summary>
    /// <param name="count">Slots, 1–4096.</param>
    /// <param name="frameSize">Octets a frame may take, 64–<see cref="MaxFrameLength"/>.</param>
    public PacketPool(int count, int frameSize = MaxFrameLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, 4096);
        ArgumentOutOfRangeException.ThrowIfLessThan(frameSize, 64);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(frameSize, MaxFrameLength);
        Count = count;
        FrameSize = frameSize;
        int lines = (Headroom + frameSize + CacheLine - 1) / CacheLine;
        Stride = (lines | 1) * CacheLine;
        Slab = GC.AllocateUninitializedArray<byte>(checked(Stride * count), pinned: true);
    }

    /// <summary>The memory. Pinned for the life of the pool.</summary>
    public byte[] Slab { get; }

    /// <summary>Number of slots.</summary>
    public int Count { get; }

    /// <summary>Octets available to a frame in a slot.</summary>
    public int FrameSize { get; }

    /// <summary>Octets from one slot to the next.</summary>
    public int Stride { get; }

    /// <summary>Offset in <see cref="Slab"/> where a frame received into slot <paramref name="slot"/> begins.</summary>
    public int FrameOffset(int slot) => (slot * Stride) + Headroom;
}
