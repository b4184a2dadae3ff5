using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Forwarding;
using Overlay.Dataplane.Neighbors;
using Overlay.Dataplane.Pipeline.Merging;
using Overlay.Dataplane.Probes;
using Overlay.Dataplane.Storm;
using Overlay.Dataplane.Underlay;
using Overlay.Encap;
using Overlay.Encap.Ethernet;
using Overlay.Encap.Ip;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;

namespace Overlay.Dataplane.Pipeline;

/// <summary>
/// Underlay → access: what becomes of the datagrams a worker received.
/// <list type="number">
/// <item><see cref="TunnelJudge"/> reads the tunnel header; what it refuses is dropped for the reason <see cref="ParseDrops"/> gives;</item>
/// <item>the VNI finds the domain, and the outer source must be admitted to it: before a single octet of the inner frame is looked at;</item>
/// <item>the inner frame, its source and the policy option are judged; the source is learned where the VNI learns remotely;</item>
/// <item>ECN is combined (RFC 6040 §4.2), a checksum that nobody finished is marked for the receiver's kernel;</item>
/// <item>what is equal in everything that was looked at, up to the inner type, has the verdict of the datagram before it;</item>
/// <item>it goes to one local port or to all of them, never to the underlay again (split horizon) unless the VNI is a gateway; and is counted, exactly once.</item>
/// </list>
/// The methods occur in that order. Owned by one worker; no allocation, lock, log or exception, and a clock only once a batch where something is flooded.
/// </summary>
public sealed partial class DecapPipeline
{
    private const int FromUnderlay = -1;
    private readonly ForwardingState _state;
    private readonly WorkerCounters _counters;
    private readonly PipelineOptions _options;
    private readonly HintFilter _hints;
    private readonly NeighborWatch _neighbors;
    private readonly Egress _egress;
    private readonly StormGate _storm;
    private readonly int[] _sources;
    private readonly Verdict _verdict = new();
    private readonly DecapTally _tally;
    private TunnelJudgeOptions _judging;
    private ForwardingTables? _judgingFor;
    private AllowList? _admittedBy;
    private UnderlayAddress _admittedSource;
    private int _admittedHop;

    /// <summary>Makes a worker's pipeline.</summary>
    /// <param name="state">The forwarding state.</param>
    /// <param name="underlay">Where a gateway VNI sends what goes back to the underlay.</param>
    /// <param name="counters">The worker's counters.</param>
    /// <param name="ring">The worker's way to the control loop.</param>
    /// <param name="options">Settings.</param>
    public DecapPipeline(ForwardingState state, IUnderlay underlay, WorkerCounters counters, LearnRing ring, PipelineOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _state = state;
        _counters = counters;
        _options = options;
        _hints = new HintFilter(ring, counters);
        _neighbors = new NeighborWatch(state, counters, ring);
        _egress = new Egress(state, underlay, counters, options, Direction.Rx);
        _storm = new StormGate(options.Time, counters.Index);
        _sources = new int[options.BatchSize];
        _tally = new DecapTally(_egress, counters);
        _gate = new ControlGate(options.Time);
        _judging = TunnelJudgeOptions.Default;
    }

    /// <summary>
    /// Forwards a batch. The caller is inside its <see cref="WorkerEpoch"/>. On return every datagram has its outcome and the batch may be received into again.
    /// </summary>
    /// <param name="batch">The datagrams; at most <see cref="PipelineOptions.BatchSize"/>. Their octets are overwritten.</param>
    /// <param name="queue">The port queue that this worker writes to, of whatever port: taken modulo the port's queues.</param>
    public void Process(DatagramBatch batch, int queue = 0)
    {
        ArgumentNullException.ThrowIfNull(batch);
        int count = batch.Count;
        if (count == 0)
            return;

        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _options.BatchSize, nameof(batch));
        ForwardingTables tables = _state.Current;
        if (!ReferenceEquals(_judgingFor, tables))
        {
            _judging = new TunnelJudgeOptions(tables.Registry, _options.Strict, tables.ReadsGbp);
            _judgingFor = tables;
        }

        _egress.Begin(tables, batch.Slab, count, queue);
        _hints.BeginBatch();
        _storm.BeginBatch();
        _neighbors.BeginBatch();
        _verdict.Forget();
        for (int i = 0; i < count; i++)
        {
            _sources[i] = -1;
            bool isAlike = batch.Info[i].InnerSegmentLength == 0 && _verdict.Covers(batch.Datagram(i), in batch.Info[i]);
            DropReason reason = isAlike ? ForwardAlike(batch, i) : Forward(tables, batch, i);
            if (reason != DropReason.None)
                _egress.Outcomes.MarkDropped(i, reason);
        }

