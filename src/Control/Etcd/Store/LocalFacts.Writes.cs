namespace Overlay.Control.Etcd.Store;

/// <content>What the writer takes, and what becomes of it.</content>
internal sealed partial class LocalFacts
{
    /// <summary>Completes when something waits to be written, or a while has passed.</summary>
    public Task WaitAsync(TimeSpan limit, CancellationToken cancellationToken) => _signal.WaitAsync(limit, cancellationToken);

    /// <summary>Takes what waits, up to a number. Each has to come back by <see cref="Done"/> or <see cref="Failed"/>.</summary>
    public List<FactWrite> Take(int limit)
    {
        lock (_gate)
        {
            while (_paused.TryPeek(out (int Fact, long Since) paused) && time.GetElapsedTime(paused.Since) >= Pause)
            {
                _ = _paused.Dequeue();
                _pool[paused.Fact].IsQueued = false;
                _pool[paused.Fact].Attempts = QuickAttempts;
                Enqueue(paused.Fact);
            }

            var taken = new List<FactWrite>();
            while (taken.Count < limit && _queue.TryDequeue(out int at))
            {
                ref Fact fact = ref _pool[at];
                fact.IsQueued = false;
                if (fact is { Desired: true, IsBeaten: true } && fact.Sequence <= fact.Heard)
                {
                    continue;
                }

                fact.IsInFlight = true;
                fact.IsChanged = false;
                taken.Add(new FactWrite(at, fact.Key, fact.Desired, fact.Sequence, fact.Mac, fact.State, fact.Belief, fact.LeftVtep));
            }

            return taken;
        }
    }

    /// <summary>Our value stands, at a revision.</summary>
    public void Done(in FactWrite write, long revision)
    {
        lock (_gate)
        {
            ref Fact fact = ref _pool[write.Fact];
            fact.Attempts = 0;

            // The watch may have told of a later change already.
            if (revision >= fact.Belief)
            {
                fact.Belief = revision;
                fact.LeftVtep = null;
                fact.IsBeaten = false;
                SetState(ref fact, write.Desired ? FactState.Written : FactState.TakenBack);
            }

            Landed(write.Fact, isOver: write.Desired == fact.Desired && write.Desired);
        }
    }

    /// <summary>The key of a fact that is no more is gone, or was not ours.</summary>
    public void Gone(in FactWrite write)
    {
        lock (_gate)
        {
            ref Fact fact = ref _pool[write.Fact];
            SetState(ref fact, FactState.None);
            fact.Belief = 0;
            if (fact.Desired)
            {
                Landed(write.Fact, isOver: false);
                return;
            }

            _ = _facts.Remove(fact.Key);
            _pool.Release(write.Fact);
        }
    }

    /// <summary>Something else stands there.</summary>
    /// <param name="write">The write.</param>
    /// <param name="revision">Its revision; 0 for no key.</param>
    /// <param name="sequence">The least sequence to write next; the other's if we yield.</param>
    /// <param name="leftVtep">Whose MAC it was, to be told.</param>
    /// <param name="yield">Leave it; else write again.</param>
    public void Met(in FactWrite write, long revision, uint sequence, string? leftVtep, bool yield)
    {
        lock (_gate)
        {
            ref Fact fact = ref _pool[write.Fact];
            SetState(ref fact, FactState.None);
            fact.Belief = revision;
            fact.LeftVtep = leftVtep;
            fact.IsBeaten = yield;
            fact.Heard = sequence;
            fact.Sequence = Math.Max(fact.Sequence, yield ? 0 : sequence);
            fact.Attempts++;
            Landed(write.Fact, isOver: yield);
        }
    }

    /// <summary>Nothing is known of the write: it is done again.</summary>
    public void Failed(in FactWrite write)
    {
        lock (_gate)
        {
            Landed(write.Fact, isOver: false);
        }
    }

    private void Landed(int at, bool isOver)
    {
        ref Fact fact = ref _pool[at];
        fact.IsInFlight = false;
        if (fact.IsChanged || !isOver)
        {
            Enqueue(at);
        }
    }
}
