using Overlay.Control.Etcd.Client;
using Overlay.Control.Etcd.Model;

namespace Overlay.Control.Etcd.Store;

/// <content>Lists, and whether a history is still the one we know.</content>
internal sealed partial class StoreWatcher
{
    private const int LeastPage = 8;
    private Anchor _anchor = Anchor.None;
    private bool _toldBackwards;
    private ulong _cluster;
    private long _revision;
    private int _list;

    /// <summary>Cluster that was listed last.</summary>
    public ulong Cluster => _cluster;

    /// <summary>Keys of the last whole list.</summary>
    public long ListedKeys { get; private set; }

    /// <summary>How long it took.</summary>
    public TimeSpan ListTime { get; private set; }

    /// <summary>When it ended, as a time stamp; 0 for never.</summary>
    public long ListedAt { get; private set; }

    /// <summary>
    /// Whether the store still has the history that we followed: the last key that we saw written had, at its revision, just that, and one that we saw deleted was gone at
    /// its revision and not before. A store that was restored from an older snapshot has gone back, or has another history at the same numbers; a member that lags behind
    /// has neither, as it answers for the cluster.
    /// </summary>
    private async Task<(EtcdFailure? Failure, string? Reason)> VerifyAsync(CancellationToken cancellationToken)
    {
        if (_anchor.Revision == 0)
        {
            return (null, "start");
        }

        // Linearizable, so that a member without a leader does not answer.
        EtcdResult<RangeResponse> answer = await _context.Client.RangeAsync(new RangeRequest { Key = _anchor.Key, Revision = _anchor.Revision }, cancellationToken);
        if (!answer.IsOk)
        {
            return answer.Failure.Kind switch
            {
                EtcdFailureKind.FutureRevision => (null, "backwards"),
                EtcdFailureKind.Compacted => await VerifyCompactedAsync(cancellationToken),
                _ => (answer.Failure, null),
            };
        }

        if (answer.Value.Header is not { } header || header.ClusterId != _cluster || header.Revision < Revision)
        {
            return (null, "backwards");
        }

        if (!_anchor.IsDelete)
        {
            return (null, answer.Value.Kvs is [{ } kv, ..] && kv.ModRevision == _anchor.Revision ? null : "backwards");
        }

        EtcdResult<RangeResponse> before = await _context.Client.RangeAsync(new RangeRequest { Key = _anchor.Key, Revision = _anchor.Revision - 1 }, cancellationToken);
        if (!before.IsOk)
        {
            return before.Failure.Kind == EtcdFailureKind.Compacted ? (null, "compacted") : (before.Failure, null);
        }

        return (null, answer.Value.Kvs is null or [] && before.Value.Kvs is [_, ..] ? null : "backwards");
    }

    /// <summary>
    /// The anchor's revision is compacted. That alone does not break the watch, if what comes after the last revision that we know is still there, and the key,
    /// if it is as it was, vouches for the history.
    /// </summary>
    private async Task<(EtcdFailure? Failure, string? Reason)> VerifyCompactedAsync(CancellationToken cancellationToken)
    {
        if (_anchor.IsDelete)
        {
            return (null, "compacted");
        }

        EtcdResult<RangeResponse> answer = await _context.Client.RangeAsync(new RangeRequest { Key = _anchor.Key }, cancellationToken);
        if (!answer.IsOk)
        {
            return (answer.Failure, null);
        }

        bool isSame = answer.Value is { Header: { } header, Kvs: [{ } kv, ..] } && header.ClusterId == _cluster && kv.ModRevision == _anchor.Revision && header.Revision >= Revision;
        return (null, isSame ? null : "compacted");
    }

    /// <summary>Lists everything at one revision, and sweeps what it lacks.</summary>
    private async Task<EtcdFailure?> ListAllAsync(string reason, CancellationToken cancellationToken)
    {
        if (reason is not "start")
        {
            _context.Counters.Add(reason is "backwards" ? EtcdCounter.ListsBackwards : EtcdCounter.ListsCompacted);
            EtcdLog.HistoryBroke(_context.Log, reason);
        }

        long began = _context.Time.GetTimestamp();
        int list = Interlocked.Increment(ref _list);
        var state = new ListState();
        _context.Sink.Do(static sink => sink.BeginResync(ResyncScope.Plane));
        _context.Claims.BeginList(except: _context.Options.Node);
        _anchor = Anchor.None;
        if (reason is "backwards" && !_toldBackwards)
        {
            // Revisions we know are of another history. Once, however many attempts the list takes.
            _toldBackwards = true;
            _ = _context.Facts.WriteAll();
            _context.Vtep.ClaimAgain();
        }

        foreach (WatchRange range in _ranges)
        {
            if (await ListAsync(range, state, list, cancellationToken) is { } failure)
            {
                return failure;
            }
        }

        if (await _context.Misses.GiveAgainAsync(reason is "backwards", cancellationToken) is { } bad)
        {
            return bad;
        }

        _toldBackwards = false;
        _cluster = state.Cluster;
        Interlocked.Exchange(ref _revision, state.Revision);
        foreach (WatchRange range in _ranges)
        {
            range.Next = state.Revision + 1;
        }

        _context.Facts.EndList(list, IsListed, state.Revision);
        if (reason is "backwards")
        {
            // What the store forgot its owners write again, as soon as they see it, so that is waited for before anything is swept.
            _context.Run("the sweep", token => SweepLaterAsync(list, token), cancellationToken);
        }
        else
        {
            _context.Sink.Do(static sink => sink.CompleteResync(ResyncScope.Plane));
        }

        _context.Counters.Add(EtcdCounter.Lists);
        ListedKeys = state.Keys;
        ListTime = _context.Time.GetElapsedTime(began);
        ListedAt = _context.Time.GetTimestamp();
        EtcdLog.Listed(_context.Log, state.Keys, state.Revision, (long)ListTime.TotalMilliseconds, reason);
        return null;
    }

