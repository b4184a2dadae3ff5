using Overlay.Dataplane.Forwarding;
using Overlay.Dataplane.Underlay;
using Overlay.Encap;
using Overlay.Forwarding.Topology;

namespace Overlay.Dataplane.Ports;

/// <summary>
/// The MTU of a port that says <c>auto</c>: the least over its VNIs and their peers, by what the link towards each and the path to it take, the address family, the encapsulation and
/// the options that the VNI and the port write.
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
    private const int LeastOfIPv6 = 1280;

    // The longest a TAP takes: 65,535 less the Ethernet header.
    private const int Largest = 65_521;

    /// <summary>What ports' packets may have, 68–65521 octets.</summary>
    /// <param name="port">The port.</param>
    /// <param name="topology">What it is placed in: options that its VNIs write cost room.</param>
    /// <param name="underlay">The local side of the underlay.</param>
    /// <param name="hops">The next hops of a VNI. Where it has none yet, or takes in whoever comes, every family that we have and every encapsulation counts.</param>
    /// <param name="paths">What the path to an address takes, as far as ports are to follow it; null for nothing known.</param>
    public static OverlayMtuLimits Compute(
        PortSpec port, TopologySpec topology, UnderlayChange underlay, Func<Vni, IReadOnlyList<NextHop>>? hops = null, Func<UnderlayAddress, int?>? paths = null)
    {
        ArgumentNullException.ThrowIfNull(port);
        ArgumentNullException.ThrowIfNull(topology);
        ArgumentNullException.ThrowIfNull(underlay);
        return new OverlayMtuRound(new PortVnis(topology), underlay, hops, paths).Compute(port);
    }

    /// <summary>What a port's packets may have, by what its VNIs' next hops leave.</summary>
    internal static OverlayMtuLimits Compute(PortSpec port, IReadOnlyList<VniSpec> vnis, Func<Vni, VniRoom> roomOf, UnderlayChange underlay)
    {
        int ofAnyFamily = RoomOfAnyFamily(underlay);
        int links = int.MaxValue;
        int known = int.MaxValue;
        foreach (VniSpec vni in vnis)
        {
            int options = (vni.PolicyId is not null ? OptionLength : 0) + (port.Identity is not null ? OptionLength : 0);
            int tag = port.Mode == PortMode.Transparent || (port.Mode == PortMode.Access && vni.Transparent) ? TagLength : 0;
            VniRoom room = roomOf(vni.Vni);
            if (!room.HasPeers || !vni.Allow.IsEmpty)
                links = Math.Min(links, ofAnyFamily - options - tag);
            links = Math.Min(links, Less(Math.Min(room.Plain, Less(room.Optioned, options)), tag));
            known = Math.Min(known, Less(Math.Min(room.PlainPath, Less(room.OptionedPath, options)), tag));
        }

        links = Math.Clamp(links == int.MaxValue ? ofAnyFamily : links, Smallest, Largest);

        // A device with less than 1,280 loses its IPv6 addresses, and does not get them back.
        int paced = Math.Clamp(Math.Min(known, links), Math.Min(links, LeastOfIPv6), links);
        return new OverlayMtuLimits(links, paced);
    }

    /// <summary>What the next hops of a VNI leave.</summary>
    internal static VniRoom RoomOf(IReadOnlyList<NextHop> hops, UnderlayChange underlay, Func<UnderlayAddress, int?>? paths)
    {
        VniRoom room = VniRoom.Unlimited with { HasPeers = hops.Count != 0 };
        foreach (NextHop hop in hops)
        {
            if (hop.IsGroup || OuterMtu(hop, underlay) is not { } outer)
                continue;

            int overhead = hop.Spec.Address.IsIPv4 ? IPv4Overhead : IPv6Overhead;
            int link = outer - overhead;
            int path = paths?.Invoke(hop.Spec.Address) is { } known ? known - overhead : int.MaxValue;
            room = hop.Spec.Encap == EncapKind.Geneve
                ? room with { Optioned = Math.Min(room.Optioned, link), OptionedPath = Math.Min(room.OptionedPath, path) }
                : room with { Plain = Math.Min(room.Plain, link), PlainPath = Math.Min(room.PlainPath, path) };
        }

        return room;
    }

    private static int Less(int room, int octets) => room == int.MaxValue ? room : room - octets;

    private static int RoomOfAnyFamily(UnderlayChange underlay)
    {
        int room = int.MaxValue;
        foreach (LocalAddressState local in underlay.Addresses)
            room = Math.Min(room, OuterMtu(in local) - (local.Address.IsIPv4 ? IPv4Overhead : IPv6Overhead));

        return room == int.MaxValue ? DefaultOuterMtu - IPv6Overhead : room;
    }

    // Null for a family that we cannot send in.
    private static int? OuterMtu(NextHop hop, UnderlayChange underlay)
    {
        if (hop.Path is { } path)
        {
            foreach (DeviceState device in underlay.Devices)
            {
                if (device.Name == path.Group.Device && device.Mtu > 0)
                    return device.Mtu;
            }
        }

        int? least = null;
        foreach (LocalAddressState local in underlay.Addresses)
        {
            if (local.Address.Family == hop.Spec.Address.Family)
                least = Math.Min(least ?? int.MaxValue, OuterMtu(in local));
        }

        return least;
    }

    private static int OuterMtu(in LocalAddressState local) => local.Mtu > 0 ? local.Mtu : DefaultOuterMtu;
}
