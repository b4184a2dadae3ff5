using Overlay.Control.Etcd.Client;
using Overlay.Control.Etcd.Model;
using Overlay.Control.Etcd.Store;
using Overlay.Encap;

namespace Overlay.Control.Etcd.Misses;

/// <content>Answers that are held.</content>
internal sealed partial class MissResolver
{
    private static readonly TimeSpan Sweep = TimeSpan.FromSeconds(1);
    private readonly EtcdValueParser _parser = new();
    private readonly Dictionary<EtcdKey, Answer> _answers = [];
    private readonly LinkedList<Answer> _byAge = [];
    private readonly List<AnswerWatch> _watches = [];

    // Counts the histories of the store: what was read in one says nothing in the next.
    private int _history;

    private enum Said
    {
        /// <summary>The key is not there.</summary>
        Nothing,

        /// <summary>It is there and says that nobody has it, or nothing that can be read, or it is an old word of ours.</summary>
        Nobody,

        /// <summary>It is there.</summary>
        Value,
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

    /// <summary>How long owners may take to write again what a store that went back forgot.</summary>
    private TimeSpan OwnersTime => (_context.Options.BackOffLast * 1.25) + _context.Options.HealthInterval;

    /// <summary>The store said this without being asked: it holds as an answer.</summary>
    public void Learn(in EtcdKey key, in EtcdValue value, long revision)
    {
        Hold(key, revision + 1);
        Give(key, value, revision);
    }

    /// <summary>The watch of an answer says this.</summary>
    public void Told(in EtcdKey key, in EtcdValue value, long revision)
    {
        // The lock is held while it is given, or the answer could be taken back in between and its route stay.
        lock (_gate)
        {
            if (!_answers.TryGetValue(key, out Answer? answer) || revision < answer.Given)
            {
                return;
            }

            answer.Given = revision;
            if (key.Kind == EtcdKeyKind.Mac)
            {
                _context.Sink.Mac(key, value);
            }
            else
            {
                _context.Sink.Neighbor(key, value);
            }
        }
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

    /// <summary>Its watch has something newer; nothing older is given from now on, and what is older is taken out of the events.</summary>
    /// <returns>False if nothing is left, or the answer is held no more.</returns>
    public bool IsNews(Answer answer, List<WatchEvent> events)
    {
        lock (_gate)
        {
            long given = answer.Given;
            _ = events.RemoveAll(e => e?.Kv is not { } kv || kv.ModRevision < given);
            if (events.Count == 0 || !IsHeld(answer))
            {
                return false;
            }

            answer.Given = Math.Max(given, events[^1].Kv!.ModRevision);
            return true;
        }
    }

    /// <summary>In a resync: gives all answers again as they are, so that they are not swept.</summary>
    /// <param name="isNewHistory">
    /// The store went back: what is known of revisions says nothing any more. What it forgot its owners write again, so that stays until they have had time.
    /// </param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<EtcdFailure?> GiveAgainAsync(bool isNewHistory, CancellationToken cancellationToken)
    {
        Answer[] held;
        lock (_gate)
        {
            if (isNewHistory)
            {
                _history++;
                foreach (Answer old in _byAge.ToArray())
                {
                    Remove(old);
                    Add(new Answer(old.Key) { Due = _context.Time.GetTimestamp() + Ticks(OwnersTime) }, watched: false);
                }
            }

            held = [.. _byAge];
        }

        (EtcdFailure? failure, bool hasGoneBack) = await ReadAgainAsync(held, isNewHistory, cancellationToken);
        if (failure is not null)
        {
            return failure;
        }

        if (hasGoneBack)
        {
            // Nobody saw it but us, for there was nothing else to see it by.
            return await GiveAgainAsync(isNewHistory: true, cancellationToken);
        }

        lock (_gate)
        {
            foreach (Answer answer in held.Where(a => a.Watch is null && IsHeld(a)))
            {
                Watch(answer);
            }
        }

        return null;
    }

    /// <summary>Reads answers anew, after their watch was interrupted.</summary>
    public Task AskAgainAsync(Answer[] answers, CancellationToken cancellationToken) => ReadAgainAsync(answers, isNewHistory: false, cancellationToken);

    private async Task<(EtcdFailure? Failure, bool HasGoneBack)> ReadAgainAsync(Answer[] answers, bool isNewHistory, CancellationToken cancellationToken)
    {
        foreach (Answer[] part in answers.Chunk(BatchSize))
        {
            (long Next, long Given)[] before;
            lock (_gate)
            {
                before = [.. part.Select(static a => (a.Next, a.Given))];
            }

            EtcdResult<TxnResponse> read = await ReadAsync([.. part.Select(static a => a.Key)], cancellationToken);
            if (!read.IsOk)
            {
                return (read.Failure, false);
            }

            long at = read.Value.Header?.Revision ?? 0;
            if (at + 1 < before.Max(static b => b.Next))
            {
                // The store knows less than we do. Whoever lists it says what comes of that.
                return (null, true);
            }

            var denied = new List<EtcdKey>();
            for (int i = 0; i < part.Length; i++)
            {
                Said said = Read(part[i].Key, read.Value.Responses![i], out EtcdValue value, out long changed);
                lock (_gate)
                {
                    // What its watch told meanwhile is newer.
                    if (IsHeld(part[i]) && part[i].Given == before[i].Given)
                    {
                        part[i].Next = Math.Max(part[i].Next, at + 1);
                        Judge(part[i], said, value, changed, isNewHistory, denied);
                    }
                }
            }

            // Its owner, if it lives, writes it again, and the answer is watched until then. Not under our lock, for theirs is taken first elsewhere.
            denied.ForEach(key => _context.Departures.Add(key, 0, at));
        }

        return (null, false);
    }

    private void Judge(Answer answer, Said said, in EtcdValue value, long changed, bool isNewHistory, List<EtcdKey> denied)
    {
        if (!isNewHistory)
        {
            SetDue(answer);
        }

        EtcdKey key = answer.Key;
        switch (said)
        {
            case Said.Value:
                Give(key, value, changed);
                break;
            case Said.Nobody:
                Remove(answer);
                _context.Sink.Withdraw(key, byOwner: true);
                break;
            default:
                if (!isNewHistory)
                {
                    answer.Due = _context.Time.GetTimestamp() + Ticks(OwnersTime + Sweep);
                    denied.Add(key);
                }

                break;
        }
    }

    /// <summary>Asks again for answers whose time is over, before anything is taken back; while the store does not answer all hold on.</summary>
    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(Sweep, _context.Time, cancellationToken);
            if (_context.Watcher.Endpoint is null)
            {
                continue;
            }

            Answer[] due;
            lock (_gate)
            {
                long now = _context.Time.GetTimestamp();
                due = [.. _byAge.Where(a => a.Due <= now)];
                foreach (EtcdKey key in _nobody.Where(n => _context.Time.GetElapsedTime(n.Value) >= _context.Options.NegativeTime).Select(static n => n.Key).ToArray())
                {
                    _ = _nobody.Remove(key);
                }
            }

            _ = await ReadAgainAsync(due, isNewHistory: false, cancellationToken);
        }
    }

