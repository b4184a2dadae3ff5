using Microsoft.Extensions.Logging;

namespace Overlay.Control.Evpn.Bgp.Session;

/// <summary>Log messages of BGP sessions, ids 3200–3299. An id is never reused.</summary>
internal static partial class EvpnLog
{
    [LoggerMessage(3200, LogLevel.Information, "BGP neighbour {Neighbor} is up: AS {As}, router id {RouterId}, hold time {HoldSeconds} s")]
    public static partial void NeighborUp(ILogger log, string neighbor, uint @as, string routerId, int holdSeconds);

    [LoggerMessage(3201, LogLevel.Warning, "BGP neighbour {Neighbor} is down: {Reason}. Its routes are {Routes}. Next: overlayctl evpn neighbors")]
    public static partial void NeighborDown(ILogger log, string neighbor, string reason, string routes);

    [LoggerMessage(3213, LogLevel.Information, "BGP neighbour {Neighbor}: the session is over: {Reason}")]
    public static partial void NeighborEnded(ILogger log, string neighbor, string reason);

    [LoggerMessage(3202, LogLevel.Warning, "BGP neighbour {Neighbor}: no session yet: {Reason}")]
    public static partial void AttemptFailed(ILogger log, string neighbor, string reason);

    [LoggerMessage(3203, LogLevel.Debug, "BGP neighbour {Neighbor}: {Event} in {Before} led to {After}")]
    public static partial void StateChanged(ILogger log, string neighbor, BgpEvent @event, BgpState before, BgpState after);

    [LoggerMessage(3204, LogLevel.Information, "BGP listens at {Address} port {Port}")]
    public static partial void Listening(ILogger log, string address, int port);

    [LoggerMessage(3205, LogLevel.Error, "BGP cannot listen at {Address} port {Port}: {Problem}. Neighbours that we connect to are not affected; next attempt in {Seconds} s")]
    public static partial void ListenFailed(ILogger log, string address, int port, string problem, int seconds);

    [LoggerMessage(3206, LogLevel.Error, "BGP neighbour {Neighbor}: {Problem}; no session without it")]
    public static partial void KeyRefused(ILogger log, string neighbor, string problem);

    [LoggerMessage(3207, LogLevel.Information, "BGP: a connection from {Address} was refused: {Reason}; times since the start: {Count}")]
    public static partial void ConnectionRefused(ILogger log, string address, string reason, long count);

    [LoggerMessage(3208, LogLevel.Error, "BGP neighbour {Neighbor}: a message was not handled, a fault of overlayd; the session is ended and tried again")]
    public static partial void Faulted(ILogger log, Exception error, string neighbor);

    [LoggerMessage(3209, LogLevel.Error, "BGP: a listener of neighbour events failed")]
    public static partial void ListenerFailed(ILogger log, Exception error);

    [LoggerMessage(3210, LogLevel.Information, "BGP neighbour {Neighbor} connected from prefix {Prefix}")]
    public static partial void DynamicAdded(ILogger log, string neighbor, string prefix);

    [LoggerMessage(3211, LogLevel.Information, "BGP neighbour {Neighbor}: {Change}")]
    public static partial void NeighborChanged(ILogger log, string neighbor, string change);

    [LoggerMessage(3212, LogLevel.Error, "BGP: the listener at {Address} port {Port} failed and is opened again")]
    public static partial void ListenerLost(ILogger log, Exception error, string address, int port);
}
