namespace Overlay.Encap.Vxlan;

/// <summary>What the P bit of VXLAN-GPE means on a socket.</summary>
public enum GpeHandling : byte
{
    /// <summary>A VXLAN socket of ours: P with a next protocol that is not Ethernet is refused in every mode; with Ethernet it is a reserved bit.</summary>
    EthernetOnly = 0,

    /// <summary>A plain RFC 7348 reader, to which P is a reserved bit like any other.</summary>
    Ignore = 1,

    /// <summary>A GPE reader (port 4790): IPv4, IPv6 and Ethernet payloads are accepted, O goes to the control path.</summary>
    Accept = 2,
}
