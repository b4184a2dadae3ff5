namespace Overlay.Control.Evpn.Bgp.Session;

/// <summary>Events of the state machine (RFC 4271 §8.1), the numbers of the RFC beside them. Those of options that we do not have (delayed OPEN) are absent.</summary>
internal enum BgpEvent : byte
{
    /// <summary>Starts, or starts again after the idle hold time (events 1, 3–7, 13).</summary>
    Start,

    /// <summary>Stops; the error says how (events 2, 8).</summary>
    Stop,

    /// <summary>Event 9.</summary>
    ConnectRetryExpired,

    /// <summary>Event 10.</summary>
    HoldExpired,

    /// <summary>Event 11.</summary>
    KeepaliveDue,

    /// <summary>The TCP connection is there (events 16, 17).</summary>
    Connected,

    /// <summary>There is no TCP connection, or there is none any more (event 18).</summary>
    TransportFailed,

    /// <summary>An OPEN that is well formed and fits the configuration (event 19).</summary>
    OpenReceived,

    /// <summary>Event 21.</summary>
    HeaderError,

    /// <summary>Event 22.</summary>
    OpenError,

    /// <summary>Another connection with the neighbour is kept (event 23, §6.8).</summary>
    CollisionLost,

    /// <summary>The peer opened another connection and graceful restart was agreed on (RFC 4724 §5).</summary>
    Replaced,

    /// <summary>A NOTIFICATION that refuses our version (event 24).</summary>
    VersionRefused,

    /// <summary>Any other NOTIFICATION (event 25).</summary>
    NotificationReceived,

    /// <summary>Event 26.</summary>
    KeepaliveReceived,

    /// <summary>An UPDATE, not read yet (event 27), or a ROUTE-REFRESH, which stands beside it (RFC 2918, RFC 7313).</summary>
    UpdateReceived,

    /// <summary>An UPDATE, or a ROUTE-REFRESH, that ends the session (event 28, RFC 7606 §2, RFC 7313 §5).</summary>
    UpdateError,

    /// <summary>Nothing could be sent for too long (event 29, RFC 9687 §3).</summary>
    SendHoldExpired,
}
