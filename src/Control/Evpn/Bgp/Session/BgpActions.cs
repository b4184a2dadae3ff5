namespace Overlay.Control.Evpn.Bgp.Session;

/// <summary>What the state machine asks of its owner, in the order of the members.</summary>
[Flags]
internal enum BgpActions : ushort
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Stop every timer of the connection.</summary>
    StopTimers = 1 << 0,

    /// <summary>Send the NOTIFICATION of the step.</summary>
    Notify = 1 << 1,

    /// <summary>Close the connection, or give up opening it; after the NOTIFICATION where there is one.</summary>
    Drop = 1 << 2,

    /// <summary>Tell those above that the session is over. Only after <see cref="Opened"/>.</summary>
    Closed = 1 << 3,

    /// <summary>Open a connection.</summary>
    Connect = 1 << 4,

    /// <summary>(Re)start the ConnectRetry timer.</summary>
    StartConnectRetry = 1 << 5,

    /// <summary>Stop the ConnectRetry timer.</summary>
    StopConnectRetry = 1 << 6,

    /// <summary>Send our OPEN.</summary>
    SendOpen = 1 << 7,

    /// <summary>Start the Hold timer with the large value that holds until OPENs are exchanged.</summary>
    StartLargeHold = 1 << 8,

    /// <summary>(Re)start the Hold timer with the value agreed on.</summary>
    StartHold = 1 << 9,

    /// <summary>Send a KEEPALIVE.</summary>
    SendKeepalive = 1 << 10,

    /// <summary>(Re)start the Keepalive timer.</summary>
    StartKeepalive = 1 << 11,

    /// <summary>Tell those above that there is a session.</summary>
    Opened = 1 << 12,

    /// <summary>Give the message to those above.</summary>
    Deliver = 1 << 13,

    /// <summary>The attempt failed: wait before the next (DampPeerOscillations, §8.1.1).</summary>
    Damp = 1 << 14,
}
