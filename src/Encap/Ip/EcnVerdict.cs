namespace Overlay.Encap.Ip;

/// <summary>What becomes of the inner ECN field at decapsulation: a code point, or a drop.</summary>
public enum EcnVerdict : byte
{
    /// <summary>00.</summary>
    NotEct = 0,

    /// <summary>01.</summary>
    Ect1 = 1,

    /// <summary>10.</summary>
    Ect0 = 2,

    /// <summary>11.</summary>
    Ce = 3,

    /// <summary>Outer CE over an inner packet that does not understand ECN: drop reason <c>ecn_ce_not_ect</c>.</summary>
    Drop = 4,
}
