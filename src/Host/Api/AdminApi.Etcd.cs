using System.Globalization;
using Overlay.Api;
using Overlay.Control.Etcd;

namespace Overlay.Host.Api;

/// <content>etcd.</content>
internal sealed partial class AdminApi
{
    private async Task EtcdStatusAsync(HttpContext http)
    {
        if (backend.EtcdStatus() is { } answer)
        {
            await WriteAsync(http, answer, ApiJsonContext.Default.EtcdStatusResponse);
        }
        else
        {
            await EtcdIsOffAsync(http);
        }
    }

    private async Task EtcdDumpAsync(HttpContext http)
    {
        if (!TryVni(http, required: false, out var vni, out var fault))
        {
            await FailAsync(http, 400, "bad_request", fault, "vni");
            return;
        }

        var limit = EtcdPlane.DumpLimit;
        if (http.Request.Query.ContainsKey("limit") &&
            (!int.TryParse(http.Request.Query["limit"], NumberStyles.None, CultureInfo.InvariantCulture, out limit) || limit is < 1 or > EtcdPlane.DumpLimit))
        {
            await FailAsync(http, 400, "bad_request", $"limit: expected a number from 1 to {EtcdPlane.DumpLimit}", "limit");
            return;
        }

        EtcdDumpNext? next = null;
        if (http.Request.Query.ContainsKey("next") && !EtcdDumpNext.TryParse(http.Request.Query["next"].ToString(), out next))
        {
            await FailAsync(http, 400, "bad_request", "next: expected what the answer before gave as next", "next");
            return;
        }

        var (isOn, answer, failure) = await backend.EtcdDumpAsync(vni, limit, next, http.RequestAborted);
        if (!isOn)
        {
            await EtcdIsOffAsync(http);
        }
        else if (answer is null)
        {
            await FailAsync(http, 503, "store_unavailable", $"the store does not answer ({failure}). Next: overlayctl etcd status");
        }
        else
        {
            await WriteAsync(http, answer, ApiJsonContext.Default.EtcdDumpResponse);
        }
    }

    private static Task EtcdIsOffAsync(HttpContext http) =>
        FailAsync(http, 404, "not_configured", "etcd is off: control.etcd is not configured. Next: overlayctl config show");
}
