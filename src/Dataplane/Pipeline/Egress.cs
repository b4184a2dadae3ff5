using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Forwarding;
using Overlay.Dataplane.Pipeline.Offload;
using Overlay.Dataplane.Ports;
using Overlay.Dataplane.Underlay;
using Overlay.Encap;
using Overlay.Encap.Ethernet;
using Overlay.Encap.Ip;
using Overlay.Forwarding;

namespace Overlay.Dataplane.Pipeline;

/// <summary>
/// The second half of both pipelines: takes decided frames, collects them for the underlay and for ports, sends, and settles what became of each.
/// Owned by one worker; no allocation, no lock, no clock.
/// </summary>
/// <remarks>
/// <para>A frame with one destination keeps its own index in <see cref="FrameOutcomes"/>. Each copy of a flooded frame gets an index beyond the batch, so that its own fate
/// is known; <see cref="Settle"/> counts the copies and tells the frame: delivered if one copy was, else the first copy's reason.</para>
/// <para>Frames to one port, and datagrams of one flow, leave in the order they came. When a collection is full it is sent and begun again in the middle of the batch.</para>
/// </remarks>
internal sealed partial class Egress
{
    private const int CopySize = 1024;

    // Datagrams that are sent together at least: a flood to some hundred VTEPs is one call.
    private const int FloodSize = 256;
    private const int TagLength = 4;
    private const byte DefaultTtl = 64;
    private readonly IUnderlay _underlay;
    private readonly WorkerCounters _counters;
    private readonly PipelineOptions _options;
    private readonly Direction _direction;
    private readonly ForwardingState _state;
    private readonly TxBatch _tx;
    private readonly SuperFrameCutter _cutter = new();
    private readonly PortEgress _ports;
    private readonly int[] _ownerOfCopy = new int[CopySize];
    private readonly BridgeDomain?[] _domains;
    private readonly int[] _peers;
    private ForwardingTables _tables;
    private byte[] _slab = [];
    private int _copyCount;

    internal Egress(ForwardingState state, IUnderlay underlay, WorkerCounters counters, PipelineOptions options, Direction direction)
    {
        _state = state;
        _underlay = underlay;
        _counters = counters;
        _options = options;
        _direction = direction;
        _tables = state.Current;
        _tx = new TxBatch(Math.Max(options.BatchSize, FloodSize));
        Outcomes = new FrameOutcomes(options.BatchSize + CopySize + 1);
        _domains = new BridgeDomain?[options.BatchSize];
        _peers = new int[options.BatchSize];
        _ports = new PortEgress(options.BatchSize, counters.Index, Outcomes);
    }

    /// <summary>What became of the frames of the batch.</summary>
    internal FrameOutcomes Outcomes { get; }

    /// <summary>A batch begins.</summary>
    internal void Begin(ForwardingTables tables, byte[] slab, int count, int queue)
    {
        _tables = tables;
        _slab = slab;
        _tx.Payloads = slab;
        _tx.NextHops = tables.NextHops;

        // A batch that a fault abandoned half-way leaves these behind.
        _tx.Clear();
        Outcomes.Reset(_options.BatchSize, _copyCount);
        _copyCount = 0;
        _ports.Begin(slab, queue);
        Outcomes.Reset(count);
        _domains.AsSpan(0, count).Clear();
        _peers.AsSpan(0, count).Fill(-1);
    }

    /// <summary>Remembers the VNI of a frame, for counters and samples.</summary>
    internal void NoteDomain(int frame, BridgeDomain domain) => _domains[frame] = domain;

    /// <summary>The VNI of a frame; null if it was dropped before one was known.</summary>
    internal BridgeDomain? DomainOf(int frame) => _domains[frame];

    /// <summary>The next hop that a frame was to be sent to; null if it was not decided so.</summary>
    internal NextHop? PeerOf(int frame) => _peers[frame] < 0 ? null : _tables.FindNextHop(_peers[frame]);

