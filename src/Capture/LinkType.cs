namespace Overlay.Capture;

/// <summary>Link types of capture files (the LINKTYPE_ registry of tcpdump.org).</summary>
public static class LinkType
{
    /// <summary>BSD loopback: four octets of address family in the writer's byte order.</summary>
    public const int Null = 0;

    /// <summary>Ethernet.</summary>
    public const int Ethernet = 1;

    /// <summary>Raw IP as OpenBSD and some tools number it.</summary>
    public const int RawOpenBsd = 12;

    /// <summary>Raw IP as others number it.</summary>
    public const int RawOther = 14;

    /// <summary>Raw IP.</summary>
    public const int Raw = 101;

    /// <summary>OpenBSD loopback: four octets of address family in network order.</summary>
    public const int Loop = 108;

    /// <summary>Linux cooked capture, version 1.</summary>
    public const int LinuxSll = 113;

    /// <summary>Raw IPv4.</summary>
    public const int IPv4 = 228;

    /// <summary>Raw IPv6.</summary>
    public const int IPv6 = 229;

    /// <summary>Linux cooked capture, version 2.</summary>
    public const int LinuxSll2 = 276;
}
