namespace Overlay.Control.Evpn.Rib;

/// <summary>Why a route is kept but not used. Each has one sentence: <see cref="PathProblems.Sentence"/>.</summary>
internal enum PathProblem : byte
{
    None = 0,

    /// <summary>Types 1, 4 and 5: held and shown.</summary>
    TypeNotImported = 1,

    /// <summary>The next hop is a local address.</summary>
    NextHopIsOurs = 2,

    /// <summary>The next hop is unspecified, multicast, broadcast or loopback.</summary>
    NextHopInvalid = 3,

    /// <summary>The next hop is link-local, which means nothing beyond its link.</summary>
    NextHopLinkLocal = 4,

    /// <summary>There is no local address of the next hop's family.</summary>
    NextHopFamily = 5,

    /// <summary>None of the encapsulations it offers is accepted here.</summary>
    Encapsulation = 6,

    /// <summary>The VNI of its label is not configured here.</summary>
    VniUnknown = 7,

    /// <summary>The VNI is kept out of EVPN.</summary>
    VniDisabled = 8,

    /// <summary>No route target of it is imported into the VNI of its label.</summary>
    RouteTarget = 9,

    /// <summary>The MAC is zero or multicast.</summary>
    MacInvalid = 10,

    /// <summary>Its segment's A-D route was withdrawn (RFC 7432 §8.2).</summary>
    SegmentWithdrawn = 11,

    /// <summary>Type 3 with another tunnel than ingress replication.</summary>
    TunnelType = 12,

    /// <summary>Type 3 whose tunnel end point is ours, no unicast address, or of a family without a local address.</summary>
    TunnelEndpoint = 13,
}

/// <summary>The sentences.</summary>
internal static class PathProblems
{
    public static string Sentence(PathProblem problem) => problem switch
    {
        PathProblem.None => "it is used",
        PathProblem.TypeNotImported => "routes of this type are held and shown only",
        PathProblem.NextHopIsOurs => "its next hop is an address of this host",
        PathProblem.NextHopInvalid => "its next hop is no unicast address",
        PathProblem.NextHopLinkLocal => "its next hop is link-local",
        PathProblem.NextHopFamily => "this host has no VTEP address of the next hop's family",
        PathProblem.Encapsulation => "it offers no encapsulation that is accepted here (RFC 8365 §5.1.3)",
        PathProblem.VniUnknown => "the VNI of its label is not configured here",
        PathProblem.VniDisabled => "the VNI of its label is kept out of EVPN by the configuration",
        PathProblem.RouteTarget => "none of its route targets is imported into the VNI of its label",
        PathProblem.MacInvalid => "its MAC is zero or multicast",
        PathProblem.SegmentWithdrawn => "its VTEP withdrew the A-D route of its Ethernet segment (RFC 7432 §8.2)",
        PathProblem.TunnelType => "its PMSI tunnel is not ingress replication (RFC 8365 §9)",
        PathProblem.TunnelEndpoint => "the end point of its PMSI tunnel cannot be sent to from here",
        _ => "it cannot be used",
    };
}
