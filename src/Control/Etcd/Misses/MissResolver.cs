using System.Threading.Channels;
using Overlay.Control.Etcd.Client;
using Overlay.Control.Etcd.Model;
using Overlay.Control.Etcd.Store;
using Overlay.Encap;

namespace Overlay.Control.Etcd.Misses;

/// <summary>
/// Asks the store for what frames miss, in VNIs that are not mirrored. A MAC is asked for once however many frames want it; an answer holds for a time and
/// is watched meanwhile; "nobody has it" holds for a shorter one. While the store is out of touch answers hold on.
/// </summary>
/// <remarks><b>Threading:</b> any thread. <b>Bounds:</b> the queue, the answers and the negative answers, each with a limit of its own.</remarks>
internal sealed class MissResolver : IDisposable
{
    private const int BatchSize = 64;
    private const int Askers = 2;
    private static readonly TimeSpan Sweep = TimeSpan.FromSeconds(1);

    // How long a MAC that could not be asked for is unknown.
    private static readonly TimeSpan Unknown = TimeSpan.FromSeconds(1);
    private readonly StoreContext _context;
    private readonly EtcdValueParser _parser = new();
    private readonly Channel<EtcdKey> _queue;
    private readonly Lock _gate = new();
    private readonly HashSet<EtcdKey> _asked = [];
    private readonly Dictionary<EtcdKey, long> _nobody = [];
    private readonly Dictionary<EtcdKey, Answer> _answers = [];
    private readonly LinkedList<Answer> _byAge = [];
    private readonly List<AnswerWatch> _watches = [];

    public MissResolver(StoreContext context)
    {
        _context = context;
        _queue = Channel.CreateBounded<EtcdKey>(new BoundedChannelOptions(context.Options.MissQueueSize) { FullMode = BoundedChannelFullMode.Wait });
    }

