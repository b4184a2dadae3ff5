using Overlay.Api;
using Overlay.Encap;

namespace Overlay.Host.Composition;

/// <content>etcd.</content>
internal sealed partial class Daemon
{
    private const int EtcdDumpRows = 10_000;

    /// <inheritdoc/>
    public EtcdStatusResponse? EtcdStatus() => runtime.Etcd is { } plane ? EtcdView.Status(plane.Status()) : null;

    /// <inheritdoc/>
    public async Task<(bool IsOn, EtcdDumpResponse? Answer, string? Failure)> EtcdDumpAsync(Vni? vni, CancellationToken cancellation)
    {
        if (runtime.Etcd is not { } plane)
        {
            return (false, null, null);
        }

        var page = await plane.DumpAsync(vni, EtcdDumpRows, null, 0, cancellation);
        return page.Failure is { } failure
            ? (true, null, failure)
            : (true, new EtcdDumpResponse { Keys = [.. page.Rows.Select(EtcdView.Key)], Revision = page.Revision, Truncated = page.Next is not null }, null);
    }
}
