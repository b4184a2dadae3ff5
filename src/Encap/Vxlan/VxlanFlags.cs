namespace Overlay.Encap.Vxlan;

/// <summary>The first two octets of a VXLAN header as one number, with the bits of its extensions.</summary>
[Flags]
public enum VxlanFlags : ushort
{
    /// <summary>No bit.</summary>
    None = 0,

    /// <summary>A (octet 1, 0x08): policy was applied already (draft-smith-vxlan-group-policy).</summary>
    PolicyApplied = 0x0008,

    /// <summary>D (octet 1, 0x40): the egress VTEP must not learn the inner source (draft-smith-vxlan-group-policy).</summary>
    DontLearn = 0x0040,

    /// <summary>O (octet 0, 0x01): OAM, GPE only.</summary>
    GpeOam = 0x0100,

    /// <summary>B (octet 0, 0x02): ingress-replicated BUM, GPE only.</summary>
    GpeBum = 0x0200,

    /// <summary>P (octet 0, 0x04): the next-protocol octet is present, GPE.</summary>
    GpeNextProtocol = 0x0400,

    /// <summary>I (octet 0, 0x08): the VNI is valid (RFC 7348 5).</summary>
    Vni = 0x0800,

    /// <summary>G (octet 0, 0x80): octets 2 and 3 are a group policy id (draft-smith-vxlan-group-policy).</summary>
    GroupPolicy = 0x8000,
}
