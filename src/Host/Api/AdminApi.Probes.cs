using Overlay.Api;
using Overlay.Host.Configuration;

namespace Overlay.Host.Api;

/// <content>Probes of peers.</content>
internal sealed partial class AdminApi
{
    private async Task ProbeAsync(HttpContext http)
    {
        var peer = http.Request.Query["peer"].ToString();
        if (http.Request.Query.ContainsKey("peer") && peer.Length is 0 or > MaxNameLength)
        {
            await FailAsync(http, 400, "bad_request", "peer: expected the name of a peer", "peer");
        }
        else if (await backend.ProbeAsync(peer.Length > 0 ? peer : null, http.RequestAborted) is { } answer)
        {
            await WriteAsync(http, answer, ApiJsonContext.Default.ProbeResponse);
        }
        else
        {
            await FailAsync(http, 404, "not_found", $"there is no peer {KeyPath.Printable(peer)}", "peer");
        }
    }
}
