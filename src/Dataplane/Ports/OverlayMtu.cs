using Overlay.Dataplane.Underlay;
using Overlay.Encap;
using Overlay.Forwarding.Topology;

namespace Overlay.Dataplane.Ports;

/// <summary>
/// The MTU of a port that says <c>auto</c>: what fits into the smallest outer packet of any local address family, whichever encapsulation a peer gets.
/// </summary>
public static class OverlayMtu
{
    /// <summary>Octets around an inner IP packet over IPv4: IPv4 20, UDP 8, VXLAN or Geneve 8, inner Ethernet 14.</summary>
    public const int IPv4Overhead = 50;

    /// <summary>Octets around an inner IP packet over IPv6: as <see cref="IPv4Overhead"/>, with IPv6's 40.</summary>
    public const int IPv6Overhead = 70;

    /// <summary>What an outer packet may have where no local address is there to ask (an Ethernet default).</summary>
    public const int DefaultOuterMtu = 1500;

    private const int OptionLength = 8;
    private const int TagLength = 4;
    private const int Smallest = 68;

    // The longest a TAP takes: 65,535 less the Ethernet header.
    private const int Largest = 65_521;

    /// <summary>The MTU of a port in octets, 68–65521.</summary>
    /// <param name="port">The port.</param>
    /// <param name="topology">What it is placed in: options that its VNIs write cost room.</param>
    /// <param name="underlay">The local side of the underlay.</param>
    public static int Compute(PortSpec port, TopologySpec topology, UnderlayChange underlay)
    {
        ArgumentNullException.ThrowIfNull(port);
        ArgumentNullException.ThrowIfNull(topology);
        ArgumentNullException.ThrowIfNull(underlay);
        int room = int.MaxValue;
        foreach (LocalAddressState local in underlay.Addresses)
        {
            int outer = local.Mtu > 0 ? local.Mtu : DefaultOuterMtu;
            room = Math.Min(room, outer - (local.Address.IsIPv4 ? IPv4Overhead : IPv6Overhead));
        }

        if (room == int.MaxValue)
            room = DefaultOuterMtu - IPv6Overhead;
        return Math.Clamp(room - OptionBudget(port, topology), Smallest, Largest);
    }

    /// <summary>Octets of Geneve options that frames of a port may carry, and of a tag that is carried inside the VNI.</summary>
    public static int OptionBudget(PortSpec port, TopologySpec topology)
    {
        ArgumentNullException.ThrowIfNull(port);
        ArgumentNullException.ThrowIfNull(topology);
        bool hasPolicy = topology.Vnis.Any(vni => vni.PolicyId is not null && IsIn(port, vni));
        int budget = (hasPolicy ? OptionLength : 0) + (port.Identity is not null ? OptionLength : 0);
        bool carriesTags = port.Mode == PortMode.Transparent || (port.Mode == PortMode.Access && topology.Vnis.Any(vni => vni.Transparent && IsIn(port, vni)));
        return carriesTags ? budget + TagLength : budget;
    }

    private static bool IsIn(PortSpec port, VniSpec vni) => port.Mode == PortMode.Trunk
        ? port.NativeVni == vni.Vni || port.Vlans.ContainsValue(vni.Vni)
        : vni.Ports.Contains(port.Name, StringComparer.Ordinal);
}
