namespace Overlay.Dataplane.Diagnostics;

/// <summary>Accepted oddities: what was delivered although it was not quite right. Counted as <c>overlay_anomalies_total{kind}</c>; never a drop.</summary>
public enum AnomalyKind : byte
{
    /// <summary><c>vxlan_reserved_bits</c>: reserved bits of a VXLAN header were set (RFC 7348 §5), or a GBP word came while GBP is off.</summary>
    VxlanReservedBits = 0,

    /// <summary><c>geneve_reserved_bits</c>: reserved bits of a Geneve header were set (RFC 8926 §3.4).</summary>
    GeneveReservedBits = 1,

    /// <summary><c>geneve_option_reserved_bits</c>: reserved bits of a Geneve option were set (RFC 8926 §3.5).</summary>
    GeneveOptionReservedBits = 2,

    /// <summary><c>critical_without_c_bit</c>: a known critical option in a header without C (RFC 8926 §3.5).</summary>
    CriticalWithoutCBit = 3,

    /// <summary><c>c_bit_without_critical</c>: C without a critical option.</summary>
    CBitWithoutCritical = 4,

    /// <summary><c>unusable_option</c>: one of our options with a length that cannot hold its value.</summary>
    UnusableOption = 5,

    /// <summary><c>duplicate_option</c>: one of our options twice.</summary>
    DuplicateOption = 6,

    /// <summary><c>ecn_unexpected</c>: an outer ECN field that RFC 6040 §4.2 wants logged.</summary>
    EcnUnexpected = 7,

    /// <summary><c>policy_stripped</c>: a frame went to a VXLAN peer without the policy id it should carry.</summary>
    PolicyStripped = 8,

    /// <summary><c>policy_mapped_to_gbp</c>: a policy id was sent as VXLAN group policy id.</summary>
    PolicyMappedToGbp = 9,

    /// <summary><c>learn_hint_lost</c>: the ring to the control loop was full; the next frame makes a new hint.</summary>
    LearnHintLost = 10,

    /// <summary><c>inner_checksum_unfinished</c>: a sender handed over an inner checksum for its device to finish; the receiver's kernel finishes it.</summary>
    InnerChecksumUnfinished = 11,
}
