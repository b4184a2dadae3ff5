namespace Overlay.Control.Evpn.Options;

/// <summary>How an automatic route target is made from AS and VNI.</summary>
public enum RouteTargetForm : byte
{
    /// <summary><c>(AS mod 65536):VNI</c>, what FRR and most fabrics use.</summary>
    As2Vni = 0,

    /// <summary><c>AS:0x10000000+VNI</c> (RFC 8365 §5.1.2.1). For an AS of two octets only.</summary>
    Rfc8365 = 1,
}
