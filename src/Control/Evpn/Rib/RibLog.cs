using Microsoft.Extensions.Logging;

namespace Overlay.Control.Evpn.Rib;

/// <summary>Log messages of the EVPN routes, ids 3300–3399. An id is never reused.</summary>
internal static partial class RibLog
{
    [LoggerMessage(3300, LogLevel.Warning, "EVPN neighbour {Neighbor} gave more than {Limit} routes: its session ends (Cease, maximum number of prefixes)")]
    public static partial void MaxPrefixes(ILogger log, string neighbor, int limit);

    [LoggerMessage(3301, LogLevel.Warning, "EVPN neighbour {Neighbor} gave {Routes} routes of the {Limit} it may")]
    public static partial void NearMaxPrefixes(ILogger log, string neighbor, int routes, int limit);

    [LoggerMessage(3303, LogLevel.Warning, "EVPN neighbour {Neighbor} sent no End-of-RIB within {Time}: {Routes} routes that it did not give again go")]
    public static partial void NoEndOfRib(ILogger log, string neighbor, TimeSpan time, int routes);

    [LoggerMessage(3304, LogLevel.Information, "EVPN is back in step with neighbour {Neighbor}: {Routes} routes")]
    public static partial void InStep(ILogger log, string neighbor, int routes);

    [LoggerMessage(3306, LogLevel.Error, "EVPN: a timed task failed; the plane goes on")]
    public static partial void TickFailed(ILogger log, Exception error);

    [LoggerMessage(3307, LogLevel.Warning, "EVPN routes of neighbour {Neighbor} are refused: {Sets} different sets of attributes have {Octets} octets, and there is no room for more")]
    public static partial void AttributeLimit(ILogger log, string neighbor, int sets, long octets);

    [LoggerMessage(3308, LogLevel.Warning, "EVPN neighbour {Neighbor} began a route refresh and did not end it within {Time}: routes that it did not give again go")]
    public static partial void NoEndOfRefresh(ILogger log, string neighbor, TimeSpan time);
}
