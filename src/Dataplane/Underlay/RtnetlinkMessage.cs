using Overlay.Encap;

namespace Overlay.Dataplane.Underlay;

/// <summary>A routing message, reduced to what we look at.</summary>
public readonly record struct RtnetlinkMessage
{
    /// <summary>What it is about.</summary>
    public required RtnetlinkKind Kind { get; init; }

    /// <summary>Interface index: of the link, of the address's link, or of the route's outgoing link; 0 if the message has none.</summary>
    public int Index { get; init; }

    /// <summary>The address, scoped to its link if it is link-local. Address messages only.</summary>
    public UnderlayAddress Address { get; init; }

    /// <summary>Link flags (IFF_*) or address flags (IFA_F_*).</summary>
    public uint Flags { get; init; }

    /// <summary>MTU in octets of a link, or the MTU metric of a route; 0 if the message has none.</summary>
    public int Mtu { get; init; }

    /// <summary>The name of a link; null otherwise.</summary>
    public string? Name { get; init; }

    /// <summary>What kind of device a link is, as <c>ip -d link</c> calls it (<c>veth</c>, <c>bridge</c>); null for a physical one and for what is no link.</summary>
    public string? DeviceKind { get; init; }

    /// <summary>Interface index of the bridge, bond or VRF that a link belongs to; 0 if it belongs to none.</summary>
    public int Master { get; init; }

    /// <summary>The sequence number of the request it answers; 0 for what was not asked for.</summary>
    public uint Sequence { get; init; }
}
