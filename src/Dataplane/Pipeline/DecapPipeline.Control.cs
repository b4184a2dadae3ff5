using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Forwarding;
using Overlay.Dataplane.Probes;
using Overlay.Encap;
using Overlay.Encap.Probes;

namespace Overlay.Dataplane.Pipeline;

/// <content>
/// Frames between VTEPs that are for the daemon: consumed, bounded, and never a tenant's. They are looked for among what would be dropped anyway (O bit, invalid source), so
/// ordinary frames pay nothing.
/// </content>
public sealed partial class DecapPipeline
{
    private readonly ControlGate _gate;

    // O outranks everything else in the judge, so VNI and source have not been looked at yet. With a critical option there is more to understand than we do.
    private DropReason TakeControl(ForwardingTables tables, DatagramBatch batch, int index, in TunnelInfo info)
    {
        ref PacketBuffer buffer = ref batch.Items[index];
        ref DatagramInfo outer = ref batch.Info[index];
        ReadOnlySpan<byte> octets = batch.Slab.AsSpan(buffer.Offset + info.InnerOffset, info.InnerLength);
        if ((info.Fields & TunnelFields.Critical) != 0 || info.ProtocolType != Encap.Ethernet.EtherType.TransparentEthernet || !ProbeFrame.TryRead(octets, out _))
            return DropReason.GeneveOam;

        if (tables.Vnis.Find(info.Vni) is not { } domain)
            return DropReason.VniUnknown;

        _egress.NoteDomain(index, domain);
        if (tables.IsSelf(outer.Source))
            return DropReason.VtepSelf;

        return TryAdmit(domain.State.Allow, in outer, out int sourceHop)
            ? TakeControl(domain.Vni, octets, in outer, sourceHop, index, DropReason.GeneveOam)
            : DropReason.VtepUnknown;
    }

    /// <param name="vni">The VNI.</param>
    /// <param name="octets">The inner frame.</param>
    /// <param name="outer">Outer facts; the source is admitted.</param>
    /// <param name="sourceHop">The next hop that answers to the source.</param>
    /// <param name="index">Where the outcome goes.</param>
    /// <param name="otherwise">What it is if it is not for us.</param>
    private DropReason TakeControl(Vni vni, ReadOnlySpan<byte> octets, in DatagramInfo outer, int sourceHop, int index, DropReason otherwise)
    {
        if (_options.Control is not { } inbox || !ProbeFrame.TryRead(octets, out ProbeFrame probe))
            return otherwise;

        if (!_gate.TryTake(outer.Source.GetHashCode(), out long now))
            return DropReason.ControlLimit;

        ControlFrame frame = new() { Vni = vni, Source = outer.Source, Encap = outer.Encap, SourceHop = sourceHop, At = now, Probe = probe };
        if (!inbox.TryPut(in frame))
            return DropReason.ControlLimit;

        _egress.Outcomes.MarkConsumed(index);
        return DropReason.None;
    }
}
