using Overlay.Control.Etcd.Client;
using Overlay.Control.Etcd.Model;
using Overlay.Encap;

namespace Overlay.Control.Etcd.Store;

/// <summary>
/// Lists, then watches. A watch that breaks goes on where it was, at whichever member is in health, once it is sure that the history is still the same;
/// if it is not, or was compacted meanwhile, everything is listed anew, and what the list lacks is swept at its end and not before.
/// </summary>
internal sealed partial class StoreWatcher : IDisposable
{
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Brief = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Spread = TimeSpan.FromMilliseconds(100);
    private readonly StoreContext _context;
    private readonly StoreReader _reader;
    private readonly Lock _gate = new();
    private readonly HashSet<uint> _attached = [];
    private readonly List<WatchRange> _ranges = [];
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationTokenSource _reopen = new();
    private bool _hasChanged;
    private bool _listsVteps;
    private bool _isDisposed;

    public StoreWatcher(StoreContext context)
    {
        _context = context;
        _reader = new StoreReader(context);
        _ranges.Add(new WatchRange(context.Schema.Vteps, null));
        _ranges.Add(new WatchRange(context.Schema.Moved(context.Options.Node), null));
    }

    /// <summary>The member that is watched; null for none.</summary>
    public string? Endpoint { get; private set; }

    /// <summary>The highest revision that is in force here.</summary>
    public long Revision => Interlocked.Read(ref _revision);

    /// <summary>What it is waiting for to end; null while all is well.</summary>
    public EtcdFailure? Failure { get; private set; }

    /// <summary>How many VNIs are served.</summary>
    public int VniCount
    {
        get
        {
            lock (_gate)
            {
                return _attached.Count;
            }
        }
    }

    /// <summary>The VNIs that are served have been told: the first list may begin.</summary>
    public void Ready() => _ready.TrySetResult();

    public void Attach(Vni vni) => Change(() => _attached.Add(vni.Value));

    public void Detach(Vni vni) => Change(() => _attached.Remove(vni.Value));

    /// <summary>VNIs may have other modes.</summary>
    public void ModesChanged() => Change(static () => true);

    /// <summary>VTEPs are to be listed anew: what they say is judged by our addresses.</summary>
    public void ListVteps() => Change(() => _listsVteps = true);

