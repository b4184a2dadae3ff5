namespace Overlay.Encap.Ip;

/// <summary>ICMP (RFC 792) and ICMPv6 (RFC 4443, RFC 4861) types we look at.</summary>
public static class IcmpType
{
    /// <summary>ICMP echo reply.</summary>
    public const byte EchoReply = 0;

    /// <summary>ICMP destination unreachable.</summary>
    public const byte Unreachable = 3;

    /// <summary>ICMP destination unreachable, code: fragmentation needed and DF set (RFC 1191).</summary>
    public const byte FragmentationNeededCode = 4;

    /// <summary>ICMP echo request.</summary>
    public const byte EchoRequest = 8;

    /// <summary>ICMPv6 packet too big.</summary>
    public const byte V6PacketTooBig = 2;

    /// <summary>ICMPv6 echo request.</summary>
    public const byte V6EchoRequest = 128;

    /// <summary>ICMPv6 echo reply.</summary>
    public const byte V6EchoReply = 129;

    /// <summary>Router solicitation.</summary>
    public const byte RouterSolicitation = 133;

    /// <summary>Router advertisement.</summary>
    public const byte RouterAdvertisement = 134;

    /// <summary>Neighbour solicitation.</summary>
    public const byte NeighborSolicitation = 135;

    /// <summary>Neighbour advertisement.</summary>
    public const byte NeighborAdvertisement = 136;
}
