using Overlay.Api;
using Overlay.Control.Queries;
using Overlay.Encap;
using Overlay.Host.Configuration;

namespace Overlay.Host.Api;

/// <content>What was learned: moves, and the two things that an operator may do about it.</content>
internal sealed partial class AdminApi
{
    private const int MaxNameLength = 256;

    private async Task MovesAsync(HttpContext http)
    {
        if (TryVni(http, required: false, out var vni, out var fault))
        {
            await WriteAsync(http, await backend.MovesAsync(vni, http.RequestAborted), ApiJsonContext.Default.FdbMovesResponse);
        }
        else
        {
            await FailAsync(http, 400, "bad_request", fault, "vni");
        }
    }

    private async Task VnisAsync(HttpContext http)
    {
        if (!TryVni(http, required: false, out var vni, out var fault))
        {
            await FailAsync(http, 400, "bad_request", fault, "vni");
        }
        else if (await backend.VnisAsync(vni, http.RequestAborted) is { } answer)
        {
            await WriteAsync(http, answer, ApiJsonContext.Default.VnisResponse);
        }
        else
        {
            await FailAsync(http, 404, "not_found", $"VNI {vni} is not configured", "vni");
        }
    }

    private async Task FlushAsync(HttpContext http)
    {
        if (await FilterAsync(http) is not { } filter)
        {
            return;
        }

        // Not the request's token: what was begun is carried out.
        var outcome = await backend.FlushAsync(filter, CancellationToken.None);
        if (outcome.Unknown is { } unknown)
        {
            await FailAsync(http, 404, "not_found", KeyPath.Printable(unknown));
        }
        else
        {
            await WriteAsync(http, new FdbFlushResponse { Removed = outcome.Removed }, ApiJsonContext.Default.FdbFlushResponse);
        }
    }

    private async Task UnfreezeAsync(HttpContext http)
    {
        if (await FilterAsync(http) is not { } filter)
        {
            return;
        }

        var outcome = await backend.UnfreezeAsync(filter.Vni, filter.Mac, CancellationToken.None);
        if (outcome.Unknown is { } unknown)
        {
            await FailAsync(http, 404, "not_found", unknown, "vni");
        }
        else
        {
            await WriteAsync(http, new FdbUnfreezeResponse { Unfrozen = outcome.Unfrozen }, ApiJsonContext.Default.FdbUnfreezeResponse);
        }
    }

    /// <summary>Reads a filter; null if it was answered. A filter that says nothing has to say so: a script whose variable is empty must not flush everything.</summary>
    private static async Task<FdbFilter?> FilterAsync(HttpContext http)
    {
        if (!TryVni(http, required: false, out var vni, out var fault))
        {
            await FailAsync(http, 400, "bad_request", fault, "vni");
            return null;
        }

        MacAddress? mac = null;
        if (http.Request.Query.ContainsKey("mac"))
        {
            if (!MacAddress.TryParse(http.Request.Query["mac"].ToString(), out var parsed))
            {
                await FailAsync(http, 400, "bad_request", "mac: expected a MAC such as 02:00:00:00:00:02", "mac");
                return null;
            }

            mac = parsed;
        }

        foreach (var key in new[] { "port", "peer" })
        {
            if (http.Request.Query.ContainsKey(key) && http.Request.Query[key].ToString().Length is 0 or > MaxNameLength)
            {
                await FailAsync(http, 400, "bad_request", $"{key}: expected the name of a {key}", key);
                return null;
            }
        }

        var filter = new FdbFilter(vni, Name(http, "port"), Name(http, "peer"), mac);
        if (filter == new FdbFilter() && http.Request.Query["all"] != "true")
        {
            await FailAsync(http, 400, "bad_request", "name what is meant, or all=true");
            return null;
        }

        return filter;
    }

    private static string? Name(HttpContext http, string key) => http.Request.Query[key].ToString() is { Length: > 0 } name ? name : null;
}
