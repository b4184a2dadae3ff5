using Overlay.Control.Etcd.Client;
using Overlay.Control.Etcd.Model;

namespace Overlay.Control.Etcd.Store;

/// <summary>
/// Asks now and then which keys our lease holds, and has those written again that are missing: in VNIs that are not mirrored nobody tells us that a key of ours
/// was deleted or overwritten.
/// </summary>
internal sealed class KeyAudit(StoreContext context)
{
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(context.Options.Lease * 2, context.Time, cancellationToken);
            long lease = context.Lease.Current;
            if (lease == 0 || !context.Facts.HasAny(IsUnwatched))
            {
                continue;
            }

            EtcdResult<LeaseResponse> answer = await context.Client.TimeToLiveAsync(lease, keys: true, cancellationToken);
            if (!answer.IsOk || answer.Value is not { Ttl: > 0, Header: { Revision: var revision } })
            {
                continue;
            }

            var held = new HashSet<EtcdKey>();
            foreach (byte[] octets in answer.Value.Keys ?? [])
            {
                if (octets is not null && context.Schema.Parse(octets, out EtcdKey key) == EtcdFault.None)
                {
                    _ = held.Add(key);
                }
            }

            context.Facts.WriteMissing(key => IsUnwatched(key) && !held.Contains(key), revision);
        }
    }

    private bool IsUnwatched(EtcdKey key) => key.Kind is EtcdKeyKind.Mac or EtcdKeyKind.Neighbor && context.IsOnDemand(key.Vni);
}
