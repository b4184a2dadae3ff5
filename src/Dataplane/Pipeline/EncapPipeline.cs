using System.Buffers.Binary;
using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Forwarding;
using Overlay.Dataplane.Neighbors;
using Overlay.Dataplane.Pipeline.Misses;
using Overlay.Dataplane.Pipeline.Offload;
using Overlay.Dataplane.Ports;
using Overlay.Dataplane.Storm;
using Overlay.Dataplane.Underlay;
using Overlay.Encap;
using Overlay.Encap.Ethernet;
using Overlay.Forwarding;

namespace Overlay.Dataplane.Pipeline;

/// <summary>
/// Access → underlay: what becomes of the frames a worker read from a port.
/// <list type="number">
/// <item>the virtio-net header and the shape of the frame are judged;</item>
/// <item>the tag selects the VNI, and is stripped on a trunk;</item>
/// <item>the source is judged, and learned if the FDB says otherwise (a hint to the control loop);</item>
/// <item>a question for a neighbour that is known is answered here (<see cref="NeighborWatch"/>);</item>
/// <item><see cref="BridgeDomain.Decide"/> says where it goes by its destination;</item>
/// <item>it is encapsulated, written to another port, copied, or held until somebody says who has its destination (<see cref="MissQueue"/>); sent; and counted, exactly once.</item>
/// </list>
/// The methods occur in that order. Owned by one worker; no allocation, lock, log or exception, and a clock only once a batch where something is flooded.
/// </summary>
public sealed partial class EncapPipeline
{
    private readonly ForwardingState _state;
    private readonly WorkerCounters _counters;
    private readonly PipelineOptions _options;
    private readonly LearnRing _ring;
    private readonly HintFilter _hints;
    private readonly NeighborWatch _neighbors;
    private readonly ReplyLimiter _replies;
    private readonly Egress _egress;
    private readonly StormGate _storm;

