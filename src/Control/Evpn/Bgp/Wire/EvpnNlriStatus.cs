namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>What a list of EVPN routes is like.</summary>
public enum EvpnNlriStatus : byte
{
    /// <summary>Every route is well formed.</summary>
    Ok = 0,

    /// <summary>Every route can be located by its length; some are of an unknown type or not well formed, and skipped (RFC 7606 §5.4).</summary>
    Skips = 1,

    /// <summary>A route ends past the list: what follows cannot be located (RFC 7606 §5.3).</summary>
    Malformed = 2,
}
