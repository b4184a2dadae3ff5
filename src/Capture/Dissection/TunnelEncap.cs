namespace Overlay.Capture.Dissection;

/// <summary>What a UDP destination port announces.</summary>
public enum TunnelEncap : byte
{
    /// <summary>Unknown: the datagram could not be read so far.</summary>
    None = 0,

    /// <summary>VXLAN: ports 4789, 8472 and 14789.</summary>
    Vxlan,

    /// <summary>VXLAN-GPE: port 4790.</summary>
    VxlanGpe,

    /// <summary>Geneve: port 6081.</summary>
    Geneve,
}
