using System.Threading.Channels;
using Overlay.Control.Etcd.Client;
using Overlay.Control.Etcd.Model;

namespace Overlay.Control.Etcd.Store;

/// <summary>
/// Writes what changed on our side, many changes a transaction. Each change has a condition of its own inside the transaction (a key is as we believe
/// it to be), so one that meets something else does not hold up the rest, and is told what it met.
/// </summary>
internal sealed class FactWriter(StoreContext context)
{
    /// <summary>Transactions under way together while there is much to write.</summary>
    private const int Parallel = 4;
    private static readonly TimeSpan Nap = TimeSpan.FromMilliseconds(500);
    private readonly Channel<byte[]> _notes = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(1024) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly EtcdValueParser[] _parsers = [.. Enumerable.Range(0, Parallel).Select(static _ => new EtcdValueParser())];
    private int _batchSize = context.Options.BatchSize;

    /// <summary>What the last write failed with; null if it went well.</summary>
    public EtcdFailure? Failure { get; private set; }

    /// <summary>A note to us was read: its key may go. More than a thousand at a time end with their writer's lease instead.</summary>
    public void DropNote(byte[] key)
    {
        if (_notes.Writer.TryWrite(key))
        {
            context.Facts.Poke();
        }
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var backOff = new BackOff(context.Options, context.Time, context.Random);
        while (!cancellationToken.IsCancellationRequested)
        {
            long lease = await context.Lease.WaitAsync(cancellationToken);
            if (context.Vtep.Addresses.IsEmpty)
            {
                await context.Facts.WaitAsync(Nap, cancellationToken);
                continue;
            }

            EtcdFailure? failure = null;
            if (!context.Vtep.IsCurrent)
            {
                failure = await context.Vtep.ClaimAsync(lease, cancellationToken);
                if (failure is null && !context.Vtep.IsCurrent)
                {
                    // Another has our name for as long as its lease lives.
                    if (context.Vtep.Claimant is not null)
                    {
                        // The watch tells when it is gone; whatever else wakes us must not keep the store busy.
                        await context.Facts.WaitAsync(context.Options.Lease / 5, cancellationToken);
                        await Task.Delay(Nap, context.Time, cancellationToken);
                    }

                    continue;
                }
            }

            if (failure is null)
            {
                await context.Facts.WaitAsync(Nap, cancellationToken);
                if (context.Facts.Waiting == 0 && _notes.Reader.Count == 0)
                {
                    continue;
                }

                if (context.Options.BatchDelay > TimeSpan.Zero)
                {
                    await Task.Delay(context.Options.BatchDelay, context.Time, cancellationToken);
                }

                failure = await WriteAllAsync(lease, cancellationToken);
            }

            Failure = failure;
            if (failure is null)
            {
                backOff.Reset();
                continue;
            }

            context.Counters.Add(EtcdCounter.WriteFailures);
            if (failure.Kind == EtcdFailureKind.LeaseNotFound)
            {
                context.Lease.Lost(lease);
                continue;
            }

            if (failure.Kind == EtcdFailureKind.TooLarge && _batchSize > 1)
            {
                _batchSize /= 2;
                continue;
            }

            if (failure.Kind != EtcdFailureKind.Cancelled)
            {
                EtcdLog.WriteFailed(context.Log, failure.ToString(), context.Facts.Waiting);
            }

            await backOff.WaitAsync(cancellationToken);
        }
    }

    private async Task<EtcdFailure?> WriteAllAsync(long lease, CancellationToken cancellationToken)
    {
        await DropNotesAsync(cancellationToken);
        while (context.Lease.Current == lease && context.Vtep.IsCurrent)
        {
            var under = new List<Task<EtcdFailure?>>(Parallel);
            while (under.Count < Parallel && context.Facts.Take(_batchSize) is { Count: > 0 } batch)
            {
                under.Add(WriteAsync(batch, lease, _parsers[under.Count], cancellationToken));
            }

            if (under.Count == 0)
            {
                return null;
            }

            EtcdFailure?[] failures = await Task.WhenAll(under);
            if (Array.Find(failures, static f => f is not null) is { } failure)
            {
                return failure;
            }
        }

        return null;
    }

    private async Task<EtcdFailure?> WriteAsync(List<FactWrite> batch, long lease, EtcdValueParser parser, CancellationToken cancellationToken)
    {
        EtcdResult<TxnResponse> answer;
        try
        {
            answer = await context.Client.TxnAsync(new TxnRequest { Success = [.. batch.Select(w => new RequestOp { RequestTxn = Operation(w, lease) })] }, cancellationToken);
        }
        catch
        {
            batch.ForEach(w => context.Facts.Failed(w));
            throw;
        }

        if (!answer.IsOk || answer.Value.Responses?.Count != batch.Count)
        {
            batch.ForEach(w => context.Facts.Failed(w));
            return answer.Failure ?? new EtcdFailure(EtcdFailureKind.BadResponse, "a transaction with fewer results than requests");
        }

        long revision = answer.Value.Header?.Revision ?? 0;
        for (int i = 0; i < batch.Count; i++)
        {
            Settle(batch[i], answer.Value.Responses[i]?.ResponseTxn, revision, parser);
        }

        return null;
    }

