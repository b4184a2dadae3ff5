using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Forwarding;
using Overlay.Dataplane.Underlay;
using Overlay.Encap;

namespace Overlay.TestKit.InMemory;

/// <summary>
/// An underlay without sockets. What is sent is recorded, and arrives at every other underlay it was joined with that has the destination address. One thread.
/// Nothing is allocated a datagram while <see cref="Keeps"/> is off and nobody is joined.
/// </summary>
/// <param name="addresses">Addresses this side has; the first of a family is the source of what it sends.</param>
public sealed class MemoryUnderlay(params UnderlayAddress[] addresses) : IUnderlay
{
    private readonly List<MemoryUnderlay> _others = [];
    private readonly Queue<(byte[] Payload, DatagramInfo Info)> _inbox = new();
    private readonly List<SentDatagram> _sent = [];

    /// <summary>Keep sent datagrams.</summary>
    public bool Keeps { get; set; } = true;

    /// <summary>Datagrams accepted.</summary>
    public long SentCount { get; private set; }

    /// <summary>A reason to refuse everything with; none as a rule.</summary>
    public DropReason Refuse { get; set; }

    /// <summary>Sending throws it: a fault of ours.</summary>
    public Exception? Fault { get; set; }

    /// <summary>Refuses datagrams to one destination with <see cref="Refuse"/>; null refuses all.</summary>
    public UnderlayAddress? RefuseOnly { get; set; }

    /// <summary>Joins two underlays: each is in the other's network.</summary>
    public static void Join(MemoryUnderlay left, MemoryUnderlay right)
    {
        left._others.Add(right);
        right._others.Add(left);
    }

    /// <summary>A datagram arrives.</summary>
    public void Put(ReadOnlySpan<byte> payload, UnderlayAddress source, EncapKind encap, byte tos = 0, ushort sourcePort = 50_000, ushort innerSegmentLength = 0) =>
        _inbox.Enqueue((payload.ToArray(), new DatagramInfo { Source = source, SourcePort = sourcePort, Tos = tos, Encap = encap, InnerSegmentLength = innerSegmentLength }));

    /// <summary>Takes everything sent so far.</summary>
    public SentDatagram[] Take()
    {
        SentDatagram[] all = [.. _sent];
        _sent.Clear();
        return all;
    }

    /// <inheritdoc/>
    public ReadOnlySpan<int> PollDescriptors(int worker) => [];

    /// <inheritdoc/>
    public bool Receive(int worker, int socket, DatagramBatch batch)
    {
        batch.Count = 0;
        while (batch.HasFreeSlot && _inbox.TryDequeue(out (byte[] Payload, DatagramInfo Info) next))
            batch.Add(next.Payload, in next.Info);

        return _inbox.Count != 0;
    }

    /// <inheritdoc/>
    public int Send(TxBatch batch, FrameOutcomes outcomes)
    {
        if (Fault is { } fault)
            throw fault;

        int sent = 0;
        for (int i = 0; i < batch.Count; i++)
        {
            ref TxDatagram datagram = ref batch.Items[i];
            datagram.SentCount = 0;
            datagram.SentOctets = 0;
            NextHop hop = batch.NextHops[datagram.NextHop] ?? throw new InvalidOperationException("A datagram names a next hop that is not in its batch.");
            if (Refuse != DropReason.None && (RefuseOnly is null || RefuseOnly == hop.Spec.Address))
            {
                outcomes.MarkSegmentsDropped(datagram.Frame, Refuse, datagram.Segments);
                continue;
            }

            if (!datagram.HeaderIsApart && datagram.HeaderOffset + datagram.HeaderLength != datagram.PayloadOffset)
                throw new InvalidOperationException("A header that does not lie apart ends where the payload begins.");

            for (int segment = 0; segment < datagram.Segments && (Keeps || _others.Count != 0); segment++)
                Carry(batch, in datagram, segment, hop);

            outcomes.MarkDelivered(datagram.Frame);
            datagram.SentCount = datagram.Segments;
            datagram.SentOctets = datagram.TotalLength;
            SentCount += datagram.Segments;
            sent += datagram.Segments;
        }

        batch.Clear();
        return sent;
    }

    /// <inheritdoc/>
    public void Dispose() => _inbox.Clear();

    private void Carry(TxBatch batch, in TxDatagram datagram, int segment, NextHop hop)
    {
        byte[] payload = new byte[segment == datagram.Segments - 1 ? datagram.LastLength : datagram.DatagramLength];
        byte[] headers = datagram.HeaderIsApart ? batch.Headers : batch.Payloads;
        headers.AsSpan(datagram.HeaderOffset + (segment * datagram.HeaderLength), datagram.HeaderLength).CopyTo(payload);
        int offset = datagram.PayloadOffset + (segment * datagram.SegmentSize);
        batch.Payloads.AsSpan(offset, payload.Length - datagram.HeaderLength).CopyTo(payload.AsSpan(datagram.HeaderLength));
        if (Keeps)
            _sent.Add(new SentDatagram(hop.Spec.Address, hop.Spec.Port, hop.Spec.Encap, payload, datagram.Tos, datagram.Ttl, datagram.FlowHash));

        UnderlayAddress source = Array.Find(addresses, own => own.IsIPv4 == hop.Spec.Address.IsIPv4);
        foreach (MemoryUnderlay other in _others)
        {
            if (other.Has(hop.Spec.Address))
                other.Put(payload, source, hop.Spec.Encap, datagram.Tos);
        }
    }

    private bool Has(UnderlayAddress address) => Array.Exists(addresses, own => own == address);
}