        _egress.Complete();
        _tally.Count(batch, count, _sources);
    }

    // Everything about it was judged with an earlier datagram of the batch, but for what changes from frame to frame.
    private DropReason ForwardAlike(DatagramBatch batch, int index)
    {
        ref PacketBuffer buffer = ref batch.Items[index];
        byte tos = batch.Info[index].Tos;
        DomainPort place = _verdict.Place;
        _sources[index] = _verdict.SourceHop;
        _egress.NoteDomain(index, place.Domain);
        int offset = buffer.Offset + _verdict.InnerOffset;
        int length = buffer.Length - _verdict.InnerOffset;
        Span<byte> octets = batch.Slab.AsSpan(offset, length);
        if (InnerFrame.Check(octets) != ParseStatus.Ok)
            return DropReason.InnerTruncated;

        if ((tos & EcnRules.Mask) != 0 && !TryCombineEcn(octets, tos))
            return DropReason.EcnCeNotEct;

        LearnNeighbor(place.Domain, octets, _verdict.SourceHop);
        if (_egress.TryExtend(place, offset, length, index))
            return DropReason.None;

        OutgoingFrame frame = new() { Frame = index, Offset = offset, Length = length, Domain = place.Domain };
        ReadChecksum(batch.Slab, ref frame);
        return _egress.ToPort(ref frame, place);
    }

    private DropReason Forward(ForwardingTables tables, DatagramBatch batch, int index)
    {
        ref PacketBuffer buffer = ref batch.Items[index];
        ref DatagramInfo outer = ref batch.Info[index];
        byte[] slab = batch.Slab;

        ParseStatus status = TunnelJudge.Judge(slab.AsSpan(buffer.Offset, buffer.Length), outer.Encap, in _judging, out TunnelInfo info);

        // A short inner frame is the inner frame's matter: VNI and source come first.
        if (status is not (ParseStatus.Ok or ParseStatus.InnerTruncated))
            return status == ParseStatus.GeneveOam ? TakeControl(tables, batch, index, in info) : ParseDrops.ReasonOf(status);

        if (tables.Vnis.Find(info.Vni) is not { } domain)
            return DropReason.VniUnknown;

        _egress.NoteDomain(index, domain);
        if (tables.IsSelf(outer.Source))
            return DropReason.VtepSelf;

        if (!TryAdmit(domain.State.Allow, in outer, out int sourceHop))
            return DropReason.VtepUnknown;

        _sources[index] = sourceHop;
        if (info.HasPolicy && outer.Encap == EncapKind.Vxlan && !domain.ReadsGbp)
        {
            if (_options.Strict)
                return DropReason.ReservedBitsSet;

            info.Fields &= ~(TunnelFields.Policy | TunnelFields.DontLearn | TunnelFields.PolicyApplied);
            info.Anomalies |= ParseAnomaly.VxlanReservedBits;
        }

        if (info.Anomalies != ParseAnomaly.None)
            _counters.AddAnomalies(info.Anomalies);

        return ForwardInner(tables, domain, slab, new OutgoingFrame
        {
            Frame = index,
            Offset = buffer.Offset + info.InnerOffset,
            Length = info.InnerLength,
            Domain = domain,
            Templates = domain.Templates,
            GivenSegmentSize = domain.Spec.Gateway ? (ushort)0 : outer.InnerSegmentLength,
        }, in info, in outer, sourceHop);
    }

    // Datagrams come in runs from one VTEP into one VNI: the answer is kept for the list it came from, which is never changed but replaced.
    private bool TryAdmit(AllowList list, in DatagramInfo outer, out int nextHop)
    {
        if (!ReferenceEquals(list, _admittedBy) || !_admittedSource.Equals(outer.Source))
        {
            if (!list.TryAdmit(outer.Source, out nextHop))
                return false;

            _admittedBy = list;
            _admittedSource = outer.Source;
            _admittedHop = nextHop;
        }

        nextHop = _admittedHop;
        return true;
    }

    private DropReason ForwardInner(
        ForwardingTables tables, BridgeDomain domain, byte[] slab, OutgoingFrame frame, in TunnelInfo info, in DatagramInfo outer, int sourceHop)
    {
        Span<byte> octets = slab.AsSpan(frame.Offset, frame.Length);
        if (InnerFrame.Check(octets) != ParseStatus.Ok)
            return DropReason.InnerTruncated;

        _verdict.Begin(slab.AsSpan(frame.Offset - info.InnerOffset, frame.Length + info.InnerOffset), in outer, info.InnerOffset);
        NextHop? peer = sourceHop < 0 ? null : _egress.FindNextHop(sourceHop);
        MacAddress source = MacAddress.Read(octets[MacAddress.Length..]);
        if (source.IsMulticast || source.IsZero)
            return TakeControl(domain.Vni, octets, in outer, sourceHop, frame.Frame, DropReason.InnerSourceInvalid);

        if (domain.IsLocalMac(source))
            return DropReason.InnerSourceIsLocal;

        MacAddress destination = MacAddress.Read(octets);
        ForwardingDecision decision = domain.Decide(destination, FromUnderlay);
        if (decision is { Verdict: ForwardingVerdict.Drop, Reason: DropReason.LinkLocal })
            return DropReason.LinkLocal;

        if (domain.Spec.PolicyRequired && !info.HasPolicy && !IsExcused(domain, outer.Encap))
            return DropReason.PolicyOptionMissing;

        if ((outer.Tos & EcnRules.Mask) != 0 && !TryCombineEcn(octets, outer.Tos))
            return DropReason.EcnCeNotEct;

        // RFC 7348 §6.1: what no port may take is invalid, and nothing is learned from it.
        if (EtherType.IsVlanTag(VlanTags.TypeOf(octets)) && !MayBeTagged(tables, domain, decision))
            return DropReason.VlanNotAllowed;

        // Before anything is learned from it: a frame that went in a circle says nothing of where its sender is.
        if (decision.Verdict == ForwardingVerdict.Flood && domain.State.Loops is { } loops && !loops.TryAdmit(octets, peer?.Vtep.FloodSource ?? LoopGuard.SourceOf(outer.Source), _storm.Now()))
            return DropReason.GatewayLoop;

        DropReason reason = LearnSource(domain, source, peer, in info, in outer);
        if (reason != DropReason.None)
            return reason;

        if (!info.DontLearn)
            LearnNeighbor(domain, octets, sourceHop);

        if (info.Fields != TunnelFields.None)
            peer?.NoteOptions(in info);

        return Dispatch(tables, slab, ref frame, decision, peer, info.Anomalies == ParseAnomaly.None && !info.DontLearn ? sourceHop : null);
    }

    // To a gateway's next hops a tag goes along, whatever the local ports are.
    private static bool MayBeTagged(ForwardingTables tables, BridgeDomain domain, ForwardingDecision decision) => decision.Verdict switch
    {
        ForwardingVerdict.Port => tables.FindPort(decision.Index)?.In(domain) is not { CarriesTags: false },
        ForwardingVerdict.Flood => domain.CarriesTags || domain.Spec.Gateway || domain.Ports.IsEmpty,
        _ => true,
    };

    // Where the operator lets our own kind strip the policy id towards VXLAN peers, those cannot be asked for it either.
    private static bool IsExcused(BridgeDomain domain, EncapKind encap) =>
        encap == EncapKind.Vxlan && domain.Spec.OnVxlanPeer == VxlanPolicyAction.Strip;

    private bool TryCombineEcn(Span<byte> frame, byte outer)
    {
        if (!InnerTos.TryRead(frame, out InnerTosLocation location, out byte tos))
            return true;

        EcnVerdict verdict = EcnRules.Combine(tos, outer, out bool alarm);
        if (alarm)
            _counters.AddAnomaly(AnomalyKind.EcnUnexpected);

        if (verdict == EcnVerdict.Drop)
            return false;

        byte combined = (byte)((tos & ~EcnRules.Mask) | (byte)verdict);
        if (combined != tos)
            InnerTos.Write(frame, location, combined);

        return true;
    }

    private DropReason LearnSource(BridgeDomain domain, MacAddress source, NextHop? peer, in TunnelInfo info, in DatagramInfo outer)
    {
        FdbEntry known = domain.State.Fdb.Find(source, out FdbUse use);
        if (known.IsPresent)
        {
            if (peer is not null && LeadsTo(known.Target, peer))
            {
                // What was learned before learning was switched off ages, however busy it is.
                if (domain.State.RemoteLearning)
                    use.Touch(_state.Epoch);

                return DropReason.None;
            }

            if ((known.Flags & FdbFlags.Frozen) != 0)
                return DropReason.MacFrozen;

            if ((known.Flags & FdbFlags.Sticky) != 0)
                return DropReason.MacSticky;
        }

        if (!domain.State.RemoteLearning || info.DontLearn)
            return DropReason.None;

        LearnHint hint = new() { Vni = domain.Vni, Mac = source, Encap = outer.Encap };
        if (peer is not null)
        {
            hint.Seen = FdbTarget.ToNextHop(peer.Id);
        }
        else
        {
            hint.Source = outer.Source;
            hint.SourceHasNoNextHop = true;
        }

        _hints.Add(in hint);
        return DropReason.None;
    }

    // Where MACs are learned from VTEPs, so is who has which address; where a control plane says it, nothing is (RFC 9161 §3.2). Questions from VTEPs are for the target.
    private void LearnNeighbor(BridgeDomain domain, ReadOnlySpan<byte> frame, int sourceHop)
    {
        if (sourceHop >= 0 && NeighborWatch.Concerns(domain, frame) && domain.State.RemoteLearning)
            _ = _neighbors.Read(domain, frame, FdbTarget.ToNextHop(new NextHopId(sourceHop)));
    }

    // A VTEP with two addresses is one VTEP, and a group leads to each of its members: a MAC does not move between those.
    private bool LeadsTo(FdbTarget target, NextHop peer)
    {
        if (target.IsPort)
            return false;

        if (target.Index == peer.Id.Index)
            return true;

        if (_egress.FindNextHop(target.Index) is not { } hop)
            return false;

        foreach (NextHop member in hop.Members)
        {
            if (member.Vtep == peer.Vtep)
                return true;
        }

        return !hop.IsGroup && hop.Vtep == peer.Vtep;
    }

    // Oddities are counted datagram by datagram: a verdict about one that has some is not kept.
    private DropReason Dispatch(
        ForwardingTables tables, byte[] slab, ref OutgoingFrame frame, ForwardingDecision decision, NextHop? peer, int? keepFor)
    {
        if (decision.Verdict == ForwardingVerdict.Drop)
            return decision.Reason;

        DomainPort? only = null;
        if (decision.Verdict == ForwardingVerdict.Flood)
        {
            // To the only place there is, nothing is copied. A frame to one host, whose MAC nobody knows yet (it only listens), goes there as it would if it were known:
            // a sender who wants to fill that port can send to a known one just as well, and a limit would only hit hosts that are silent.
            only = !frame.Domain.Spec.Gateway && frame.Domain.Ports is [var single] ? single : null;
            MacAddress destination = MacAddress.Read(slab.AsSpan(frame.Offset, MacAddress.Length));
            bool isLimited = only is null || destination.IsMulticast;
            if (isLimited && !_storm.Admits(frame.Domain.State.Storm, destination, 1))
                return DropReason.StormLimit;

            // The storm limit asks for every frame: no verdict is kept.
            keepFor = isLimited ? null : keepFor;
        }

        ReadChecksum(slab, ref frame);
        switch (decision.Verdict)
        {
            case ForwardingVerdict.Port:
                return tables.FindPort(decision.Index)?.In(frame.Domain) is { } place ? ToPort(ref frame, place, keepFor) : DropReason.PortDown;
            case ForwardingVerdict.Flood when only is not null:
                return ToPort(ref frame, only, keepFor);
            case ForwardingVerdict.NextHop:
                // Only a gateway's decision says so. Which member of a group it would be is known when the flow is.
                frame.NotTo = peer?.Vtep;

                // What precedes the frame is its own tunnel header, which may be shorter than the new one, and before that another datagram.
                DropReason reason = _egress.ToNextHop(ref frame, decision.Index, apart: true);
                if (reason == DropReason.TooBigSilent)
                    frame.TooBigFor?.CountSilent(_counters.Index, 1);

                return reason;
            default:
                _egress.Flood(ref frame, FromUnderlay, frame.Domain.Spec.Gateway, peer?.Vtep);
                return DropReason.None;
        }
    }

    private DropReason ToPort(ref OutgoingFrame frame, DomainPort place, int? keepFor)
    {
        if (keepFor is { } hop)
            _verdict.Set(place, hop);

        return _egress.ToPort(ref frame, place);
    }

    private void ReadChecksum(byte[] slab, ref OutgoingFrame frame)
    {
        if (!InnerSegment.TryLocate(slab, frame.Offset, frame.Length, out frame.Segment))
            return;

        frame.Segment.Verify(slab);
        if (frame.Segment.Checksum == ChecksumState.Unfinished)
        {
            _counters.AddAnomaly(AnomalyKind.InnerChecksumUnfinished);
            frame.Vnet = ChecksumOffload.Unfinished(in frame.Segment, frame.Offset);
            frame.MaySegment = !ChecksumOffload.TrySegmentAsGiven(slab, ref frame);
        }
    }
}
