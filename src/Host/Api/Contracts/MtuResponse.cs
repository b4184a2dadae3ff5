namespace Overlay.Api;

/// <summary>Answer of <c>GET /v1/mtu</c>: what the path to each peer takes, and whether the ports fit.</summary>
public sealed record MtuResponse
{
    /// <summary>The peers, by name.</summary>
    public required IReadOnlyList<MtuPeer> Peers { get; init; }

    /// <summary>The ports, by name.</summary>
    public required IReadOnlyList<MtuPort> Ports { get; init; }
}

/// <summary>The path to a peer, or to a multicast group. Lengths in octets, counts since start.</summary>
public sealed record MtuPeer
{
    /// <summary>Its name; for a multicast group its address, device and TTL.</summary>
    public required string Peer { get; init; }

    /// <summary>The address in use, or null if none can be used.</summary>
    public string? Address { get; init; }

    /// <summary>The encapsulation sent: <c>vxlan</c> or <c>geneve</c>.</summary>
    public required string Encap { get; init; }

    /// <summary>The VNIs it is in.</summary>
    public required IReadOnlyList<int> Vnis { get; init; }

    /// <summary>MTU of our link, or null if unknown.</summary>
    public int? LinkMtu { get; init; }

    /// <summary>What is known of the path; null if nobody said anything in the last ten minutes.</summary>
    public int? ToldMtu { get; init; }

    /// <summary>Who said so: <c>network</c> (ICMP) or <c>kernel</c> (our devices and routes); null if nobody did.</summary>
    public string? ToldBy { get; init; }

    /// <summary>What ICMP said of the path in the last ten minutes and was not believed, being under <c>listen.path_mtu_min</c>; null if nothing.</summary>
    public int? RefusedMtu { get; init; }

    /// <summary>Seconds since it said so last.</summary>
    public double? ToldSecondsAgo { get; init; }

    /// <summary>Octets around an inner IP packet: outer IP and UDP, tunnel header, configured options, inner Ethernet header.</summary>
    public required int Overhead { get; init; }

    /// <summary>What an inner IP packet may have, or null if unknown.</summary>
    public int? OverlayMtu { get; init; }

    /// <summary>Frames to it that were too long for the path.</summary>
    public required long TooBigFrames { get; init; }

    /// <summary>Those of them whose sender was told by ICMP.</summary>
    public required long ToldFrames { get; init; }

    /// <summary>Those of them whose sender cannot be told: not IP, IPv4 without DF, copies of flooded frames. What is neither was over the limit of answers, or taught us the path.</summary>
    public required long SilentFrames { get; init; }

    /// <summary>Frames of the last minute that were lost without a word: more than none is a black hole.</summary>
    public required long SilentLastMinute { get; init; }
}

/// <summary>A port's MTU.</summary>
public sealed record MtuPort
{
    /// <summary>Its name.</summary>
    public required string Port { get; init; }

    /// <summary>Its device.</summary>
    public required string Device { get; init; }

    /// <summary>The network namespace of the device, or null for the daemon's own.</summary>
    public string? Netns { get; init; }

    /// <summary>The device's MTU, or null if unknown.</summary>
    public int? Mtu { get; init; }

    /// <summary>What is taken from the port, or null if unknown: the device's MTU, or less where that may not be set.</summary>
    public int? Limit { get; init; }

    /// <summary>It is derived from links and paths (<c>mtu: auto</c>).</summary>
    public required bool Auto { get; init; }

    /// <summary>It is, and the device did not take it: <see cref="Limit"/> is what it should have.</summary>
    public bool Refused { get; init; }

    /// <summary>The VNIs it is in.</summary>
    public required IReadOnlyList<int> Vnis { get; init; }
}
