using System.Runtime.CompilerServices;
using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Forwarding;
using Overlay.Dataplane.Interop;

namespace Overlay.Dataplane.Underlay;

/// <summary>
/// The sending half of <see cref="UdpUnderlay"/>: a pool of sockets a family whose ports are spread over the configured range, shared by all workers. A flow hash
/// selects one, so that a flow keeps its source port whichever worker sends it. Datagrams of equal length leave as trains (<see cref="TrainBuilder"/>).
/// </summary>
/// <remarks>
/// <b>Threading:</b> any thread may send. A train that the kernel refuses for a reason that a single datagram need not have is sent again datagram by datagram; what
/// was learned from it is kept in the next hop (<see cref="NextHop.TrainLimit"/>).
/// </remarks>
internal sealed class UdpSender : IDisposable
{
    private readonly UdpSocket[] _sockets;
    private readonly int[] _descriptors;
    private readonly bool[] _segments;
    private readonly int _ipv4Count;

    internal UdpSender(UdpSocket[] ipv4, UdpSocket[] ipv6)
    {
        _sockets = [.. ipv4, .. ipv6];
        _ipv4Count = ipv4.Length;
        _descriptors = Array.ConvertAll(_sockets, socket => socket.Descriptor);
        _segments = Array.ConvertAll(_sockets, socket => socket.CanSegment());
    }

    /// <summary>The sockets.</summary>
    internal ReadOnlySpan<UdpSocket> Sockets => _sockets;

    /// <inheritdoc cref="IUnderlay.Send"/>
    internal int Send(TxBatch batch, FrameOutcomes outcomes)
    {
        int count = batch.Count;
        if (count == 0)
            return 0;

        SendScratch scratch = SendScratch.Get(batch.Items.Length, _sockets.Length);
        NextHop?[] hops = batch.NextHops;
        for (int i = 0; i < count; i++)
        {
            ref TxDatagram item = ref batch.Items[i];
            item.SentCount = 0;
            item.SentOctets = 0;
            if ((uint)item.NextHop < (uint)hops.Length && hops[item.NextHop] is { } hop && SelectSocket(hop, item.FlowHash) is var socket and >= 0)
                scratch.Add(i, in item, socket, !_segments[socket] || !hop.MayTrain(item.DatagramLength));
            else
                outcomes.MarkSegmentsDropped(item.Frame, DropReason.UnderlayUnreachable, item.Segments);
        }

        scratch.Trains.JoinEnds();
        int sent = 0;
        for (int touched = 0; touched < scratch.TouchedCount; touched++)
        {
            int socket = scratch.TakeSocket(touched, out int train);
            sent += SendSocket(scratch, _descriptors[socket], train, batch, outcomes);
        }

        scratch.Reset();
        batch.Clear();
        return sent;
    }

    private static int SendSocket(SendScratch scratch, int descriptor, int train, TxBatch batch, FrameOutcomes outcomes)
    {
        int sent = 0;
        MessageRun run = scratch.Run;
        run.Ring.Clear();
        for (; train >= 0; train = scratch.Trains[train].NextOfSocket)
        {
            ref readonly Train about = ref scratch.Trains[train];
            if (about.ItemCount == 0)
                continue;

            if (about.IsLoose)
            {
                sent += SendLoose(scratch, run, descriptor, about.First, batch, outcomes);
                continue;
            }

            if (!run.Ring.HasRoom(about.Datagrams * 2))
                sent += Transmit(scratch, run, descriptor, batch, outcomes);

            run.Begin(batch, in batch.Items[about.First], about.First, -1, about.Datagrams == 1 ? 0 : about.DatagramLength);
            for (int item = about.First; item >= 0; item = scratch.Trains.Next(item))
                run.Add(batch, in batch.Items[item], 0, batch.Items[item].Segments);
        }

        return sent + Transmit(scratch, run, descriptor, batch, outcomes);
    }

    private static int SendLoose(SendScratch scratch, MessageRun run, int descriptor, int item, TxBatch batch, FrameOutcomes outcomes)
    {
        int sent = 0;
        ref readonly TxDatagram datagram = ref batch.Items[item];
        for (int segment = 0; segment < datagram.Segments; segment++)
        {
            if (!run.Ring.HasRoom(2))
                sent += Transmit(scratch, run, descriptor, batch, outcomes);

            run.Begin(batch, in datagram, item, segment, 0);
            run.Add(batch, in datagram, segment, 1);
        }

        return sent;
    }

