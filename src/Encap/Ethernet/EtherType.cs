namespace Overlay.Encap.Ethernet;

/// <summary>EtherTypes we look at (IEEE 802 numbers registry).</summary>
public static class EtherType
{
    /// <summary>Below this a type field is an IEEE 802.3 length.</summary>
    public const ushort MinValue = 0x0600;

    /// <summary>IPv4.</summary>
    public const ushort IPv4 = 0x0800;

    /// <summary>ARP, RFC 826.</summary>
    public const ushort Arp = 0x0806;

    /// <summary>Customer VLAN tag, IEEE 802.1Q.</summary>
    public const ushort Vlan = 0x8100;

    /// <summary>Service VLAN tag, IEEE 802.1ad.</summary>
    public const ushort ServiceVlan = 0x88A8;

    /// <summary>IPv6.</summary>
    public const ushort IPv6 = 0x86DD;

    /// <summary>Transparent Ethernet bridging: the Geneve protocol type of an Ethernet payload (RFC 8926 3.4).</summary>
    public const ushort TransparentEthernet = 0x6558;

    /// <summary>A tag protocol identifier: 0x8100 or 0x88a8.</summary>
    /// <param name="type">A type field.</param>
    public static bool IsVlanTag(ushort type) => type is Vlan or ServiceVlan;
}
