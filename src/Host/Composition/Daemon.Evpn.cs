using Overlay.Api;
using Overlay.Control.Evpn;
using Overlay.Control.Evpn.Queries;
using Overlay.Encap;
using Overlay.Host.Api;

namespace Overlay.Host.Composition;

/// <content>BGP EVPN.</content>
internal sealed partial class Daemon
{
    /// <inheritdoc/>
    public EvpnNeighborsResponse? EvpnNeighbors(string? neighbor) => runtime.Evpn is { } plane ? EvpnView.Neighbors(plane, neighbor) : null;

    /// <inheritdoc/>
    public Listing<EvpnRouteInfo>? EvpnRoutes(EvpnRouteFilter filter)
    {
        if (runtime.Evpn is not { } plane)
        {
            return null;
        }

        var isTruncated = false;
        return new Listing<EvpnRouteInfo>(RoutePages(plane, filter, () => isTruncated = true), () => isTruncated);
    }

    /// <inheritdoc/>
    public EvpnExplainResponse? EvpnExplain(Vni vni, MacAddress mac) => runtime.Evpn is { } plane ? EvpnView.Explanation(plane.Explain(vni, mac)) : null;

    /// <inheritdoc/>
    public int? EvpnClear(string? neighbor, bool soft)
    {
        if (runtime.Evpn is not { } plane)
        {
            return null;
        }

        var cleared = plane.Clear(neighbor, soft);
        if (cleared > 0)
        {
            HostLog.EvpnCleared(log, neighbor ?? "all", soft ? "their routes are asked for again" : "sessions end");
        }

        return cleared;
    }

    private static async IAsyncEnumerable<IReadOnlyList<EvpnRouteInfo>> RoutePages(EvpnPlane plane, EvpnRouteFilter filter, Action truncate)
    {
        // Nothing to wait for, but the list of pages is the same for all that is long.
        await Task.CompletedTask;
        var (cursor, rows) = (0L, 0);
        do
        {
            if (rows >= RowLimit)
            {
                truncate();
                yield break;
            }

            var page = plane.Routes(filter, cursor, PageRows);
            cursor = page.Next;
            rows += page.Rows.Length;
            yield return [.. page.Rows.Select(EvpnView.Route)];
        }
        while (cursor != 0);
    }
}
