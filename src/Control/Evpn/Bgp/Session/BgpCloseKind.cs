namespace Overlay.Control.Evpn.Bgp.Session;

/// <summary>How a session ended.</summary>
internal enum BgpCloseKind : byte
{
    /// <summary>The connection was lost without a NOTIFICATION.</summary>
    TransportLost = 0,

    /// <summary>The peer sent a NOTIFICATION.</summary>
    NotificationReceived = 1,

    /// <summary>We sent a NOTIFICATION for what the peer did, or did not do in time.</summary>
    NotificationSent = 2,

    /// <summary>The neighbour was removed from the configuration, or shut down by the operator.</summary>
    Removed = 3,

    /// <summary>The daemon stops.</summary>
    Stopping = 4,

    /// <summary>The peer opened a new connection in place of this one (RFC 4724 §4.2).</summary>
    Replaced = 5,
}
