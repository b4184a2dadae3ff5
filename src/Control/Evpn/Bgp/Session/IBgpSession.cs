namespace Overlay.Control.Evpn.Bgp.Session;

/// <summary>An established session, as the routes see it.</summary>
internal interface IBgpSession
{
    /// <summary>The neighbour's name: its address as text. The same for every session with this neighbour.</summary>
    string Name { get; }

    /// <summary>What the OPENs agreed on.</summary>
    BgpSessionFacts Facts { get; }

    /// <summary>There is something to <see cref="IBgpRoutes.Fill"/>. Any thread, cheap, may be called often.</summary>
    void Wake();

    /// <summary>Asks the peer for its routes again (RFC 2918); nothing if it cannot.</summary>
    /// <returns>False if it cannot.</returns>
    bool RequestRefresh();

    /// <summary>Ends the session with a NOTIFICATION (max-prefix, say). Any thread; returns at once.</summary>
    void End(Wire.BgpError error);
}
