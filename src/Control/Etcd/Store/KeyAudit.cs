using Overlay.Control.Etcd.Client;
using Overlay.Control.Etcd.Model;

namespace Overlay.Control.Etcd.Store;

/// <summary>
/// Asks now and then whether keys of ours are still there under our lease, and has those written again that are not: in VNIs that are not mirrored nobody tells us that a
/// key of ours was deleted or overwritten. Only those are asked for, some at a time: a thousand a second at most, so that many cost time and not memory.
/// </summary>
internal sealed class KeyAudit(StoreContext context)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var keys = new List<EtcdKey>(context.Options.BatchSize);
        while (true)
        {
            await Task.Delay(context.Options.Lease * 2, context.Time, cancellationToken);
            int at = 0;
            do
            {
                long lease = context.Lease.Current;
                keys.Clear();
                at = context.Facts.TakeWritten(at, keys, IsUnwatched);
                if (lease == 0 || keys.Count == 0 || !await AskAsync(keys, lease, cancellationToken))
                {
                    break;
                }

                await Task.Delay(Pause, context.Time, cancellationToken);
            }
            while (at != 0);
        }
    }

    /// <summary>One condition for all; which of them it is only if not all are as they should be.</summary>
    /// <returns>False if the store did not answer.</returns>
    private async Task<bool> AskAsync(List<EtcdKey> keys, long lease, CancellationToken cancellationToken)
    {
        byte[][] octets = [.. keys.Select(k => context.Schema.Octets(k))];
        EtcdResult<TxnResponse> answer = await context.Client.TxnAsync(
            new TxnRequest
            {
                Compare = [.. octets.Select(o => Compare.Leased(o, lease))],
                Failure = [.. octets.Select(static o => new RequestOp { RequestRange = new RangeRequest { Key = o, KeysOnly = true } })],
            },
            cancellationToken);
        if (!answer.IsOk || answer.Value is not { Header.Revision: > 0 and var revision } value)
        {
            return false;
        }

        if (value.Succeeded)
        {
            return true;
        }

        if (value.Responses?.Count != keys.Count)
        {
            return false;
        }

        for (int i = 0; i < keys.Count; i++)
        {
            KeyValue? kv = value.Responses[i]?.ResponseRange?.Kvs is [{ } found, ..] ? found : null;
            if (kv?.Lease != lease && context.Facts.WriteMissing(keys[i], revision) && kv is null)
            {
                context.Fault(EtcdFault.OwnKeyChanged, octets[i], revision, "deleted");
            }
        }

        return true;
    }

    private bool IsUnwatched(EtcdKey key) => key.Kind is EtcdKeyKind.Mac or EtcdKeyKind.Neighbor && context.IsOnDemand(key.Vni);
}