    /// <summary>Answers in force.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _answers.Count;
            }
        }
    }

    /// <summary>Misses that wait.</summary>
    public int Waiting => _queue.Reader.Count;

    /// <summary>The longest wait of the last answers, from the miss to the answer, in milliseconds.</summary>
    public double LastMilliseconds { get; private set; }

    /// <summary>A frame misses a MAC, or the MAC of an address. Returns at once.</summary>
    public void Miss(Vni vni, MacAddress mac, UnderlayAddress address)
    {
        if (!_context.IsOnDemand(vni))
        {
            return;
        }

        EtcdKey key = mac.IsZero ? EtcdKey.OfNeighbor(vni, address) : EtcdKey.OfMac(vni, mac);
        if (key.Kind == EtcdKeyKind.Mac ? mac.IsMulticast : !address.IsUnicast)
        {
            return;
        }

        _context.Counters.Add(EtcdCounter.Misses);
        lock (_gate)
        {
            if (_nobody.TryGetValue(key, out long since) && _context.Options.NegativeTime - _context.Time.GetElapsedTime(since) is { Ticks: > 0 } left)
            {
                _context.Counters.Add(EtcdCounter.MissesJoined);
                TellNobody(key, left);
                return;
            }

            if (!_asked.Add(key))
            {
                _context.Counters.Add(EtcdCounter.MissesJoined);
                return;
            }

            if (!_queue.Writer.TryWrite(key))
            {
                _ = _asked.Remove(key);
                _context.Counters.Add(EtcdCounter.MissesDropped);
                TellNobody(key, Unknown);
            }
        }
    }

    public void Dispose() => _watches.ForEach(static w => w.Dispose());

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.WhenAll([SweepAsync(cancellationToken), .. Enumerable.Range(0, Askers).Select(_ => AskAsync(cancellationToken))]);
    }

    /// <summary>The store said this without being asked: it holds as an answer.</summary>
    public void Learn(in EtcdKey key, in EtcdValue value, long revision)
    {
        Hold(key, revision + 1);
        Give(key, value, revision);
    }

    /// <summary>An answer that is no more; the caller withdraws it.</summary>
    public void Forget(in EtcdKey key)
    {
        lock (_gate)
        {
            if (_answers.TryGetValue(key, out Answer? answer))
            {
                Remove(answer);
            }
        }
    }

    public void ForgetVni(Vni vni)
    {
        lock (_gate)
        {
            foreach (Answer answer in _answers.Values.Where(a => a.Key.Vni == vni).ToArray())
            {
                Remove(answer);
            }
        }
    }

    public bool Holds(Answer answer)
    {
        lock (_gate)
        {
            return _answers.TryGetValue(answer.Key, out Answer? held) && held == answer;
        }
    }

    /// <summary>Its watch has something newer; nothing older is given from now on.</summary>
    /// <returns>False if the answer is held no more.</returns>
    public bool IsNews(Answer answer, long revision)
    {
        lock (_gate)
        {
            answer.Given = Math.Max(answer.Given, revision);
            return _answers.TryGetValue(answer.Key, out Answer? held) && held == answer;
        }
    }

    /// <summary>In a resync: gives all answers again as they are, so that they are not swept.</summary>
    public async Task<EtcdFailure?> GiveAgainAsync(CancellationToken cancellationToken)
    {
        Answer[] held;
        lock (_gate)
        {
            held = [.. _answers.Values];
        }

        return await ReadAgainAsync(held, cancellationToken);
    }

    /// <summary>Reads answers anew, after their watch was interrupted.</summary>
    public async Task AskAgainAsync(Answer[] answers, CancellationToken cancellationToken) =>
        _ = await ReadAgainAsync([.. answers.Where(Holds)], cancellationToken);

    private async Task<EtcdFailure?> ReadAgainAsync(Answer[] answers, CancellationToken cancellationToken)
    {
        foreach (Answer[] part in answers.Chunk(BatchSize))
        {
            EtcdResult<TxnResponse> read = await ReadAsync([.. part.Select(static a => a.Key)], cancellationToken);
            if (!read.IsOk)
            {
                return read.Failure;
            }

            long at = read.Value.Header?.Revision ?? 0;
            for (int i = 0; i < part.Length; i++)
            {
                if (TryValue(part[i].Key, read.Value.Responses![i], out EtcdValue value, out long changed))
                {
                    part[i].Next = Math.Max(part[i].Next, at + 1);
                    Give(part[i].Key, value, changed);
                }
                else
                {
                    Forget(part[i].Key);
                    _context.Sink.Withdraw(part[i].Key, byOwner: true);
                }
            }
        }

        return null;
    }

    private async Task AskAsync(CancellationToken cancellationToken)
    {
        var keys = new List<EtcdKey>(BatchSize);
        while (await _queue.Reader.WaitToReadAsync(cancellationToken))
        {
            keys.Clear();
            while (keys.Count < BatchSize && _queue.Reader.TryRead(out EtcdKey key))
            {
                keys.Add(key);
            }

            if (keys.Count == 0)
            {
                continue;
            }

            long began = _context.Time.GetTimestamp();
            EtcdResult<TxnResponse> read = await ReadAsync(keys, cancellationToken);
            LastMilliseconds = _context.Time.GetElapsedTime(began).TotalMilliseconds;
            for (int i = 0; i < keys.Count; i++)
            {
                EtcdKey key = keys[i];
                if (!read.IsOk)
                {
                    // Nothing is known; frames do not wait for it, and one of the next asks again.
                    _context.Counters.Add(EtcdCounter.MissesFailed);
                    TellNobody(key, Unknown);
                }
                else if (TryValue(key, read.Value.Responses![i], out EtcdValue value, out long changed))
                {
                    _context.Counters.Add(EtcdCounter.MissesAnswered);
                    Hold(key, (read.Value.Header?.Revision ?? 0) + 1);
                    Give(key, value, changed);
                    if (key.Kind == EtcdKeyKind.Neighbor)
                    {
                        Miss(key.Vni, value.Mac, default);
                    }
                }
                else
                {
                    Nobody(key);
                }

                lock (_gate)
                {
                    _ = _asked.Remove(key);
                }
            }
        }
    }

    /// <summary>Gives up answers that have held long enough, while the store could be asked again.</summary>
    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(Sweep, _context.Time, cancellationToken);
            if (_context.Watcher.Endpoint is null)
            {
                continue;
            }

            List<EtcdKey> over = [];
            lock (_gate)
            {
                while (_byAge.First?.Value is { } oldest && _context.Time.GetElapsedTime(oldest.Since) >= _context.Options.AnswerTime)
                {
                    over.Add(oldest.Key);
                    Remove(oldest);
                }

                foreach (EtcdKey key in _nobody.Where(n => _context.Time.GetElapsedTime(n.Value) >= _context.Options.NegativeTime).Select(static n => n.Key).ToArray())
                {
                    _ = _nobody.Remove(key);
                }
            }

            over.ForEach(key => _context.Sink.Withdraw(key, byOwner: true));
        }
    }

    private async Task<EtcdResult<TxnResponse>> ReadAsync(List<EtcdKey> keys, CancellationToken cancellationToken)
    {
        EtcdResult<TxnResponse> answer = await _context.Client.TxnAsync(
            new TxnRequest
            {
                Success =
                [
                    .. keys.Select(k => new RequestOp { RequestRange = new RangeRequest { Key = _context.Schema.Octets(k) } }),
                ],
            },
            cancellationToken);
        return answer.IsOk && answer.Value.Responses?.Count != keys.Count
            ? EtcdResult<TxnResponse>.Failed(new EtcdFailure(EtcdFailureKind.BadResponse, "a transaction with fewer results than requests"))
            : answer;
    }

    private bool TryValue(in EtcdKey key, ResponseOp? response, out EtcdValue value, out long revision)
    {
        value = default;
        revision = 0;
        if (response?.ResponseRange?.Kvs is not [{ } kv, ..])
        {
            return false;
        }

        EtcdFault fault;
        revision = kv.ModRevision;
        lock (_gate)
        {
            fault = _parser.Parse(key, kv.Value ?? [], out value);
        }

        if (fault != EtcdFault.None)
        {
            _context.Fault(fault, kv.Key ?? [], kv.ModRevision);
            return false;
        }

        // A port of ours that has it would not have missed it, and if it is an old word of ours nobody has it.
        return !value.Withdrawn && !string.Equals(value.Vtep, _context.Options.Node, StringComparison.Ordinal);
    }

    private void Give(in EtcdKey key, in EtcdValue value, long revision)
    {
        // The lock is held while it is given, so that a watch cannot overtake in between.
        lock (_gate)
        {
            if (!_answers.TryGetValue(key, out Answer? answer) || revision < answer.Given)
            {
                return;
            }

            answer.Given = revision;
            if (key.Kind == EtcdKeyKind.Mac)
            {
                _context.Sink.Answer(key, value);
            }
            else
            {
                _context.Sink.Neighbor(key, value);
            }
        }
    }

    private void Nobody(in EtcdKey key)
    {
        _context.Counters.Add(EtcdCounter.MissesNegative);
        lock (_gate)
        {
            if (_nobody.Count < _context.Options.AnswerLimit)
            {
                _nobody[key] = _context.Time.GetTimestamp();
            }
        }

        TellNobody(key, _context.Options.NegativeTime);
    }

    private void TellNobody(in EtcdKey key, TimeSpan hold)
    {
        if (key.Kind == EtcdKeyKind.Mac)
        {
            (Vni vni, MacAddress mac) = (key.Vni, key.Mac);
            _context.Sink.Do(sink => sink.NoSuchMac(vni, mac, hold));
        }
    }

    private void Hold(in EtcdKey key, long next)
    {
        EtcdKey? evicted = null;
        lock (_gate)
        {
            _ = _nobody.Remove(key);
            if (_answers.TryGetValue(key, out Answer? known))
            {
                if (known.Next > next)
                {
                    return;
                }

                Remove(known);
            }
            else if (_answers.Count >= _context.Options.AnswerLimit)
            {
                evicted = _byAge.First!.Value.Key;
                Remove(_byAge.First.Value);
            }

            var answer = new Answer(key, _context.Time.GetTimestamp()) { Next = next };
            _answers.Add(key, answer);
            answer.Node = _byAge.AddLast(answer);
            foreach (AnswerWatch watch in _watches)
            {
                if (watch.TryAdd(answer))
                {
                    answer.Watch = watch;
                    break;
                }
            }

            if (answer.Watch is null && !_context.Stopping.IsCancellationRequested)
            {
                var watch = new AnswerWatch(_context, this);
                _watches.Add(watch);
                answer.Watch = watch;
                _ = watch.TryAdd(answer);
                _context.Run("the watch of answers", watch.RunAsync, _context.Stopping);
            }
        }

        if (evicted is { } old)
        {
            _context.Sink.Withdraw(old, byOwner: true);
        }
    }

    private void Remove(Answer answer)
    {
        answer.Watch?.Remove(answer);
        _ = _answers.Remove(answer.Key);
        if (answer.Node is not null)
        {
            _byAge.Remove(answer.Node);
        }
    }
}
