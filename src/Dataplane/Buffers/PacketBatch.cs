using Overlay.Encap;

namespace Overlay.Dataplane.Buffers;

/// <summary>
/// Frames received together from a port, packed one behind the other in a pinned slab: a short frame takes its own length and headroom, so that a batch of
/// short frames stays in the cache and a batch of super-frames is bounded by octets. <b>Borrow:</b> frames are valid until the next receive into the same batch.
/// Owned by one worker.
/// </summary>
/// <remarks>
/// A frame is received at <see cref="NextOffset"/> while <see cref="HasRoom"/> holds, then <see cref="Append"/>ed. The <see cref="PacketPool.Headroom"/> octets before
/// every frame are free: for a tunnel header, a pushed tag, or the virtio-net header it is read with.
/// </remarks>
public sealed class PacketBatch
{
    /// <summary>Octets of a slab unless said otherwise: some hundred short frames, or three super-frames.</summary>
    public const int DefaultSlabSize = 256 << 10;

    // Of super-frames a batch takes no more than this (the last one may go beyond), however large its slab is: what is read, summed and sent from the same octets again and
    // again stays in the processor's own cache. Four times as much cost a third of the TCP throughput.
    private const int EnoughLongOctets = 190 << 10;
    private const int LongFrame = 2048;

    private const int CacheLine = 64;
    private int _longOctets;

    /// <summary>Makes a batch.</summary>
    /// <param name="size">Frames it can take, 1–4096.</param>
    /// <param name="slabSize">Octets of its slab; at least one frame of <see cref="PacketPool.MaxFrameLength"/> with its headroom.</param>
    public PacketBatch(int size, int slabSize = DefaultSlabSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size, 4096);
        ArgumentOutOfRangeException.ThrowIfLessThan(slabSize, PacketPool.Headroom + PacketPool.MaxFrameLength);
        Slab = GC.AllocateUninitializedArray<byte>(slabSize, pinned: true);
        Items = new PacketBuffer[size];
        Clear();
    }

    /// <summary>The memory behind the frames. Pinned.</summary>
    public byte[] Slab { get; }

    /// <summary>Descriptors of the frames; the first <see cref="Count"/> are valid.</summary>
    public PacketBuffer[] Items { get; }

    /// <summary>Frames it can take.</summary>
    public int Size => Items.Length;

    /// <summary>Frames in it.</summary>
    public int Count { get; private set; }

    /// <summary>Where the next frame is received; valid while <see cref="HasRoom"/>.</summary>
    public int NextOffset { get; private set; }

    /// <summary>True if one more frame, however long (<see cref="PacketPool.MaxFrameLength"/>), can be received.</summary>
    public bool HasRoom => Count < Items.Length && NextOffset <= Slab.Length - PacketPool.MaxFrameLength && _longOctets < EnoughLongOctets;

    /// <summary>Places of so many octets that frames may still be received into, the first of them at <see cref="NextOffset"/>; valid while <see cref="HasRoom"/>.</summary>
    /// <param name="stride">Octets from one place to the next, at least <see cref="PacketPool.MaxFrameLength"/>.</param>
    public int Places(int stride) =>
        1 + Math.Min((Slab.Length - NextOffset - PacketPool.MaxFrameLength) / stride, (EnoughLongOctets - _longOctets) / stride);

    /// <summary>The octets of frame <paramref name="index"/>.</summary>
    public Span<byte> Frame(int index) => Slab.AsSpan(Items[index].Offset, Items[index].Length);

    /// <summary>Takes in the frame that was received at <see cref="NextOffset"/>.</summary>
    /// <param name="length">Its octets, 0–<see cref="PacketPool.MaxFrameLength"/>.</param>
    /// <param name="vnet">Its virtio-net header; default for a plain frame.</param>
    /// <exception cref="InvalidOperationException">There was no room.</exception>
    public void Append(int length, in VnetHeader vnet) => AppendAt(NextOffset, length, in vnet);

    /// <summary>
    /// Takes in a frame that was received at <see cref="NextOffset"/> or further on: some devices fill several places in one call. What lies between is skipped.
    /// </summary>
    /// <param name="offset">Where the frame is, <see cref="NextOffset"/> or more.</param>
    /// <param name="length">Its octets.</param>
    /// <param name="vnet">Its virtio-net header; default for a plain frame.</param>
    /// <exception cref="InvalidOperationException">There was no room.</exception>
    public void AppendAt(int offset, int length, in VnetHeader vnet)
    {
        if (Count == Items.Length || (uint)length > PacketPool.MaxFrameLength || offset < NextOffset || offset > Slab.Length - length)
            throw new InvalidOperationException("The batch is full.");
        ref PacketBuffer item = ref Items[Count++];
        item.Offset = offset;
        item.Length = length;
        item.Vnet = vnet;
        if (length > LongFrame)
            _longOctets += length;
        NextOffset = ((offset + length + CacheLine - 1) & -CacheLine) + PacketPool.Headroom;
    }

    /// <summary>Copies a frame in: for what does not come from a device.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="vnet">Its virtio-net header.</param>
    public void Add(ReadOnlySpan<byte> frame, in VnetHeader vnet = default)
    {
        frame.CopyTo(Slab.AsSpan(NextOffset));
        Append(frame.Length, in vnet);
    }

    /// <summary>Forgets the frames.</summary>
    public void Clear()
    {
        Count = 0;
        _longOctets = 0;
        NextOffset = PacketPool.Headroom;
    }
}
