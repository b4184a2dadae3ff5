namespace Overlay.Dataplane.Buffers;

/// <summary>
/// Tunnel datagrams received together from the underlay. A receive call fills <see cref="Slots"/>; what lies in them are one or more datagrams each (the kernel
/// joins consecutive ones of a flow), and <see cref="Items"/> says where each UDP payload is, tunnel header first. <b>Borrow:</b> valid until the next receive
/// into the same batch. Owned by one worker.
/// </summary>
public sealed class DatagramBatch
{
    /// <summary>Makes a batch.</summary>
    /// <param name="size">Datagrams it can take, 1–4096.</param>
    /// <param name="slots">Messages of one receive call, 1–<paramref name="size"/>.</param>
    public DatagramBatch(int size, int slots)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size, 4096);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(slots, size);
        Slots = new PacketPool(slots);
        Items = new PacketBuffer[size];
        Info = new DatagramInfo[size];
    }

    /// <summary>The memory behind the datagrams.</summary>
    public PacketPool Slots { get; }

    /// <summary>The slab of <see cref="Slots"/>. Pinned.</summary>
    public byte[] Slab => Slots.Slab;

    /// <summary>Where the datagrams are; the first <see cref="Count"/> are valid.</summary>
    public PacketBuffer[] Items { get; }

    /// <summary>Outer facts, index by index.</summary>
    public DatagramInfo[] Info { get; }

    /// <summary>Datagrams it can take.</summary>
    public int Size => Items.Length;

    /// <summary>Datagrams in it.</summary>
    public int Count { get; set; }

    /// <summary>The UDP payload of datagram <paramref name="index"/>.</summary>
    public Span<byte> Datagram(int index) => Slab.AsSpan(Items[index].Offset, Items[index].Length);

    /// <summary>True if <see cref="Add"/> has a free slot.</summary>
    public bool HasFreeSlot => Count < Slots.Count;

    /// <summary>Copies a datagram into a slot of its own: for what does not come from a socket.</summary>
    /// <param name="payload">The UDP payload.</param>
    /// <param name="info">Its outer facts.</param>
    public void Add(ReadOnlySpan<byte> payload, in DatagramInfo info)
    {
        int offset = Slots.FrameOffset(Count);
        payload.CopyTo(Slab.AsSpan(offset, Slots.FrameSize));
        Items[Count] = new PacketBuffer { Offset = offset, Length = payload.Length };
        Info[Count++] = info;
    }
}
