namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>The ORIGIN attribute (RFC 4271 §5.1.1); the lower is preferred.</summary>
public enum BgpOrigin : byte
{
    /// <summary>IGP.</summary>
    Igp = 0,

    /// <summary>EGP.</summary>
    Egp = 1,

    /// <summary>INCOMPLETE.</summary>
    Incomplete = 2,
}
