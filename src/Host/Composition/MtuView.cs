using System.Collections.Immutable;
using Overlay.Api;
using Overlay.Control.Queries;
using Overlay.Dataplane;
using Overlay.Dataplane.Forwarding;
using Overlay.Encap;
using Overlay.Forwarding.Topology;
using Overlay.Host.Configuration;

namespace Overlay.Host.Composition;

/// <summary>Paths and ports in the API's form.</summary>
internal static class MtuView
{
    public static MtuResponse Build(OverlayConfig config, DataplaneSnapshot snapshot, ImmutableArray<VtepRow> vteps, IReadOnlyList<NextHop> hops) => new()
    {
        Peers = [.. vteps.Select(row => Peer(row, config, snapshot, hops)).OrderBy(peer => peer.Peer, StringComparer.Ordinal)],
        Ports = [.. config.Topology.Ports.Values.Select(spec => Port(spec, config.Topology, snapshot))],
    };

    private static MtuPeer Peer(VtepRow row, OverlayConfig config, DataplaneSnapshot snapshot, IReadOnlyList<NextHop> hops)
    {
        var encap = row.Encap ?? EncapKind.Vxlan;
        var path = PathView.Of(row, encap, config, snapshot);
        var own = hops.Where(hop => !hop.IsGroup && row.NextHops.Contains(hop.Id)).ToArray();
        return new MtuPeer
        {
            Peer = row.Name,
            Address = FdbView.Address(row.Address),
            Encap = FdbView.Encap(encap)!,
            Vnis = [.. row.Vnis.Select(vni => (int)vni.Value)],
            LinkMtu = path.LinkMtu,
            ToldMtu = path.Told,
            ToldSecondsAgo = path.ToldAgo is { } ago ? Math.Round(ago.TotalSeconds, 1) : null,
            Overhead = path.Overhead,
            OverlayMtu = path.OverlayMtu,
            TooBigFrames = own.Sum(hop => hop.Traffic.Frames(NextHop.TooBigColumn)),
            ToldFrames = own.Sum(hop => hop.Traffic.Frames(NextHop.ToldColumn)),
        };
    }

    private static MtuPort Port(PortSpec spec, TopologySpec topology, DataplaneSnapshot snapshot) => new()
    {
        Port = spec.Name,
        Device = spec.Device,
        Netns = spec.Netns,
        Mtu = snapshot.Ports.Where(port => port.Name == spec.Name).Select(port => port.Mtu).FirstOrDefault() is > 0 and var mtu ? mtu : null,
        Auto = spec.Mtu is null,
        Vnis =
        [
            .. (spec.Mode == PortMode.Trunk
                    ? spec.Vlans.Values.Concat(spec.NativeVni is { } native ? [native] : [])
                    : topology.Vnis.Where(vni => vni.Ports.Contains(spec.Name, StringComparer.Ordinal)).Select(vni => vni.Vni))
                .Select(vni => (int)vni.Value).Order(),
        ],
    };
}