    private TxnRequest Operation(in FactWrite write, long lease)
    {
        byte[] key = context.Schema.Octets(write.Key);
        if (!write.Desired)
        {
            // First our word that it is taken back, which a watcher can tell from a key that somebody else deleted; then the key.
            return write.State == FactState.TakenBack
                ? new TxnRequest { Compare = [Compare.Modified(key, write.Belief)], Success = [new RequestOp { RequestDeleteRange = new DeleteRequest { Key = key } }] }
                : new TxnRequest { Compare = [Compare.Leased(key, lease)], Success = [Put(key, Value(write, withdrawn: true), lease)] };
        }

        List<RequestOp> puts = [Put(key, Value(write, withdrawn: false), lease)];
        if (write is { Key.Kind: EtcdKeyKind.Mac, LeftVtep: { } left } && !IsUs(left) && context.VtepLeases.Knows(left))
        {
            // Who does not mirror the VNI hears of it only so.
            puts.Add(Put(context.Schema.Octets(EtcdKey.OfMoved(left, write.Key.Vni, write.Key.Mac)), Value(write, withdrawn: false), lease));
        }

        return new TxnRequest
        {
            Compare = [write.Belief == 0 ? Compare.Absent(key) : Compare.Modified(key, write.Belief)],
            Success = puts,
            Failure = [new RequestOp { RequestRange = new RangeRequest { Key = key } }],
        };
    }

    /// <summary>What became of one write.</summary>
    private void Settle(in FactWrite write, TxnResponse? result, long revision, EtcdValueParser parser)
    {
        if (result is null)
        {
            context.Facts.Failed(write);
            return;
        }

        if (!write.Desired)
        {
            if (result.Succeeded && write.State != FactState.TakenBack)
            {
                context.Facts.Done(write, revision);
                return;
            }

            context.Counters.Add(EtcdCounter.Withdrawn);
            context.Facts.Gone(write);
            return;
        }

        if (result.Succeeded)
        {
            context.Counters.Add(EtcdCounter.Written);
            context.Facts.Done(write, revision);
            return;
        }

        KeyValue? there = result.Responses is [{ ResponseRange.Kvs: [{ } kv, ..] }, ..] ? kv : null;
        if (there is null || parser.Parse(write.Key, there.Value ?? [], out EtcdValue value) != EtcdFault.None)
        {
            // Nothing there, or nothing that anybody could read.
            context.Facts.Met(write, there?.ModRevision ?? 0, 0, null, yield: false);
            return;
        }

        bool isOther = !IsUs(value.Vtep) && !value.Withdrawn;
        if (write.Key.Kind != EtcdKeyKind.Mac || !isOther)
        {
            // A run of ours before, somebody who took it back, or something that has no sequence: the later word counts.
            context.Facts.Met(write, there.ModRevision, value.Sequence, null, yield: false);
            return;
        }

        context.Counters.Add(EtcdCounter.Conflicts);
        if (!value.Sticky && value.Sequence < write.Sequence)
        {
            context.Facts.Met(write, there.ModRevision, write.Sequence, value.Vtep, yield: false);
            return;
        }

        // The other's word is not older than ours. Our table decides as for any route, and says so; if the host is here, its next frame moves it back.
        context.Counters.Add(EtcdCounter.Yielded);
        context.Facts.Met(write, there.ModRevision, value.Sticky ? uint.MaxValue : value.Sequence, value.Vtep, yield: true);
        if (context.IsOnDemand(write.Key.Vni))
        {
            context.Misses.Learn(write.Key, value, there.ModRevision);
        }

        // Elsewhere the watch tells the table, in the order of the store.
    }

    private async Task DropNotesAsync(CancellationToken cancellationToken)
    {
        var keys = new List<RequestOp>();
        while (keys.Count < context.Options.BatchSize && _notes.Reader.TryRead(out byte[]? key))
        {
            keys.Add(new RequestOp { RequestDeleteRange = new DeleteRequest { Key = key } });
        }

        if (keys.Count > 0)
        {
            // If this fails they end with their writers' leases.
            _ = await context.Client.TxnAsync(new TxnRequest { Success = keys }, cancellationToken);
        }
    }

    private byte[] Value(in FactWrite write, bool withdrawn) => write.Key.Kind switch
    {
        EtcdKeyKind.Mac => EtcdValueWriter.Mac(context.Options.Node, write.Sequence, withdrawn),
        EtcdKeyKind.Neighbor => EtcdValueWriter.Neighbor(context.Options.Node, write.Mac, withdrawn),
        _ => EtcdValueWriter.Member(context.Options.Node, withdrawn),
    };

    private bool IsUs(string vtep) => string.Equals(vtep, context.Options.Node, StringComparison.Ordinal);

    private static RequestOp Put(byte[] key, byte[] value, long lease) => new() { RequestPut = new PutRequest { Key = key, Value = value, Lease = lease } };
}