    // Sends what is in a run and empties it.
    private static int Transmit(SendScratch scratch, MessageRun run, int descriptor, TxBatch batch, FrameOutcomes outcomes)
    {
        int sent = 0;
        int start = 0;
        int retries = 0;
        while (start < run.Ring.Count)
        {
            int result = run.Ring.Send(descriptor, start, run.Ring.Count - start);
            if (result > 0)
            {
                for (int end = start + result; start < end; start++)
                    sent += MarkSent(scratch, run.Cargo[start], batch, outcomes);

                retries = 0;
                continue;
            }

            // An ICMP error about an earlier datagram is reported to whoever sends next; taking it clears it. Only a second refusal is about this one.
            if (retries < SendErrors.Retries(result))
            {
                retries++;
                continue;
            }

            sent += Refused(scratch, run.Cargo[start], descriptor, result, batch, outcomes);
            start++;
            retries = 0;
        }

        run.Ring.Clear();
        return sent;
    }

    private static int MarkSent(SendScratch scratch, (int Item, int Segment) cargo, TxBatch batch, FrameOutcomes outcomes)
    {
        if (cargo.Segment >= 0)
        {
            ref TxDatagram datagram = ref batch.Items[cargo.Item];
            outcomes.MarkDelivered(datagram.Frame);
            datagram.SentCount++;
            datagram.SentOctets += cargo.Segment == datagram.Segments - 1 ? datagram.LastLength : datagram.DatagramLength;
            return 1;
        }

        int sent = 0;
        for (int item = cargo.Item; item >= 0; item = scratch.Trains.Next(item))
        {
            ref TxDatagram datagram = ref batch.Items[item];
            outcomes.MarkDelivered(datagram.Frame);
            datagram.SentCount = datagram.Segments;
            datagram.SentOctets = datagram.TotalLength;
            sent += datagram.Segments;
        }

        return sent;
    }

    private static int Refused(SendScratch scratch, (int Item, int Segment) cargo, int descriptor, int error, TxBatch batch, FrameOutcomes outcomes)
    {
        ref readonly TxDatagram first = ref batch.Items[cargo.Item];
        if (cargo.Segment >= 0)
        {
            outcomes.MarkSegmentsDropped(first.Frame, SendErrors.Reason(error), 1);
            return 0;
        }

        int next = scratch.Trains.Next(cargo.Item);
        bool isTrain = first.Segments > 1 || next >= 0;
        if (isTrain && SendErrors.MayBeTheTrains(error))
            return SendSingly(scratch, cargo.Item, descriptor, error, batch, outcomes);

        for (int item = cargo.Item; item >= 0; item = scratch.Trains.Next(item))
            outcomes.MarkSegmentsDropped(batch.Items[item].Frame, SendErrors.Reason(error), batch.Items[item].Segments);

        return 0;
    }

    private static int SendSingly(SendScratch scratch, int first, int descriptor, int error, TxBatch batch, FrameOutcomes outcomes)
    {
        int sent = 0;
        int datagrams = 0;
        scratch.Singles.Ring.Clear();
        for (int item = first; item >= 0; item = scratch.Trains.Next(item))
        {
            sent += SendLoose(scratch, scratch.Singles, descriptor, item, batch, outcomes);
            datagrams += batch.Items[item].Segments;
        }

        sent += Transmit(scratch, scratch.Singles, descriptor, batch, outcomes);

        // If the datagrams went singly, it is trains that do not work on this way; else it is their length. The kernel says so itself where it cuts long datagrams
        // into fragments, but not trains of them.
        ref readonly TxDatagram about = ref batch.Items[first];
        batch.NextHops[about.NextHop]!.TrainsRefused(sent == datagrams && error != -Errno.MessageTooLong ? 0 : about.DatagramLength - 1);
        return sent;
    }

    /// <inheritdoc/>
    public void Dispose() => Array.ForEach(_sockets, socket => socket.Dispose());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int SelectSocket(NextHop hop, uint flowHash)
    {
        // Without its device a group would be sent to wherever the default route leads.
        if (hop.Path is { InterfaceIndex: 0 })
            return -1;

        bool isIPv4 = hop.Spec.Address.IsIPv4;
        int first = isIPv4 ? 0 : _ipv4Count;
        int count = isIPv4 ? _ipv4Count : _sockets.Length - _ipv4Count;
        return count == 0 ? -1 : first + (int)(((ulong)flowHash * (uint)count) >> 32);
    }
}
