using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Forwarding;
using Overlay.Dataplane.Interop;
using Overlay.Forwarding;

namespace Overlay.Dataplane.Underlay;

/// <summary>Messages to one socket, and what of the batch each carries. Owned by one thread.</summary>
internal sealed class MessageRun
{
    /// <summary>Makes a run.</summary>
    /// <param name="size">Messages.</param>
    /// <param name="vectors">Pieces of memory of all messages together.</param>
    internal MessageRun(int size, int vectors)
    {
        Ring = new SendRing(size, vectors);
        Cargo = new (int, int)[size];
    }

    /// <summary>The messages.</summary>
    internal SendRing Ring { get; }

    /// <summary>What each message carries: a whole train (its first item, and −1), or one datagram (its item, and which of the item's).</summary>
    internal (int Item, int Segment)[] Cargo { get; }

    /// <summary>Appends a message; the octets follow by <see cref="Add"/>.</summary>
    internal void Begin(TxBatch batch, in TxDatagram first, int item, int segment, int segmentSize)
    {
        NextHop hop = batch.NextHops[first.NextHop]!;
        NextHopSpec to = hop.Spec;
        Cargo[Ring.Count] = (item, segment);
        if (hop.Path is not { } path)
        {
            Ring.Begin(to.Address, to.Port, first.Tos, first.Ttl, segmentSize);
            return;
        }

        Ring.Begin(to.Address, to.Port, first.Tos, path.Group.Ttl, segmentSize);
        Ring.LeaveBy(path.InterfaceIndex, path.Source);
    }

    /// <summary>Appends some datagrams of an item to the last message.</summary>
    internal void Add(TxBatch batch, in TxDatagram item, int first, int count)
    {
        if (!item.HeaderIsApart)
        {
            Ring.Add(batch.Payloads, item.HeaderOffset, item.HeaderLength + item.PayloadLength);
            return;
        }

        for (int i = first; i < first + count; i++)
        {
            int offset = i * item.SegmentSize;
            int length = item.PayloadLength - offset;
            Ring.Add(batch.Headers, item.HeaderOffset + (i * item.HeaderLength), item.HeaderLength);
            Ring.Add(batch.Payloads, item.PayloadOffset + offset, item.SegmentSize == 0 ? length : Math.Min(item.SegmentSize, length));
        }
    }
}
