using Overlay.Control.Queries;
using Overlay.Dataplane;
using Overlay.Dataplane.Forwarding;
using Overlay.Dataplane.Underlay;
using Overlay.Encap;
using Overlay.Forwarding.Topology;
using Overlay.Host.Configuration;

namespace Overlay.Host.Composition;

/// <summary>What the path to a VTEP or group takes, and what is left of it for a tenant's IP packet.</summary>
/// <param name="LinkMtu">MTU of the device that has our address of the family, or that a group is sent by; null if unknown.</param>
/// <param name="Told">What is known of the path; null if nobody said anything.</param>
/// <param name="Overhead">Octets around an inner IP packet: outer IP and UDP, tunnel header, configured options, inner Ethernet header.</param>
internal readonly record struct PathView(int? LinkMtu, PathMtu? Told, int Overhead)
{
    private const int OptionLength = 8;
    private const int TunnelLength = 8;
    private const int UdpLength = 8;
    private const int EthernetLength = 14;

    /// <summary>What the path takes, outer IP header included; null if unknown.</summary>
    public int? PathMtu => ToldMtu is { } told && LinkMtu is { } link ? Math.Min(told, link) : ToldMtu ?? LinkMtu;

    /// <summary>What was said of the path; null if nothing that is believed.</summary>
    public int? ToldMtu => Told is { Mtu: > 0 } told ? told.Mtu : null;

    /// <summary>What an inner IP packet may have; null if unknown.</summary>
    public int? OverlayMtu => PathMtu is { } path ? Math.Max(0, path - Overhead) : null;

    public static PathView Of(VtepRow row, EncapKind encap, OverlayConfig config, DataplaneSnapshot snapshot) => row.Address == default
        ? default
        : Of(row.Address, encap, LinkOf(row.Address, snapshot), row.Vnis, config.Topology, snapshot);

    public static PathView Of(GroupPath group, IReadOnlyCollection<Vni> vnis, OverlayConfig config, DataplaneSnapshot snapshot)
    {
        var device = snapshot.Underlay.Devices.Where(device => device.Name == group.Group.Device).Select(device => device.Mtu).FirstOrDefault();
        var link = device > 0 ? device : LinkOf(group.Group.Address, snapshot);
        return Of(group.Group.Address, group.Encap, link, vnis, config.Topology, snapshot);
    }

    private static PathView Of(UnderlayAddress address, EncapKind encap, int link, IReadOnlyCollection<Vni> vnis, TopologySpec topology, DataplaneSnapshot snapshot)
    {
        var specs = topology.Vnis.Where(vni => vnis.Contains(vni.Vni)).ToArray();
        var identities = topology.Ports.Values.Any(port => port.Identity is not null && Array.Exists(specs, vni => IsIn(port, vni)));
        var options = encap != EncapKind.Geneve ? 0 : (Array.Exists(specs, vni => vni.PolicyId is not null) ? OptionLength : 0) + (identities ? OptionLength : 0);
        return new PathView(
            link == 0 ? null : link,
            snapshot.PathMtus.Where(told => told.Destination == address).Select(told => (PathMtu?)told).FirstOrDefault(),
            (address.IsIPv4 ? 20 : 40) + UdpLength + TunnelLength + options + EthernetLength);
    }

    private static int LinkOf(UnderlayAddress address, DataplaneSnapshot snapshot) =>
        snapshot.Underlay.Addresses.Where(local => local.Present && local.Address.Family == address.Family).Select(local => local.Mtu).FirstOrDefault();

    private static bool IsIn(PortSpec port, VniSpec vni) => port.Mode == PortMode.Trunk
        ? port.NativeVni == vni.Vni || port.Vlans.ContainsValue(vni.Vni)
        : vni.Ports.Contains(port.Name, StringComparer.Ordinal);
}
