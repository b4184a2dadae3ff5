namespace Overlay.Encap;

/// <summary>Accepted oddities of a delivered datagram. Each moves <c>overlay_anomalies_total{kind}</c>, never a drop.</summary>
[Flags]
public enum ParseAnomaly : byte
{
    /// <summary>Nothing odd.</summary>
    None = 0,

    /// <summary>VXLAN reserved bits or octets were set, or a GBP word while GBP is off (RFC 7348 5: ignored on receipt).</summary>
    VxlanReservedBits = 0x01,

    /// <summary>Reserved bits or the reserved octet of the Geneve header were set (RFC 8926 3.4: ignored on receipt).</summary>
    GeneveReservedBits = 0x02,

    /// <summary>The three R bits of a Geneve option were set (RFC 8926 3.5: ignored on receipt).</summary>
    GeneveOptionReservedBits = 0x04,

    /// <summary>A critical option that we know, while the header's C bit is clear: the sender's fault (RFC 8926 3.5).</summary>
    CriticalWithoutCBit = 0x08,

    /// <summary>The header's C bit without a critical option: legal, but worth a look.</summary>
    CBitWithoutCritical = 0x10,

    /// <summary>One of our own options, not critical, with a data length that cannot hold its value: skipped.</summary>
    UnusableOption = 0x20,

    /// <summary>One of our own options more than once: the first counts.</summary>
    DuplicateOption = 0x40,
}