    /// <summary>Encapsulates a frame to one next hop.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="nextHop">The next hop's index.</param>
    /// <param name="apart">True if there is no headroom for the longest header before the frame; otherwise the header is written there, and nothing is copied.</param>
    /// <returns>Why not; <see cref="DropReason.None"/> if it was collected. What is too long says how long it may be: <see cref="OutgoingFrame.Limit"/>.</returns>
    internal DropReason ToNextHop(ref OutgoingFrame frame, int nextHop, bool apart = false)
    {
        _peers[frame.Frame] = nextHop;
        return Encapsulate(ref frame, nextHop, frame.Frame, apart);
    }

    /// <summary>Writes a frame to one local port. A tag is pushed for good: the frame goes nowhere else.</summary>
    /// <inheritdoc cref="ToNextHop" path="/returns"/>
    internal DropReason ToPort(ref OutgoingFrame frame, DomainPort place)
    {
        ushort type = VlanTags.TypeOf(_slab.AsSpan(frame.Offset, frame.Length));
        if (!place.Takes(type))
            return DropReason.VlanNotAllowed;

        if (place.Vid != 0)
        {
            VlanTags.Push(_slab, frame.Offset, place.Tag);
            frame.Offset -= TagLength;
            frame.Length += TagLength;
            frame.Vnet = Shifted(frame.Vnet, TagLength);
            frame.Super.Shift(TagLength);
        }

        TxFrame tx = new() { Offset = frame.Offset, Length = frame.Length, Frame = frame.Frame, Vnet = frame.Vnet };
        DropReason reason = Admit(ref tx, frame.LongestLength, place.Port, frame.MaySegment);
        if (reason == DropReason.None)
        {
            _ports.Collect(place.Port, in tx, in frame.Segment);
        }
        else if (reason == DropReason.TooBigSilent)
        {
            // The limit is that of the frame with the tag; one tag is forgiven, and it is this one.
            frame.Limit = FrameRules.LimitOf(place.Vid != 0 ? EtherType.Vlan : type, place.Port.DeliverMtu);
            if (place.Vid != 0)
            {
                TakeTagOff(ref frame);
                frame.Limit -= TagLength;
            }
        }

        return reason;
    }

    // As it was before the port's tag was pushed, for whoever looks at it now.
    private void TakeTagOff(ref OutgoingFrame frame)
    {
        VlanTags.Strip(_slab, frame.Offset);
        frame.Offset += TagLength;
        frame.Length -= TagLength;
        frame.Vnet = Shifted(frame.Vnet, -TagLength);
        frame.Super.Shift(-TagLength);
    }

    /// <summary>Makes a frame a part of the super-frame that was last added to or begun, if that is possible.</summary>
    internal bool TryExtend(DomainPort place, int offset, int length, int frame) => place.Vid == 0 && _ports.TryExtend(_slab, place.Port, offset, length, frame);

    /// <summary>
    /// Copies a frame to the other local ports and, where that is allowed, to the flood list. Tunnel headers lie apart: the frame itself is in every copy.
    /// </summary>
    /// <param name="frame">The frame.</param>
    /// <param name="ingress">The port it came from; −1 if it came from the underlay.</param>
    /// <param name="toUnderlay">Whether the flood list gets copies.</param>
    /// <param name="exceptVtep">The VTEP it came from, which gets no copy; null if none.</param>
    internal void Flood(ref OutgoingFrame frame, int ingress, bool toUnderlay, Vtep? exceptVtep)
    {
        bool any = false;
        ReadOnlySpan<NextHopId> remote = toUnderlay ? frame.Domain.FloodTargets : [];

        // A checksum is finished in the octets that all copies share: before the first copy is collected, or a port's kernel would finish it again.
        if (remote.Length != 0)
            Prepare(ref frame);

        ushort type = VlanTags.TypeOf(_slab.AsSpan(frame.Offset, frame.Length));
        foreach (DomainPort place in frame.Domain.Ports)
        {
            if (place.Port.Id.Index == ingress)
                continue;

            any = true;
            CopyToPort(in frame, place, type);
        }

        foreach (NextHopId id in remote)
        {
            NextHop? hop = FindNextHop(id.Index);
            if (hop is null || hop.Vtep == exceptVtep)
                continue;

            any = true;
            int copy = NewCopy(frame.Frame);
            DropReason reason = Encapsulate(ref frame, id.Index, copy, apart: true);
            if (reason == DropReason.None)
                continue;

            Outcomes.MarkDropped(copy, reason);
            if (reason == DropReason.TooBigSilent)
                frame.TooBigFor?.CountSilent(_counters.Index, Outcomes.Weight(copy));
        }

        if (!any)
            Outcomes.MarkDropped(frame.Frame, DropReason.FloodListEmpty);
    }

