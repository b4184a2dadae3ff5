using Overlay.Api;

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

        var (isOn, answer, failure) = await backend.EtcdDumpAsync(vni, http.RequestAborted);
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
