namespace Overlay.Encap;

/// <summary>An encapsulation. Zero is deliberately no member: an unset field is recognisable.</summary>
public enum EncapKind : byte
{
    /// <summary>VXLAN, RFC 7348, UDP port 4789.</summary>
    Vxlan = 1,

    /// <summary>Geneve, RFC 8926, UDP port 6081.</summary>
    Geneve = 2,
}
