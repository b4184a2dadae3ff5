namespace Overlay.Control.Evpn.Bgp.Session;

/// <summary>States of a connection with a neighbour (RFC 4271 §8.2.2), in the order in which they come.</summary>
internal enum BgpState : byte
{
    /// <summary>Nothing is tried and nothing is taken.</summary>
    Idle = 0,

    /// <summary>A connection is being opened.</summary>
    Connect = 1,

    /// <summary>Waits: for the peer to connect, or for the next attempt.</summary>
    Active = 2,

    /// <summary>Connected; our OPEN is sent.</summary>
    OpenSent = 3,

    /// <summary>The peer's OPEN is accepted; its KEEPALIVE is awaited.</summary>
    OpenConfirm = 4,

    /// <summary>Routes are exchanged.</summary>
    Established = 5,
}
