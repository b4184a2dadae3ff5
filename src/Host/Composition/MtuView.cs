using System.Collections.Immutable;
using Overlay.Api;
using Overlay.Control.Queries;
using Overlay.Dataplane;
using Overlay.Dataplane.Forwarding;
using Overlay.Dataplane.Underlay;
using Overlay.Encap;
using Overlay.Forwarding.Topology;
using Overlay.Host.Configuration;

namespace Overlay.Host.Composition;

/// <summary>Paths and ports in the API's form.</summary>
internal static class MtuView
{
    public static MtuResponse Build(OverlayConfig config, DataplaneSnapshot snapshot, ImmutableArray<VtepRow> vteps, IReadOnlyList<NextHop> hops) => new()
    {
        Peers =
        [
            .. vteps.Select(row => Peer(row, config, snapshot, hops)).OrderBy(peer => peer.Peer, StringComparer.Ordinal),
            .. hops.Where(hop => hop.Path is not null).Select(hop => Group(hop, config, snapshot)).OrderBy(peer => peer.Peer, StringComparer.Ordinal),
        ],
        Ports = [.. config.Topology.Ports.Values.Select(spec => Port(spec, config.Topology, snapshot))],
    };

    private static MtuPeer Peer(VtepRow row, OverlayConfig config, DataplaneSnapshot snapshot, IReadOnlyList<NextHop> hops)
    {
        var encap = row.Encap ?? EncapKind.Vxlan;
        var own = hops.Where(hop => !hop.IsGroup && row.NextHops.Contains(hop.Id)).ToArray();
        return Row(row.Name, row.Address, encap, row.Vnis, PathView.Of(row, encap, config, snapshot), own);
    }

    private static MtuPeer Group(NextHop hop, OverlayConfig config, DataplaneSnapshot snapshot)
    {
        Vni[] vnis = [.. config.Topology.Vnis.Where(vni => vni.Group == hop.Path!.Group).Select(vni => vni.Vni)];
        return Row(hop.Vtep.Name, hop.Spec.Address, hop.Spec.Encap, vnis, PathView.Of(hop.Path!, vnis, config, snapshot), [hop]);
    }

    private static MtuPeer Row(string name, UnderlayAddress address, EncapKind encap, IEnumerable<Vni> vnis, PathView path, NextHop[] hops) => new()
    {
        Peer = name,
        Address = FdbView.Address(address),
        Encap = FdbView.Encap(encap)!,
        Vnis = [.. vnis.Select(vni => (int)vni.Value)],
        LinkMtu = path.LinkMtu,
        ToldMtu = path.ToldMtu,
        ToldBy = path.ToldMtu is null ? null : path.Told is { Source: PathMtuSource.Network } ? "network" : "kernel",
        ToldSecondsAgo = path is { ToldMtu: not null, Told: { } told } ? Math.Round(told.Age.TotalSeconds, 1) : null,
        RefusedMtu = path.Told is { Refused: > 0 } refused ? refused.Refused : null,
        Overhead = path.Overhead,
        OverlayMtu = path.OverlayMtu,
        TooBigFrames = hops.Sum(hop => hop.TooBigFrames),
        ToldFrames = hops.Sum(hop => hop.ToldFrames),
        SilentFrames = hops.Sum(hop => hop.SilentFrames),
        SilentLastMinute = hops.Sum(hop => hop.SilentLately),
    };

    private static MtuPort Port(PortSpec spec, TopologySpec topology, DataplaneSnapshot snapshot) => new()
    {
        Port = spec.Name,
        Device = spec.Device,
        Netns = spec.Netns,
        Mtu = DeviceOf(spec, snapshot).DeviceMtu is > 0 and var mtu ? mtu : null,
        Limit = DeviceOf(spec, snapshot).Mtu is > 0 and var limit ? limit : null,
        Auto = spec.Mtu is null,
        Refused = DeviceOf(spec, snapshot).IsMtuRefused,
        Vnis =
        [
            .. (spec.Mode == PortMode.Trunk
                    ? spec.Vlans.Values.Concat(spec.NativeVni is { } native ? [native] : [])
                    : topology.Vnis.Where(vni => vni.Ports.Contains(spec.Name, StringComparer.Ordinal)).Select(vni => vni.Vni))
                .Select(vni => (int)vni.Value).Order(),
        ],
    };

    private static DataplaneSnapshot.PortStatus DeviceOf(PortSpec spec, DataplaneSnapshot snapshot) => snapshot.Ports.FirstOrDefault(port => port.Name == spec.Name);
}