    /// <summary>Makes a worker's pipeline.</summary>
    /// <param name="state">The forwarding state.</param>
    /// <param name="underlay">Where datagrams are sent.</param>
    /// <param name="counters">The worker's counters.</param>
    /// <param name="ring">The worker's way to the control loop.</param>
    /// <param name="options">Settings.</param>
    public EncapPipeline(ForwardingState state, IUnderlay underlay, WorkerCounters counters, LearnRing ring, PipelineOptions options)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(options);
        _state = state;
        _inbox = state.AddMissInbox();
        _ring = ring;
        _counters = counters;
        _options = options;
        _hints = new HintFilter(ring, counters);
        _neighbors = new NeighborWatch(state, counters, ring);
        _replies = new ReplyLimiter(options.Time);
        _egress = new Egress(state, underlay, counters, options, Direction.Tx);
        _storm = new StormGate(options.Time, counters.Index);
    }

    /// <summary>
    /// Forwards a batch; before it, what waited for an answer and has it now. The caller is inside its <see cref="WorkerEpoch"/>. On return every frame has its outcome or is held, and
    /// the batch may be received into again.
    /// </summary>
    /// <param name="port">The port it was read from.</param>
    /// <param name="queue">The port queue that this worker writes to, of whatever port: taken modulo the port's queues.</param>
    /// <param name="batch">The frames; at most <see cref="PipelineOptions.BatchSize"/>. Their octets and headroom are overwritten.</param>
    public void Process(Port port, int queue, PacketBatch batch)
    {
        ArgumentNullException.ThrowIfNull(port);
        ArgumentNullException.ThrowIfNull(batch);
        if (_misses is not null)
            ReleaseHeld(queue);

        int count = batch.Count;
        if (count == 0)
            return;

        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _options.BatchSize, nameof(batch));
        ForwardingTables tables = _state.Current;
        PortBinding? binding = tables.Find(port);
        _egress.Begin(tables, batch.Slab, count, queue);
        _hints.BeginBatch();
        _storm.BeginBatch();
        _neighbors.BeginBatch();
        _replies.BeginBatch();
        for (int i = 0; i < count; i++)
        {
            DropReason reason = binding is null ? DropReason.PortDown : Forward(tables, binding, batch, i);
            if (reason != DropReason.None)
                _egress.Outcomes.MarkDropped(i, reason);
        }

        _egress.Complete();
        bool hasHeld = _misses is { HasNew: true };
        Tally(port, binding is not null, batch, count, hasHeld);
        if (hasHeld)
            _misses!.Commit();
    }

    private DropReason Forward(ForwardingTables tables, PortBinding binding, PacketBatch batch, int index)
    {
        ref PacketBuffer buffer = ref batch.Items[index];
        Span<byte> frame = batch.Slab.AsSpan(buffer.Offset, buffer.Length);

        SuperFrame super = default;
        if (buffer.Vnet != default && !TryTakeOffloads(ref buffer, frame, index, out super))
            return DropReason.TapBadVnetHeader;

        if (EthernetView.Parse(frame, out EthernetView ethernet) != ParseStatus.Ok)
            return DropReason.TapMalformed;

        // A checksum is not written into what is judged below: addresses, tags and type.
        if (buffer.Vnet.NeedsCsum && buffer.Vnet.CsumStart < ethernet.PayloadOffset)
            return DropReason.TapBadVnetHeader;

        ushort type = VlanTags.TypeOf(frame);
        uint tag = EtherType.IsVlanTag(type) ? BinaryPrimitives.ReadUInt32BigEndian(frame[EthernetHeader.Length..]) : 0;
        DropReason reason = binding.Classify(type, (ushort)(tag >> 16), (ushort)tag, out DomainPort? place, out bool strip);
        if (reason != DropReason.None)
            return reason;

        BridgeDomain domain = place!.Domain;
        _egress.NoteDomain(index, domain);
        OutgoingFrame outgoing = new()
        {
            Frame = index,
            Offset = buffer.Offset,
            Length = buffer.Length,
            Domain = domain,
            Templates = place.Templates,
            Vnet = buffer.Vnet,
            Super = super,
        };
        if (!FrameRules.FitsMtu(frame, outgoing.LongestLength, binding.Port.Mtu))
        {
            // What fits is a question of the frame as it is on the port: one tag is forgiven there, and it may be the one that is stripped.
            outgoing.Limit = FrameRules.LimitOf(type, binding.Port.Mtu);
            if (strip)
            {
                Strip(batch.Slab, ref outgoing);
                (buffer.Offset, buffer.Length) = (outgoing.Offset, outgoing.Length);
                outgoing.Limit -= VlanTag.Length;
            }

            return TellTooBig(place, in outgoing, batch.Slab);
        }

        MacAddress destination = MacAddress.Read(frame);
        reason = JudgeSource(domain, place, MacAddress.Read(frame[MacAddress.Length..]));
        if (reason != DropReason.None)
            return reason;

        if (strip)
        {
            Strip(batch.Slab, ref outgoing);
            buffer.Offset = outgoing.Offset;
            buffer.Length = outgoing.Length;
            buffer.Vnet = outgoing.Vnet;
        }

        ReadOnlySpan<byte> inner = batch.Slab.AsSpan(outgoing.Offset, outgoing.Length);
        if (NeighborWatch.Concerns(domain, inner) && TryAnswer(place, inner, index))
            return DropReason.None;

        ForwardingDecision decision = domain.AsksOnMiss && WaitsFor(domain, destination) ? ForwardingDecision.Miss : domain.Decide(destination, binding.Port.Id.Index);
        reason = Dispatch(tables, ref outgoing, decision, place, destination);
        return reason == DropReason.TooBigSilent ? TellTooBig(place, in outgoing, batch.Slab) : reason;
    }

    // The sender hears what would fit, if it is one that can be told; a bridge that says nothing is a black hole to it.
    private DropReason TellTooBig(DomainPort place, in OutgoingFrame frame, byte[] slab)
    {
        int length = TooBigReply.Write(_egress.ReplyFrame, slab.AsSpan(frame.Offset, frame.Length), in frame.Super, frame.Limit);
        int weight = _egress.Outcomes.Weight(frame.Frame);
        if (length != 0 && !_replies.TryTake())
            return DropReason.TooBigSilent;

        if (length == 0 || !_egress.TryReply(place, length))
        {
            frame.TooBigFor?.CountSilent(_counters.Index, weight);
            return DropReason.TooBigSilent;
        }

        frame.TooBigFor?.CountTold(_counters.Index, weight);
        return DropReason.TooBigNotified;
    }

    // A super-frame weighs its segments from here on, whatever becomes of it. One that is no longer than a segment is a plain frame, as Linux takes it.
    private bool TryTakeOffloads(ref PacketBuffer buffer, ReadOnlySpan<byte> frame, int index, out SuperFrame super)
    {
        super = default;
        if (buffer.Vnet.Validate(buffer.Length) != VnetHeaderStatus.Ok)
            return false;

        if (!buffer.Vnet.IsGso)
            return true;

        if (!SuperFrame.TryParse(frame, in buffer.Vnet, out super))
            return false;

        if (super.Segments > 1)
        {
            buffer.Vnet = buffer.Vnet with { HdrLen = (ushort)super.HeaderLength };
            _egress.Outcomes.SetWeight(index, super.Segments);
        }
        else
        {
            buffer.Vnet = buffer.Vnet with { GsoType = VnetHeader.GsoNone, GsoSize = 0 };
        }

        return true;
    }

    private DropReason JudgeSource(BridgeDomain domain, DomainPort place, MacAddress source)
    {
        if (source.IsMulticast || source.IsZero)
            return DropReason.InnerSourceInvalid;

        FdbEntry known = domain.State.Fdb.Find(source, out FdbUse use);
        if (known.IsPresent)
        {
            if (known.Target == place.Target)
            {
                use.Touch(_state.Epoch);
                return DropReason.None;
            }

            // What was learned from a VTEP never blocks a port, frozen or not.
            if ((known.Flags & FdbFlags.Frozen) != 0 && known.Origin != FdbOrigin.Learned)
                return DropReason.MacFrozen;

            if ((known.Flags & FdbFlags.Sticky) != 0)
                return DropReason.MacSticky;
        }

        // The MAC of another port's device comes in only by a loop, or by a tenant that pretends.
        if (source != place.Port.Mac && domain.IsLocalMac(source))
            return DropReason.InnerSourceIsLocal;

        _hints.Add(new LearnHint { Vni = domain.Vni, Mac = source, Seen = place.Target });
        return DropReason.None;
    }

    // Learns from ARP or neighbour discovery and, where the answer is known, gives it in the target's place: the question goes no further (RFC 9161 §3.3).
    private bool TryAnswer(DomainPort place, ReadOnlySpan<byte> frame, int index)
    {
        NeighborMessage message = _neighbors.Read(place.Domain, frame, place.Target);
        if (!message.Asks)
            return false;

        bool answered = NeighborWatch.TryFind(place.Domain, in message, place.Target, out NeighborEntry entry)
            && _egress.TryReply(place, NeighborReply.Write(_egress.ReplyFrame, in message, entry));
        _neighbors.Count(place.Domain, message.IsIPv6, answered);
        if (answered)
            _egress.Outcomes.MarkConsumed(index);

        return answered;
    }

    // The checksum's place moves with the frame.
    private static void Strip(byte[] slab, ref OutgoingFrame frame)
    {
        VlanTags.Strip(slab, frame.Offset);
        frame.Offset += VlanTag.Length;
        frame.Length -= VlanTag.Length;
        frame.Super.Shift(-VlanTag.Length);
        if (frame.Vnet.NeedsCsum)
            frame.Vnet = frame.Vnet with { CsumStart = (ushort)(frame.Vnet.CsumStart - VlanTag.Length), HdrLen = (ushort)Math.Max(0, frame.Super.HeaderLength) };
    }

    private DropReason Dispatch(ForwardingTables tables, ref OutgoingFrame frame, ForwardingDecision decision, DomainPort from, MacAddress destination)
    {
        switch (decision.Verdict)
        {
            case ForwardingVerdict.NextHop:
                return _egress.ToNextHop(ref frame, decision.Index);
            case ForwardingVerdict.Port:
                return tables.FindPort(decision.Index)?.In(frame.Domain) is { } place ? _egress.ToPort(ref frame, place) : DropReason.PortDown;
            case ForwardingVerdict.Flood:
                if (!_storm.Admits(from.Storm, destination, _egress.Outcomes.Weight(frame.Frame)))
                    return DropReason.StormLimit;

                NoteInGateway(ref frame);
                _egress.Flood(ref frame, from.Port.Id.Index, toUnderlay: true, exceptVtep: null);
                return DropReason.None;
            case ForwardingVerdict.Miss:
                return Hold(in frame, from, destination);
            default:
                return decision.Reason;
        }
    }

    // As the others get it, or it would not be known again when one of them sends it back. A super-frame goes out in pieces, and those are known to the others only.
    private void NoteInGateway(ref OutgoingFrame frame)
    {
        if (frame.Domain.State.Loops is not { } loops || frame.Super.Segments > 1)
            return;

        _egress.Prepare(ref frame);
        loops.Note(_egress.OctetsOf(in frame), _storm.Now());
    }

    private void Tally(Port port, bool isPlaced, PacketBatch batch, int count, bool hasHeld)
    {
        FrameOutcomes outcomes = _egress.Outcomes;
        int received = 0;
        int delivered = 0;
        int consumed = 0;
        int held = 0;
        for (int i = 0; i < count; i++)
        {
            ref PacketBuffer buffer = ref batch.Items[i];
            int weight = outcomes.Weight(i);
            received += weight;
            if (hasHeld && outcomes.IsHeld(i))
            {
                held += weight;
                continue;
            }

            // Each segment of a super-frame has the headers that the whole has.
            if (isPlaced)
                port.Traffic.Add(_counters.Index, (int)Direction.Tx, weight, buffer.Length + ((weight - 1) * buffer.Vnet.HdrLen));

            if (outcomes.IsDelivered(i))
            {
                int lost = outcomes.LostOf(i, out DropReason reason);
                delivered += weight - lost;
                if (lost != 0)
                    CountDropped(batch.Frame(i), i, reason, lost);
            }
            else if (outcomes.IsConsumed(i))
            {
                consumed += weight;
            }
            else
            {
                CountDropped(batch.Frame(i), i, outcomes.IsPending(i) ? DropReason.InternalError : outcomes.ReasonOf(i), weight);
            }
        }

        _counters.AddDelivered(Direction.Tx, delivered);
        _counters.AddConsumed(Direction.Tx, consumed);
        _counters.AddReceived(Direction.Tx, received, held);
    }

    private void CountDropped(ReadOnlySpan<byte> octets, int frame, DropReason reason, int count)
    {
        _counters.AddDropped(Direction.Tx, reason, count);
        _counters.OfferSample(Direction.Tx, reason, octets, _egress.DomainOf(frame)?.Vni, _egress.PeerOf(frame)?.Spec.Address);
    }
}
