using Overlay.Api;
using Overlay.Encap;
using Overlay.Host.Api;

namespace Overlay.Host.Composition;

/// <content>etcd.</content>
internal sealed partial class Daemon
{
    /// <inheritdoc/>
    public EtcdStatusResponse? EtcdStatus() => runtime.Etcd is { } plane ? EtcdView.Status(plane.Status()) : null;

    /// <inheritdoc/>
    public async Task<(bool IsOn, EtcdDumpResponse? Answer, string? Failure)> EtcdDumpAsync(Vni? vni, int limit, EtcdDumpNext? next, CancellationToken cancellation)
    {
        if (runtime.Etcd is not { } plane)
        {
            return (false, null, null);
        }

        var page = await plane.DumpAsync(vni, limit, next?.Key, next?.Revision ?? 0, cancellation);
        if (page.Failure is { } failure)
        {
            return (true, null, failure);
        }

        var answer = new EtcdDumpResponse
        {
            Keys = [.. page.Rows.Select(EtcdView.Key)],
            Revision = page.Revision,
            Truncated = page.Next is not null,
            Next = page.Next is { } key ? new EtcdDumpNext(page.Revision, key.ToArray()).ToString() : null,
        };
        return (true, answer, null);
    }
}