    /// <summary>The batch is decided: sends what is collected and settles every copy.</summary>
    internal void Complete()
    {
        Flush();
        Settle();
    }

    /// <summary>The next hop with an index, also one that was published after the batch began.</summary>
    internal NextHop? FindNextHop(int index)
    {
        if (_tables.FindNextHop(index) is { } known)
            return known;

        // The array was grown since the batch began. The new one holds all that the old one held, so datagrams that were collected keep their meaning.
        ForwardingTables newer = _state.Current;
        if (newer.FindNextHop(index) is not { } found)
            return null;

        _tables = newer;
        _tx.NextHops = newer.NextHops;
        return found;
    }

    private static VnetHeader Shifted(in VnetHeader vnet, int by)
    {
        if (!vnet.NeedsCsum && vnet.HdrLen == 0)
            return vnet;

        return vnet with
        {
            CsumStart = vnet.NeedsCsum ? (ushort)(vnet.CsumStart + by) : vnet.CsumStart,
            HdrLen = vnet.HdrLen == 0 ? (ushort)0 : (ushort)(vnet.HdrLen + by),
        };
    }

    private DropReason Encapsulate(ref OutgoingFrame frame, int nextHop, int outcome, bool apart)
    {
        if (!frame.IsHashed)
            Prepare(ref frame);

        if (FindNextHop(nextHop)?.Choose(frame.FlowHash) is not { } hop)
            return DropReason.VtepDown;

        if (hop.Vtep == frame.NotTo)
            return DropReason.SplitHorizon;

        if (frame.Templates.For(hop.Spec, out AnomalyKind? note) is not { } template)
            return DropReason.EncapCannotCarryPolicy;

        // What the path is known not to carry is not offered to it: its sender can be told, and the kernel need not refuse it.
        if (template.Length + frame.LongestLength > hop.PayloadLimit)
        {
            frame.Limit = hop.PayloadLimit - template.Length;
            frame.TooBigFor = hop;
            hop.CountTooBig(_counters.Index, Outcomes.Weight(outcome));
            return DropReason.TooBigSilent;
        }

        if (note is { } kind)
            _counters.AddAnomaly(kind);

        if (frame.Super.Segments > 1)
        {
            AddSegments(ref frame, hop, template, outcome);
            return DropReason.None;
        }

        if (!_tx.HasRoom(apart ? template.Length : 0))
            FlushUnderlay();

        int header = apart ? _tx.TakeHeaders(template.Length) : frame.Offset - template.Length;
        template.WriteTo((apart ? _tx.Headers : _slab).AsSpan(header, template.Length), frame.Domain.Vni);
        ref TxDatagram datagram = ref AddDatagram(in frame, hop, outcome);
        datagram.HeaderOffset = header;
        datagram.HeaderLength = template.Length;
        datagram.TunnelLength = template.Length;
        datagram.PayloadOffset = frame.Offset;
        datagram.PayloadLength = frame.Length;
        datagram.SegmentSize = 0;
        datagram.Segments = 1;
        datagram.HeaderIsApart = apart;
        return DropReason.None;
    }