    private Said Read(in EtcdKey key, ResponseOp? response, out EtcdValue value, out long revision)
    {
        value = default;
        revision = 0;
        if (response?.ResponseRange?.Kvs is not [{ } kv, ..])
        {
            return Said.Nothing;
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
            return Said.Nobody;
        }

        // A port of ours that has it would not have missed it, and if it is an old word of ours nobody has it.
        return value.Withdrawn || string.Equals(value.Vtep, _context.Options.Node, StringComparison.Ordinal) ? Said.Nobody : Said.Value;
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

    private void Hold(in EtcdKey key, long next)
    {
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
                Answer oldest = _byAge.First!.Value;
                Remove(oldest);
                _context.Sink.Withdraw(oldest.Key, byOwner: true);
            }

            var answer = new Answer(key) { Next = next };
            SetDue(answer);
            Add(answer, watched: true);
        }
    }

    // Those that were asked for together are not asked for again together.
    private void SetDue(Answer answer) =>
        answer.Due = _context.Time.GetTimestamp() + Ticks(_context.Options.AnswerTime * (0.5 + (0.5 * _context.Random.NextDouble())));

    private long Ticks(TimeSpan time) => (long)(time.TotalSeconds * _context.Time.TimestampFrequency);

    private bool IsHeld(Answer answer) => _answers.TryGetValue(answer.Key, out Answer? held) && held == answer;

    private void Add(Answer answer, bool watched)
    {
        _answers.Add(answer.Key, answer);
        answer.Node = _byAge.AddLast(answer);
        if (watched)
        {
            Watch(answer);
        }
    }

    private void Watch(Answer answer)
    {
        foreach (AnswerWatch known in _watches)
        {
            if (known.TryAdd(answer))
            {
                answer.Watch = known;
                return;
            }
        }

        if (!_context.Stopping.IsCancellationRequested)
        {
            var watch = new AnswerWatch(_context, this);
            _watches.Add(watch);
            answer.Watch = watch;
            _ = watch.TryAdd(answer);
            _context.Run("the watch of answers", watch.RunAsync, _context.Stopping);
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
