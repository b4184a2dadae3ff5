namespace Overlay.Encap.Ip;

/// <summary>IP protocol and IPv6 next-header numbers we look at.</summary>
public static class IpProtocol
{
    /// <summary>IPv6 hop-by-hop options, RFC 8200 4.3.</summary>
    public const byte HopByHop = 0;

    /// <summary>ICMP.</summary>
    public const byte Icmp = 1;

    /// <summary>TCP.</summary>
    public const byte Tcp = 6;

    /// <summary>UDP.</summary>
    public const byte Udp = 17;

    /// <summary>IPv6 routing header, RFC 8200 4.4.</summary>
    public const byte Routing = 43;

    /// <summary>IPv6 fragment header, RFC 8200 4.5.</summary>
    public const byte Fragment = 44;

    /// <summary>Authentication header, RFC 4302.</summary>
    public const byte Authentication = 51;

    /// <summary>ICMPv6.</summary>
    public const byte IcmpV6 = 58;

    /// <summary>IPv6: nothing follows, RFC 8200 4.7.</summary>
    public const byte NoNext = 59;

    /// <summary>IPv6 destination options, RFC 8200 4.6.</summary>
    public const byte DestinationOptions = 60;

    /// <summary>SCTP.</summary>
    public const byte Sctp = 132;

    /// <summary>Mobility header, RFC 6275.</summary>
    public const byte Mobility = 135;
}
