namespace Overlay.Dataplane.Buffers;

/// <summary>
/// Tunnel datagrams received together from the underlay. A receive call fills <see cref="Slots"/> with messages; a message is one or more datagrams (the kernel
/// joins consecutive ones of a flow), and <see cref="Items"/> says where each UDP payload is, tunnel header first. <b>Borrow:</b> valid until the next receive
/// into the same batch. Owned by one worker.
/// </summary>
/// <remarks>
/// Messages may be more datagrams than the batch takes. Those that are left stay in their slots, and the next receive hands them out before anything new:
/// whoever stops receiving while <see cref="HasPending"/> holds loses them.
/// </remarks>
public sealed class DatagramBatch
{
    private readonly DatagramMessage[] _messages;
    private int _messageCount;
    private int _message;
    private int _position;

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
        _messages = new DatagramMessage[slots];
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

    /// <summary>Messages of the last receive call.</summary>
    public int MessageCount => _messageCount;

    /// <summary>True if datagrams of the last receive call have not been handed out yet.</summary>
    public bool HasPending => _message < _messageCount;

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

    /// <summary>What lies in slot <paramref name="slot"/>; set by whoever received into it, before <see cref="Accept"/>.</summary>
    public ref DatagramMessage Message(int slot) => ref _messages[slot];

    /// <summary>Says that a receive call filled the first <paramref name="count"/> slots, and hands out the first of their datagrams.</summary>
    /// <param name="count">0–<see cref="PacketPool.Count"/> of <see cref="Slots"/>.</param>
    public void Accept(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Slots.Count);
        _messageCount = count;
        _message = 0;
        _position = 0;
        TakePending();
    }

    /// <summary>Hands out the next datagrams of the last receive call; none if there is nothing left of it.</summary>
    public void TakePending()
    {
        int count = 0;
        while (_message < _messageCount && count < Items.Length)
            count = Split(count);
        Count = count;
    }

    // A message without a segment size is one datagram, an empty one too.
    private int Split(int count)
    {
        ref DatagramMessage message = ref _messages[_message];
        int start = Slots.FrameOffset(_message);
        int step = message.SegmentLength > 0 ? message.SegmentLength : int.MaxValue;
        int position = _position;
        do
        {
            ref PacketBuffer item = ref Items[count];
            item.Offset = start + position;
            item.Length = Math.Min(step, message.Length - position);
            item.Vnet = default;
            Info[count++] = message.Info;
            position += item.Length;
        }
        while (position < message.Length && count < Items.Length);

        _position = position;
        if (position >= message.Length)
        {
            _message++;
            _position = 0;
        }

        return count;
    }
}