    private async Task SweepLaterAsync(int list, CancellationToken cancellationToken)
    {
        await Task.Delay(_context.Options.BackOffLast + _context.Options.HealthInterval, _context.Time, cancellationToken);
        _context.Sink.Do(sink =>
        {
            if (list == Volatile.Read(ref _list))
            {
                sink.CompleteResync(ResyncScope.Plane);
            }
        });
    }

    /// <summary>Lists ranges that are new, each for itself: no key is in two, so they need not be of one revision.</summary>
    /// <param name="reason">Why everything is listed next: then only those are listed of which more is withdrawn than a list of everything may. Null for no reason.</param>
    /// <param name="cancellationToken">Ends it.</param>
    private async Task<EtcdFailure?> ListNewAsync(string? reason, CancellationToken cancellationToken)
    {
        foreach (WatchRange range in _ranges.Where(r => r.Next == 0 && (reason is null || r.IsMeant)).ToArray())
        {
            var state = new ListState();
            if (range.Vni is not { } vni)
            {
                // Those that are gone their keys' deletes tell of.
                if (await ListAsync(range, state, 0, cancellationToken) is { } failed)
                {
                    return failed;
                }

                range.Next = state.Revision + 1;
                continue;
            }

            var scope = ResyncScope.OfVni(vni);
            _context.Sink.Do(sink => sink.BeginResync(scope));
            if (await ListAsync(range, state, 0, cancellationToken) is { } failure)
            {
                return failure;
            }

            range.Next = state.Revision + 1;
            _context.Sink.Do(sink => sink.CompleteResync(scope, range.IsMeant));
            range.IsMeant = false;
        }

        return null;
    }

    private async Task<EtcdFailure?> ListAsync(WatchRange range, ListState state, int list, CancellationToken cancellationToken)
    {
        byte[] from = range.Start;
        int page = _context.Options.PageSize;
        while (true)
        {
            EtcdResult<RangeResponse> answer = await _context.Client.RangeAsync(
                new RangeRequest { Key = from, RangeEnd = range.End, Limit = page, Revision = state.Revision == 0 ? null : state.Revision }, cancellationToken);
            if (!answer.IsOk)
            {
                if (answer.Failure.Kind == EtcdFailureKind.ResponseTooLarge && page > LeastPage)
                {
                    page /= 4;
                    continue;
                }

                return answer.Failure;
            }

            if (answer.Value.Header is not { Revision: > 0 } header)
            {
                return new EtcdFailure(EtcdFailureKind.BadResponse, "a list without a revision");
            }

            if (state.Revision == 0)
            {
                state.Revision = header.Revision;
                state.Cluster = header.ClusterId;
            }

            byte[]? last = null;
            foreach (KeyValue? kv in answer.Value.Kvs ?? [])
            {
                if (kv?.Key is not { } key)
                {
                    continue;
                }

                last = key;
                state.Keys++;
                _reader.Put(kv, null, list == 0 ? -1 : list);
                if (kv.ModRevision > _anchor.Revision)
                {
                    _anchor = new Anchor(key, kv.ModRevision, IsDelete: false);
                }
            }

            _context.Counters.Add(EtcdCounter.KeysListed, answer.Value.Kvs?.Count ?? 0);
            if (!answer.Value.More)
            {
                return null;
            }

            // The next page begins after the last key; a page that says there is more and has none, or goes back, would be for ever.
            if (last is null || last.AsSpan().SequenceCompareTo(from) < 0 || (last.AsSpan().SequenceEqual(from) && page > 1 && answer.Value.Kvs!.Count > 1))
            {
                return new EtcdFailure(EtcdFailureKind.BadResponse, "a page of a list that leads nowhere");
            }

            from = [.. last, 0];

            // What was too large is behind us.
            page = Math.Min(page * 2, _context.Options.PageSize);
        }
    }

    /// <summary>Whether a key of ours is in what is listed.</summary>
    private bool IsListed(EtcdKey key)
    {
        if (key.Kind == EtcdKeyKind.Member)
        {
            return _ranges.Exists(r => r.Vni == key.Vni);
        }

        return !_context.IsOnDemand(key.Vni) && _ranges.Exists(r => r.Vni == key.Vni);
    }

    /// <summary>The last change that we know of: by it a history is known again.</summary>
    private sealed record Anchor(byte[] Key, long Revision, bool IsDelete)
    {
        public static readonly Anchor None = new([], 0, false);
    }

    private sealed class ListState
    {
        public long Revision { get; set; }

        public ulong Cluster { get; set; }

        public long Keys { get; set; }
    }
}