    // The super-frame stays as it is, for other copies of it: every segment gets its headers apart, tunnel header first.
    private void AddSegments(ref OutgoingFrame frame, NextHop hop, EncapTemplate template, int outcome)
    {
        ref readonly SuperFrame super = ref frame.Super;
        ReadOnlySpan<byte> octets = _slab.AsSpan(frame.Offset, frame.Length);
        if (!frame.IsCut)
        {
            _cutter.Begin(octets, in super);
            frame.IsCut = true;
        }

        int headerLength = template.Length + super.HeaderLength;
        int most = Math.Clamp(TxDatagram.MaxOctets / (headerLength + super.SegmentSize), 1, TxDatagram.MaxSegments);
        for (int first = 0; first < super.Segments; first += most)
        {
            int count = Math.Min(most, super.Segments - first);
            if (!_tx.HasRoom(count * headerLength))
                FlushUnderlay();

            int headers = _tx.TakeHeaders(count * headerLength);
            Span<byte> block = _tx.Headers.AsSpan(headers, count * headerLength);
            for (int offset = 0; offset < block.Length; offset += headerLength)
                template.WriteTo(block[offset..], frame.Domain.Vni);

            _cutter.WriteHeaders(octets, first, count, block[template.Length..], headerLength);
            int payload = first * super.SegmentSize;
            ref TxDatagram datagram = ref AddDatagram(in frame, hop, outcome);
            datagram.HeaderOffset = headers;
            datagram.HeaderLength = headerLength;
            datagram.TunnelLength = template.Length;
            datagram.PayloadOffset = frame.Offset + super.HeaderLength + payload;
            datagram.PayloadLength = Math.Min(super.PayloadLength - payload, count * super.SegmentSize);
            datagram.SegmentSize = super.SegmentSize;
            datagram.Segments = count;
            datagram.HeaderIsApart = true;
        }
    }

    private ref TxDatagram AddDatagram(in OutgoingFrame frame, NextHop hop, int outcome)
    {
        ref TxDatagram datagram = ref _tx.Items[_tx.Count++];
        datagram.NextHop = hop.Id.Index;
        datagram.FlowHash = frame.FlowHash;
        datagram.Frame = outcome;
        datagram.Tos = frame.Tos;
        datagram.Ttl = frame.Ttl;
        return ref datagram;
    }

    /// <summary>The octets of a frame.</summary>
    internal ReadOnlySpan<byte> OctetsOf(in OutgoingFrame frame) => _slab.AsSpan(frame.Offset, frame.Length);

    /// <summary>Makes a frame what goes out, its checksum finished, and decides what its outer headers say.</summary>
    /// <remarks>DSCP by configuration or from the inner packet (RFC 2983), ECN always from the inner packet (RFC 6040 §4.1); a frame without IP is not ECN-capable.</remarks>
    internal void Prepare(ref OutgoingFrame frame)
    {
        Span<byte> octets = _slab.AsSpan(frame.Offset, frame.Length);
        if (frame.Vnet.NeedsCsum && frame.Super.Segments <= 1)
        {
            ChecksumOffload.Finish(octets, frame.Vnet);
            frame.Vnet = default;
        }

        frame.IsHashed = true;
        frame.FlowHash = FlowHash.Compute(octets, _options.HashSeed);
        byte ttl = DefaultTtl;
        if (InnerTos.TryRead(octets, out InnerTosLocation location, out byte tos))
            ttl = Math.Max((byte)1, octets[location.HeaderOffset + (location.IsIPv6 ? 7 : 8)]);

        int dscp = _options.Dscp is { } configured ? configured << 2 : tos & ~EcnRules.Mask;
        frame.Tos = (byte)(dscp | EcnRules.Encapsulate(tos));
        frame.Ttl = _options.InheritTtl ? ttl : (byte)0;
    }

    private DropReason Admit(ref TxFrame frame, int longest, Port port, bool maySegment)
    {
        if (!port.IsUp)
            return DropReason.PortDown;

        int mtu = port.DeliverMtu;
        if (FrameRules.FitsMtu(_slab.AsSpan(frame.Offset, frame.Length), longest, mtu))
            return DropReason.None;

        int segments = maySegment ? ChecksumOffload.TrySegment(_slab, frame.Offset, frame.Length, mtu, ref frame.Vnet) : 0;
        return segments == 0 ? DropReason.TooBigSilent : DropReason.None;
    }

