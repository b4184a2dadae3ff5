using System.Globalization;
using Overlay.Api;
using Overlay.Control.Evpn.Queries;
using Overlay.Encap;

namespace Overlay.Host.Api;

/// <content>BGP EVPN.</content>
internal sealed partial class AdminApi
{
    private async Task EvpnNeighborsAsync(HttpContext http)
    {
        var neighbor = Name(http, "neighbor");
        if (http.Request.Query.ContainsKey("neighbor") && neighbor is not { Length: <= MaxNameLength })
        {
            await FailAsync(http, 400, "bad_request", "neighbor: expected the address of a neighbour", "neighbor");
        }
        else if (backend.EvpnNeighbors(neighbor) is not { } answer)
        {
            await EvpnIsOffAsync(http);
        }
        else if (neighbor is not null && answer.Neighbors.Count == 0)
        {
            await NoNeighborAsync(http);
        }
        else
        {
            await WriteAsync(http, answer, ApiJsonContext.Default.EvpnNeighborsResponse);
        }
    }

    private async Task EvpnRoutesAsync(HttpContext http)
    {
        if (!TryVni(http, required: false, out var vni, out var fault))
        {
            await FailAsync(http, 400, "bad_request", fault, "vni");
            return;
        }

        int? type = null;
        if (http.Request.Query.ContainsKey("type"))
        {
            if (!int.TryParse(http.Request.Query["type"], NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number is < 1 or > 5)
            {
                await FailAsync(http, 400, "bad_request", "type: expected a route type from 1 to 5", "type");
                return;
            }

            type = number;
        }

        MacAddress? mac = null;
        if (http.Request.Query.ContainsKey("mac"))
        {
            if (!MacAddress.TryParse(http.Request.Query["mac"].ToString(), out var parsed))
            {
                await FailAsync(http, 400, "bad_request", "mac: expected a MAC such as 02:00:00:00:00:02", "mac");
                return;
            }

            mac = parsed;
        }

        var neighbor = Name(http, "neighbor");
        if (http.Request.Query.ContainsKey("neighbor") && neighbor is not { Length: <= MaxNameLength })
        {
            await FailAsync(http, 400, "bad_request", "neighbor: expected the address of a neighbour, or local", "neighbor");
        }
        else if (backend.EvpnRoutes(new EvpnRouteFilter(vni, type, mac, neighbor)) is { } listing)
        {
            await WriteListAsync(http, "routes", listing, ApiJsonContext.Default.EvpnRouteInfo);
        }
        else
        {
            await EvpnIsOffAsync(http);
        }
    }

    private async Task EvpnExplainAsync(HttpContext http)
    {
        if (!TryVni(http, required: true, out var vni, out var fault))
        {
            await FailAsync(http, 400, "bad_request", fault, "vni");
        }
        else if (!MacAddress.TryParse(http.Request.Query["mac"].ToString(), out var mac))
        {
            await FailAsync(http, 400, "bad_request", "mac: expected a MAC such as 02:00:00:00:00:02", "mac");
        }
        else if (backend.EvpnExplain(vni!.Value, mac) is { } answer)
        {
            await WriteAsync(http, answer, ApiJsonContext.Default.EvpnExplainResponse);
        }
        else
        {
            await EvpnIsOffAsync(http);
        }
    }

    private async Task EvpnClearAsync(HttpContext http)
    {
        var neighbor = Name(http, "neighbor");
        var all = http.Request.Query["all"] == "true";
        var soft = http.Request.Query["soft"] == "true";

        // A script whose variable is empty must not end every session.
        if (neighbor is { Length: > 0 and <= MaxNameLength } == all)
        {
            await FailAsync(http, 400, "bad_request", "name a neighbour, or all=true", "neighbor");
            return;
        }

        switch (backend.EvpnClear(neighbor, soft))
        {
            case null:
                await EvpnIsOffAsync(http);
                break;
            case 0 when neighbor is not null:
                await NoNeighborAsync(http);
                break;
            case var count:
                await WriteAsync(http, new EvpnClearResponse { Cleared = count.Value, Soft = soft }, ApiJsonContext.Default.EvpnClearResponse);
                break;
        }
    }

    private static Task EvpnIsOffAsync(HttpContext http) =>
        FailAsync(http, 404, "not_configured", "BGP EVPN is off: control.evpn is not configured. Next: overlayctl config show");

    private static Task NoNeighborAsync(HttpContext http) => FailAsync(http, 404, "not_found", "there is no such neighbour. Next: overlayctl evpn neighbors", "neighbor");
}
