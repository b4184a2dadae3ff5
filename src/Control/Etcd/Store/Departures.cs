using Overlay.Control.Etcd.Client;
using Overlay.Control.Etcd.Model;

namespace Overlay.Control.Etcd.Store;

/// <summary>
/// Keys that went without their owner's word: deleted by another, or with their lease. An owner that lives writes them again in a moment, so what they said stays in
/// force for a second; then the store is asked whether their lease is over. What went with the lease of one VTEP is withdrawn, and nothing holds that up. What somebody
/// else deleted is withdrawn by way of the guard. While the store does not answer nothing is.
/// </summary>
/// <remarks>
/// When the leases of several VTEPs are over together, or ours was too, it is more likely that the way to the store was cut than that they died: then they have as
/// long as their attempts to come back may be apart, and the guard has a word.
/// <b>Threading:</b> any thread.
/// </remarks>
internal sealed class Departures(StoreContext context)
{
    private const int Parallel = 16;
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);
    private readonly Lock _gate = new();
    private readonly Dictionary<EtcdKey, Departure> _gone = [];
    private readonly Dictionary<long, bool> _isOver = [];
    private long _ownLoss;
    private long _ownLease;

    /// <summary>For how long several are waited for: the longest back-off, at its most random, and a look at the members.</summary>
    private TimeSpan LongGrace => (context.Options.BackOffLast * 1.25) + context.Options.HealthInterval;

    /// <summary>A key went.</summary>
    /// <param name="key">The key.</param>
    /// <param name="lease">The lease it was under; 0 for none, or if its going is nobody's lease's doing.</param>
    /// <param name="revision">When.</param>
    public void Add(in EtcdKey key, long lease, long revision)
    {
        lock (_gate)
        {
            if (lease != 0)
            {
                _gone[key] = new Departure(context.Time.GetTimestamp(), lease, revision);
            }
            else
            {
                // Nor is what is known of it forgotten by that.
                _ = _gone.TryAdd(key, new Departure(context.Time.GetTimestamp(), lease, revision));
            }
        }
    }

    /// <summary>The key is there again.</summary>
    /// <param name="key">The key.</param>
    /// <param name="lease">The lease it is under.</param>
    public void Back(in EtcdKey key, long lease)
    {
        Departure gone;
        lock (_gate)
        {
            if (_gone.Count == 0 || !_gone.Remove(key, out gone))
            {
                return;
            }
        }

        if (gone.Lease != 0 && gone.Lease == lease)
        {
            context.Fault(EtcdFault.DeletedByOther, context.Schema.Octets(key), gone.Revision, "its owner wrote it again");
        }
        else if (key.Kind == EtcdKeyKind.Vtep && gone.Lease != 0)
        {
            context.Counters.Add(EtcdCounter.VtepsExpired);
        }
    }

    /// <summary>Something else took back what the key said.</summary>
    public void Forget(in EtcdKey key)
    {
        lock (_gate)
        {
            _ = _gone.Count > 0 && _gone.Remove(key);
        }
    }

    /// <summary>Our own key went: the others' may have gone for the same reason.</summary>
    public void NoteOwnLoss() => Interlocked.Exchange(ref _ownLoss, context.Time.GetTimestamp());

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(Grace / 4, context.Time, cancellationToken);
            WatchOwnLease();
            long[] leases;
            lock (_gate)
            {
                if (_gone.Count == 0)
                {
                    _isOver.Clear();
                    continue;
                }

                if (context.Watcher.Endpoint is null)
                {
                    // Out of touch nobody hears an owner who writes again: its time begins when we would.
                    foreach ((EtcdKey key, Departure gone) in _gone.ToArray())
                    {
                        _gone[key] = gone with { Since = context.Time.GetTimestamp() };
                    }

                    continue;
                }

                leases = [.. _gone.Values.Where(d => context.Time.GetElapsedTime(d.Since) >= Grace).Select(static d => d.Lease).Distinct().Where(l => l != 0 && !_isOver.ContainsKey(l))];
            }

            await AskAsync(leases, cancellationToken);
            Withdraw();
        }
    }

    private void WatchOwnLease()
    {
        long lease = context.Lease.Current;
        if (lease != _ownLease && _ownLease != 0)
        {
            NoteOwnLoss();
        }

        _ownLease = lease;
    }

    /// <summary>Asks whether leases are over. One that is stays so; one that lives is asked for again with the next key of it that goes.</summary>
    private async Task AskAsync(long[] leases, CancellationToken cancellationToken)
    {
        foreach (long[] part in leases.Chunk(Parallel))
        {
            EtcdResult<LeaseResponse>[] answers = await Task.WhenAll(part.Select(lease => context.Client.TimeToLiveAsync(lease, cancellationToken)));
            bool isAway = false;
            for (int i = 0; i < part.Length; i++)
            {
                EtcdResult<LeaseResponse> answer = answers[i];
                if (answer.IsOk || answer.Failure.Kind == EtcdFailureKind.LeaseNotFound)
                {
                    _isOver[part[i]] = !answer.IsOk || answer.Value.Ttl <= 0;
                }
                else
                {
                    isAway = true;
                }
            }

            if (isAway)
            {
                return;
            }
        }
    }

    private void Withdraw()
    {
        lock (_gate)
        {
            int over = _gone.Values.Select(static d => d.Lease).Distinct().Count(l => _isOver.GetValueOrDefault(l));
            bool isCommon = over > 1 || (_ownLoss != 0 && context.Time.GetElapsedTime(_ownLoss) < 2 * LongGrace);
            foreach ((EtcdKey key, Departure gone) in _gone)
            {
                TimeSpan elapsed = context.Time.GetElapsedTime(gone.Since);
                bool isOver = false;
                if (elapsed < Grace || (gone.Lease != 0 && !_isOver.TryGetValue(gone.Lease, out isOver)) || (isOver && isCommon && elapsed < LongGrace))
                {
                    continue;
                }

                _ = _gone.Remove(key);
                if (!isOver)
                {
                    context.Fault(EtcdFault.DeletedByOther, context.Schema.Octets(key), gone.Revision);
                }
                else if (key.Kind == EtcdKeyKind.Vtep)
                {
                    context.Counters.Add(EtcdCounter.VtepsExpired);
                }

                if (key.Kind is EtcdKeyKind.Mac or EtcdKeyKind.Neighbor && context.IsOnDemand(key.Vni))
                {
                    context.Misses.Forget(key);
                }

                context.Sink.Withdraw(key, byOwner: isOver && over <= 1);
            }

            foreach (long lease in _isOver.Where(static l => !l.Value).Select(static l => l.Key).ToArray())
            {
                _ = _isOver.Remove(lease);
            }
        }
    }

    private readonly record struct Departure(long Since, long Lease, long Revision);
}