    private void CopyToPort(in OutgoingFrame frame, DomainPort place, ushort type)
    {
        int copy = NewCopy(frame.Frame);
        if (!place.Takes(type))
        {
            Outcomes.MarkDropped(copy, DropReason.VlanNotAllowed);
            return;
        }

        TxFrame tx = new() { Offset = frame.Offset, Length = frame.Length, Frame = copy, Vnet = frame.Vnet };
        if (place.Vid == 0)
        {
            DropReason reason = Admit(ref tx, frame.LongestLength, place.Port, frame.MaySegment);
            if (reason != DropReason.None)
                Outcomes.MarkDropped(copy, reason);
            else
                _ports.Collect(place.Port, in tx, default);

            return;
        }

        // The other copies need the frame without the tag: it is pushed, written at once and taken off again. What waits for the port goes first.
        VlanTags.Push(_slab, frame.Offset, place.Tag);
        tx.Offset -= TagLength;
        tx.Length += TagLength;
        tx.Vnet = Shifted(tx.Vnet, TagLength);
        DropReason verdict = Admit(ref tx, frame.LongestLength + TagLength, place.Port, frame.MaySegment);
        if (verdict != DropReason.None)
        {
            Outcomes.MarkDropped(copy, verdict);
        }
        else
        {
            _ports.WriteNow(place.Port, in tx);
        }

        VlanTags.Strip(_slab, tx.Offset);
    }

    private int NewCopy(int frame)
    {
        if (_copyCount == CopySize)
        {
            Flush();
            Settle();
        }

        int copy = _copyCount++;
        _ownerOfCopy[copy] = frame;
        Outcomes.SetWeight(_options.BatchSize + copy, Outcomes.Weight(frame));
        return _options.BatchSize + copy;
    }

    private void Flush()
    {
        FlushUnderlay();
        _ports.Flush();
    }

    private void FlushUnderlay()
    {
        int count = _tx.Count;
        if (count == 0)
            return;

        _underlay.Send(_tx, Outcomes);
        _tx.Clear();
        NextHop?[] hops = _tx.NextHops;
        for (int i = 0; i < count; i++)
        {
            ref TxDatagram datagram = ref _tx.Items[i];
            if (hops[datagram.NextHop] is not { } hop)
                continue;

            if (datagram.SentCount == 0)
            {
                if (Outcomes.ReasonOf(datagram.Frame) == DropReason.TooBigSilent)
                    hop.CountRefused(_counters.Index, datagram.Segments);

                continue;
            }

            int frame = datagram.Frame < _options.BatchSize ? datagram.Frame : _ownerOfCopy[datagram.Frame - _options.BatchSize];
            int inner = datagram.SentOctets - (datagram.SentCount * datagram.TunnelLength);
            hop.Traffic.Add(_counters.Index, (int)Direction.Tx, datagram.SentCount, datagram.SentOctets);
            _domains[frame]?.State.Traffic.Add(_counters.Index, DomainState.ColumnOf(Direction.Tx, hop.Spec.Encap), datagram.SentCount, inner);
        }
    }

    // An outcome that a device forgot to mark would break the identity of the counters: it counts as refused.
    private void Settle()
    {
        BridgeDomain? domain = null;
        int copies = 0;
        for (int i = 0; i < _copyCount; i++)
        {
            int copy = _options.BatchSize + i;
            int owner = _ownerOfCopy[i];
            int weight = Outcomes.Weight(copy);
            if (_domains[owner] != domain)
            {
                CountCopies(domain, copies);
                (domain, copies) = (_domains[owner], 0);
            }

            copies += weight;
            if (Outcomes.IsDelivered(copy))
            {
                int lost = Outcomes.LostOf(copy, out DropReason lostFor);
                Outcomes.MarkDelivered(owner);
                _counters.AddCopies(_direction, DropReason.None, weight - lost);
                if (lost != 0)
                    _counters.AddCopies(_direction, lostFor, lost);

                continue;
            }

            DropReason reason = Outcomes.IsPending(copy) ? DropReason.InternalError : Outcomes.ReasonOf(copy);
            Outcomes.MarkDropped(owner, reason);
            _counters.AddCopies(_direction, reason, weight);
        }

        CountCopies(domain, copies);
        Outcomes.Reset(_options.BatchSize, _copyCount);
        _copyCount = 0;
    }

    private void CountCopies(BridgeDomain? domain, int copies)
    {
        if (copies != 0)
            domain?.State.Copies.Add(_counters.Index, (int)_direction, copies, 0);
    }
}
