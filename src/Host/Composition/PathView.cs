using Overlay.Control.Queries;
using Overlay.Dataplane;
using Overlay.Encap;
using Overlay.Host.Configuration;

namespace Overlay.Host.Composition;

/// <summary>What the path to a VTEP takes, and what is left of it for a tenant's IP packet.</summary>
/// <param name="LinkMtu">MTU of the device that has our address of the family; null if unknown.</param>
/// <param name="Told">What the network said of the path; null if it said nothing.</param>
/// <param name="ToldAgo">How long ago.</param>
/// <param name="Overhead">Octets around an inner IP packet: outer IP and UDP, tunnel header, configured options, inner Ethernet header.</param>
internal readonly record struct PathView(int? LinkMtu, int? Told, TimeSpan? ToldAgo, int Overhead)
{
    private const int OptionLength = 8;
    private const int TunnelLength = 8;
    private const int UdpLength = 8;
    private const int EthernetLength = 14;

    /// <summary>What the path takes, outer IP header included; null if unknown.</summary>
    public int? PathMtu => Told is { } told && LinkMtu is { } link ? Math.Min(told, link) : Told ?? LinkMtu;

    /// <summary>What an inner IP packet may have; null if unknown.</summary>
    public int? OverlayMtu => PathMtu is { } path ? Math.Max(0, path - Overhead) : null;

    public static PathView Of(VtepRow row, EncapKind encap, OverlayConfig config, DataplaneSnapshot snapshot)
    {
        if (row.Address == default)
        {
            return default;
        }

        var link = snapshot.Underlay.Addresses.Where(local => local.Present && local.Address.Family == row.Address.Family).Select(local => local.Mtu).FirstOrDefault();
        var told = snapshot.PathMtus.Where(told => told.Destination == row.Address).ToArray();
        var options = encap != EncapKind.Geneve ? 0
            : (config.Topology.Vnis.Any(vni => vni.PolicyId is not null) ? OptionLength : 0) + (config.Topology.Ports.Values.Any(port => port.Identity is not null) ? OptionLength : 0);
        return new PathView(
            link == 0 ? null : link,
            told.Length == 0 ? null : told[0].Mtu,
            told.Length == 0 ? null : told[0].Age,
            (row.Address.IsIPv4 ? 20 : 40) + UdpLength + TunnelLength + options + EthernetLength);
    }
}