    /// <summary>Only these are attached.</summary>
    public void Retain(HashSet<uint> vnis) => Change(() => _attached.RemoveWhere(v => !vnis.Contains(v)) > 0);

    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            _reopen.Dispose();
        }
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await _ready.Task.WaitAsync(cancellationToken);
        var backOff = new BackOff(_context.Options, _context.Time, _context.Random);
        string? reason = "start";
        bool isBroken = false;
        int brief = 0;
        while (!cancellationToken.IsCancellationRequested)
        {
            AdjustRanges();
            EtcdFailure? failure = null;
            if (reason is null && isBroken)
            {
                (failure, reason) = await VerifyAsync(cancellationToken);
            }

            if (failure is null)
            {
                failure = await ListNewAsync(reason, cancellationToken) ?? (reason is null ? null : await ListAllAsync(reason, cancellationToken));
            }

            if (failure is null)
            {
                reason = null;
                long began = _context.Time.GetTimestamp();
                (failure, reason) = await WatchAsync(cancellationToken);
                isBroken = true;
                bool isReopening = failure is null && reason is null;
                brief = isReopening || _context.Time.GetElapsedTime(began) >= Brief ? 0 : brief + 1;
                if (brief < 2)
                {
                    // At once, and without a word to the tables: another member goes on. Not in the same moment as all others that were at the one that went.
                    backOff.Reset();
                    if (!isReopening)
                    {
                        await Task.Delay(backOff.Part(Spread), _context.Time, cancellationToken);
                    }

                    continue;
                }
            }

            if (cancellationToken.IsCancellationRequested)
            {
                return;
            }

            TimeSpan delay = backOff.Next();
            if (failure is not null)
            {
                Failure = failure;
                if (_context.Sink.Connected(false))
                {
                    EtcdLog.Lost(_context.Log, failure.ToString(), delay);
                }
            }

            await Task.Delay(delay, _context.Time, cancellationToken);
        }
    }

    /// <summary>Watches until something ends it: a failure, a reason to list anew, or (neither) a change of the ranges.</summary>
    private async Task<(EtcdFailure? Failure, string? Reason)> WatchAsync(CancellationToken cancellationToken)
    {
        CancellationToken reopen;
        lock (_gate)
        {
            reopen = _reopen.Token;
            if (_hasChanged)
            {
                return (null, null);
            }
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, reopen);
        EtcdResult<WatchStream> opened = await _context.Client.WatchAsync(_ranges.Select((r, i) => new WatchCreateRequest
        {
            Key = r.Start,
            RangeEnd = r.End,
            StartRevision = r.Next,
            WatchId = i + 1,
            ProgressNotify = true,
            PrevKv = true,
            Fragment = true,
        }), stop.Token);
        if (!opened.IsOk)
        {
            return reopen.IsCancellationRequested && !cancellationToken.IsCancellationRequested ? (null, null) : (opened.Failure, null);
        }

        using WatchStream stream = opened.Value;
        _context.Counters.Add(EtcdCounter.Watches);
        stop.CancelAfter(_context.Options.RequestTimeout);
        EtcdFailure? failure;
        string? reason;
        try
        {
            (failure, reason) = await ReadAsync(stream, stop);
        }
        finally
        {
            Endpoint = null;
        }

        if (failure?.Kind == EtcdFailureKind.Cancelled && !reopen.IsCancellationRequested)
        {
            failure = new EtcdFailure(EtcdFailureKind.Timeout, "the watch was not begun in time", stream.Endpoint.Name);
        }

        if (reopen.IsCancellationRequested && !cancellationToken.IsCancellationRequested && reason is null)
        {
            await Task.Delay(Gather, _context.Time, cancellationToken);
            return (null, null);
        }

        if (failure is not null && !cancellationToken.IsCancellationRequested)
        {
            _context.Counters.Add(EtcdCounter.WatchesBroken);
            EtcdLog.WatchMoved(_context.Log, stream.Endpoint.Name, failure.ToString());
            if (failure.IsOfEndpoint)
            {
                stream.Endpoint.Failed(failure);
            }
        }

        return (failure, reason);
    }

    private async Task<(EtcdFailure? Failure, string? Reason)> ReadAsync(WatchStream stream, CancellationTokenSource stop)
    {
        int created = 0;
        while (true)
        {
            EtcdResult<WatchResponse> next = await stream.ReadAsync();
            if (!next.IsOk)
            {
                return next.Failure switch
                {
                    { Kind: EtcdFailureKind.Compacted } => (null, "compacted"),
                    { Kind: EtcdFailureKind.FutureRevision } => (null, "backwards"),

                    // Watched from here it would come again and again; a list can take less at a time.
                    { Kind: EtcdFailureKind.ResponseTooLarge } => (next.Failure, "too-large"),
                    _ => (next.Failure, null),
                };
            }

            WatchResponse response = next.Value;
            if (response.Canceled)
            {
                string why = EtcdErrors.Line(response.CancelReason ?? "without a reason");
                return response.CompactRevision > 0 || why.Contains("compacted", StringComparison.Ordinal)
                    ? (null, "compacted")
                    : (EtcdErrors.OfCancelled(response.CancelReason, stream.Endpoint.Name), null);
            }

            if (response.Created)
            {
                if (++created == _ranges.Count)
                {
                    stop.CancelAfter(Timeout.InfiniteTimeSpan);
                    Endpoint = stream.Endpoint.Name;
                    Failure = null;
                    if (_context.Sink.Connected(true))
                    {
                        EtcdLog.Back(_context.Log, stream.Endpoint.Name);
                    }
                }

                continue;
            }

            if (response.WatchId < 1 || response.WatchId > _ranges.Count)
            {
                return (new EtcdFailure(EtcdFailureKind.BadResponse, $"events of a watch {response.WatchId} that nobody asked for", stream.Endpoint.Name), null);
            }

            WatchRange range = _ranges[(int)response.WatchId - 1];
            if (response.Events is { Count: > 0 } events)
            {
                _reader.Apply(events);
                Advance(range, events, response.Fragment);
            }
            else if (response.Header is { } header)
            {
                // A progress notification: everything up to here has been told.
                range.Next = Math.Max(range.Next, header.Revision + 1);
                Reached(header.Revision);
            }
        }
    }

    private void Advance(WatchRange range, List<WatchEvent> events, bool isFragment)
    {
        for (int i = events.Count - 1; i >= 0; i--)
        {
            if (events[i]?.Kv is { ModRevision: > 0 } kv)
            {
                // After a fragment more of the same revision follows.
                range.Next = Math.Max(range.Next, kv.ModRevision + (isFragment ? 0 : 1));
                Reached(kv.ModRevision);
                if (kv.Key is { } key && kv.ModRevision > _anchor.Revision)
                {
                    _anchor = new Anchor(key, kv.ModRevision, events[i].IsDelete);
                }

                return;
            }
        }
    }

    private void Reached(long revision)
    {
        if (revision > _revision)
        {
            Interlocked.Exchange(ref _revision, revision);
        }
    }

    private void Change(Func<bool> change)
    {
        lock (_gate)
        {
            if (change() && !_hasChanged && !_isDisposed)
            {
                // Who waits for it goes on elsewhere, not under the lock.
                _hasChanged = true;
                _ = _reopen.CancelAsync();
            }
        }
    }

    /// <summary>Makes the ranges what the VNIs ask for; new ones are listed next.</summary>
    private void AdjustRanges()
    {
        uint[] attached;
        lock (_gate)
        {
            if (!_hasChanged)
            {
                return;
            }

            // The one before is not disposed of: it may be about to cancel, and has no timer.
            _hasChanged = false;
            _reopen = new CancellationTokenSource();
            attached = [.. _attached];
            if (_listsVteps)
            {
                _listsVteps = false;
                _ranges[0].Next = 0;
            }
        }

        foreach (WatchRange range in _ranges.Where(r => r.Vni is { } vni && !attached.Contains(vni.Value)).ToArray())
        {
            _ = _ranges.Remove(range);
            _context.Misses.ForgetVni(range.Vni!.Value);
            _context.Sink.Do(sink => sink.WithdrawAll(ResyncScope.OfVni(range.Vni.Value)));
        }

        for (int i = 0; i < _ranges.Count; i++)
        {
            // Another mode: what is in force stays until the list of the other one is there.
            if (_ranges[i].Vni is { } vni && _ranges[i].Prefix != PrefixOf(vni))
            {
                _ranges[i] = new WatchRange(PrefixOf(vni), vni) { IsMeant = true };
                _context.Misses.ForgetVni(vni);
            }
        }

        foreach (uint vni in attached.Where(v => !_ranges.Exists(r => r.Vni?.Value == v)))
        {
            // Answers of a run before us may be in force, and nobody watches them.
            var id = new Vni(vni);
            _ranges.Add(new WatchRange(PrefixOf(id), id) { IsMeant = _context.IsOnDemand(id) });
        }
    }

    private string PrefixOf(Vni vni) => _context.IsOnDemand(vni) ? _context.Schema.Members(vni) : _context.Schema.OfVni(vni);
}
