using Overlay.Api;
using Overlay.Control.Evpn;
using Overlay.Control.Evpn.Queries;
using Overlay.Encap;

namespace Overlay.Host.Composition;

/// <summary>Rows of the EVPN plane as the API has them.</summary>
internal static class EvpnView
{
    public static EvpnNeighborsResponse Neighbors(EvpnPlane plane, string? neighbor)
    {
        var rows = neighbor is null ? plane.Neighbors() : plane.Neighbor(neighbor) is { } row ? [row] : [];
        var figures = plane.Figures();
        return new EvpnNeighborsResponse
        {
            As = plane.Options.As,
            RouterId = UnderlayAddress.FromIPv4(plane.Options.RouterId).ToString(),
            LocalRoutes = plane.LocalRoutes,
            Routes = figures.RoutesByType.Sum(),
            Neighbors = [.. rows.Select(Neighbor)],
        };
    }

    public static EvpnRouteInfo Route(EvpnRouteRow row) => new()
    {
        Type = row.Type,
        Rd = row.Rd,
        Prefix = row.Prefix,
        Neighbor = row.Neighbor,
        NextHop = row.NextHop,
        Vni = row.Vni,
        Mac = row.Mac,
        Address = row.Address,
        Esi = row.Esi,
        RouteTargets = row.RouteTargets,
        Communities = row.Communities,
        AsPath = row.AsPath,
        LocalPreference = row.LocalPreference,
        Best = row.IsBest,
        Stale = row.IsStale,
        ImportedInto = [.. row.ImportedInto.Select(vni => (long)vni)],
        Reason = row.Reason,
        AgeSeconds = row.Age.TotalSeconds,
    };

    public static EvpnExplainResponse Explanation(EvpnExplanation explanation) => new()
    {
        Vni = (int)explanation.Vni,
        Mac = explanation.Mac,
        Steps = explanation.Steps,
        Candidates = [.. explanation.Candidates.Select(Route)],
    };

    private static EvpnNeighborInfo Neighbor(EvpnNeighborRow row) => new()
    {
        Name = row.Name,
        Description = row.Description,
        Dynamic = row.IsDynamic,
        State = row.State,
        StateSeconds = row.Since.TotalSeconds,
        As = row.As,
        RouterId = row.RouterId,
        LocalAddress = row.LocalAddress,
        Capabilities = row.Capabilities,
        HoldSeconds = row.HoldTime.TotalSeconds,
        Routes = row.Routes,
        StaleRoutes = row.StaleRoutes,
        EndOfRib = row.HasEndOfRib,
        Advertised = row.Advertised,
        Received = row.Received,
        Sent = row.Sent,
        Faults = row.Faults,
        Established = row.Established,
        LastError = row.LastError,
        LastErrorSeconds = row.LastErrorAge?.TotalSeconds,
    };
}
