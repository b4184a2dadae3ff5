using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Pipeline.Offload;
using Overlay.Dataplane.Ports;
using Overlay.Encap;

namespace Overlay.Dataplane.Pipeline.Misses;

/// <summary>
/// The frames of one worker that wait for who has their destination, in the order they came. Bounded four times: in frames, in octets, for one destination, and for one port, which has half at
/// most; so neither a flow nor a tenant that asks for everything can take others' place. Owned by one worker.
/// </summary>
/// <remarks>
/// Frames lie one behind the other in a pinned slab, each with <see cref="PacketPool.Headroom"/> before it, so that they leave as they would from a batch. What leaves makes holes, which
/// <see cref="RemoveLeaving"/> closes at once: a move of some hundred KiB at most, when an answer came. What was added since <see cref="Commit"/> is forgotten by <see cref="Rollback"/>: a batch that
/// a fault abandons is counted as a whole, the frames that it gave here with it.
/// </remarks>
internal sealed class MissQueue
{
    /// <summary>Frames.</summary>
    internal const int FrameLimit = 512;

    /// <summary>Octets, headroom included.</summary>
    internal const int OctetLimit = 512 << 10;

    /// <summary>Frames to one destination.</summary>
    internal const int MacLimit = 16;

    private const int CacheLine = 64;
    private readonly MissInbox _inbox;
    private readonly ulong[] _keys = new ulong[FrameLimit];
    private int[] _portFrames = new int[16];
    private int[] _portOctets = new int[16];
    private int _used;
    private int _committed;

    /// <summary>Makes an empty queue.</summary>
    /// <param name="inbox">Told how many frames there are.</param>
    internal MissQueue(MissInbox inbox) => _inbox = inbox;

    /// <summary>The memory behind the frames. Pinned.</summary>
    internal byte[] Slab { get; } = GC.AllocateUninitializedArray<byte>(OctetLimit, pinned: true);

    /// <summary>The frames, the first <see cref="Count"/> of them.</summary>
    internal HeldFrame[] Items { get; } = new HeldFrame[FrameLimit];

    /// <summary>Frames in it.</summary>
    internal int Count { get; private set; }

    /// <summary>Frames were added since the last <see cref="Commit"/>.</summary>
    internal bool HasNew => Count != _committed;

    /// <summary>The first frame to a destination; −1 if there is none.</summary>
    internal int Find(Vni vni, MacAddress destination) => Find(vni, destination, 0);

    /// <summary>Copies a frame in.</summary>
    /// <returns>False if there is no room for it.</returns>
    internal bool TryAdd(Port port, Vni vni, MacAddress destination, ReadOnlySpan<byte> frame, in VnetHeader vnet, in SuperFrame super)
    {
        int size = SizeOf(frame.Length);
        int index = port.Id.Index;
        if (Count == FrameLimit || _used > OctetLimit - size || CountOf(vni, destination) >= MacLimit)
            return false;

        GrowTo(index);
        if (_portFrames[index] >= FrameLimit / 2 || _portOctets[index] > (OctetLimit / 2) - size)
            return false;

        ref HeldFrame item = ref Items[Count];
        item = new HeldFrame
        {
            Port = port,
            PortIndex = index,
            Vni = vni,
            Destination = destination,
            Offset = _used + PacketPool.Headroom,
            Length = frame.Length,
            Vnet = vnet,
            Super = super,
            Turn = _inbox.Turns,
        };
        frame.CopyTo(Slab.AsSpan(item.Offset));
        _keys[Count] = KeyOf(vni, destination);
        _used += size;
        _portFrames[index]++;
        _portOctets[index] += size;
        Count++;
        _inbox.SetHeld(Count);
        return true;
    }

    /// <summary>What was added is here to stay.</summary>
    internal void Commit() => _committed = Count;

    /// <summary>Forgets what was added since <see cref="Commit"/>.</summary>
    internal void Rollback()
    {
        while (Count > _committed)
            RemoveLast();
    }

    /// <summary>Takes back the frame that was added last.</summary>
    internal void RemoveLast()
    {
        Count--;
        _used -= Free(ref Items[Count]);
        _inbox.SetHeld(Count);
    }

    /// <summary>Takes out the frames that leave, and closes the holes.</summary>
    internal void RemoveLeaving()
    {
        int kept = 0;
        int used = 0;
        for (int i = 0; i < Count; i++)
        {
            ref HeldFrame item = ref Items[i];
            if (item.Leaves)
            {
                _ = Free(ref item);
                continue;
            }

            int offset = used + PacketPool.Headroom;
            used += SizeOf(item.Length);
            if (kept != i)
            {
                Slab.AsSpan(item.Offset, item.Length).CopyTo(Slab.AsSpan(offset));
                _keys[kept] = _keys[i];
                Items[kept] = item;
                Items[kept].Offset = offset;
                item.Port = null;
            }

            kept++;
        }

        Count = kept;
        _used = used;
        Commit();
        _inbox.SetHeld(kept);
    }

    private static int SizeOf(int length) => PacketPool.Headroom + ((length + CacheLine - 1) & -CacheLine);

    private static ulong KeyOf(Vni vni, MacAddress destination) => destination.Value | ((ulong)vni.Value << 48);

    private int Find(Vni vni, MacAddress destination, int from)
    {
        // Of the VNI the key has the lower 16 bits; the item has it all.
        ulong key = KeyOf(vni, destination);
        while (from < Count)
        {
            int found = _keys.AsSpan(from, Count - from).IndexOf(key);
            if (found < 0)
                break;

            from += found;
            if (Items[from].Vni == vni)
                return from;

            from++;
        }

        return -1;
    }

    private int CountOf(Vni vni, MacAddress destination)
    {
        int count = 0;
        for (int at = Find(vni, destination, 0); at >= 0; at = Find(vni, destination, at + 1))
            count++;

        return count;
    }

    private int Free(ref HeldFrame item)
    {
        int size = SizeOf(item.Length);
        _portFrames[item.PortIndex]--;
        _portOctets[item.PortIndex] -= size;
        item.Port = null;
        return size;
    }

    private void GrowTo(int port)
    {
        if (port < _portFrames.Length)
            return;

        int size = Math.Max(port + 1, _portFrames.Length * 2);
        Array.Resize(ref _portFrames, size);
        Array.Resize(ref _portOctets, size);
    }
}
