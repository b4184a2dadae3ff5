using System.Diagnostics.CodeAnalysis;
using Overlay.Control.Etcd.Model;
using Overlay.Control.Tables;
using Overlay.Encap;

namespace Overlay.Control.Etcd.Store;

/// <summary>
/// What our side has, and what the store has of it. Whoever finds that the two differ queues the fact; one writer takes from the queue.
/// <b>Threading:</b> any thread.
/// </summary>
internal sealed partial class LocalFacts(TimeProvider time) : IDisposable
{
    /// <summary>Writes that met another value before the next one waits: two writers that do not see each other must not keep the store busy.</summary>
    private const int QuickAttempts = 4;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private readonly Lock _gate = new();
    private readonly StructPool<Fact> _pool = new();
    private readonly Dictionary<EtcdKey, int> _facts = [];
    private readonly Queue<int> _queue = [];
    private readonly Queue<(int Fact, long Since)> _paused = [];
    private readonly SemaphoreSlim _signal = new(0, 1);
    private int _round;
    private int _written;

    /// <summary>Facts the store has.</summary>
    public int Written => Volatile.Read(ref _written);

    /// <summary>Changes that wait to be written.</summary>
    public int Waiting
    {
        get
        {
            lock (_gate)
            {
                return _queue.Count + _paused.Count;
            }
        }
    }

    /// <summary>Everything is told anew from here on.</summary>
    public void BeginRound()
    {
        lock (_gate)
        {
            _round++;
        }
    }

    /// <summary>What was not told again since the round began is no more.</summary>
    public void EndRound()
    {
        lock (_gate)
        {
            foreach (int at in _facts.Values)
            {
                ref Fact fact = ref _pool[at];
                if (fact.Round != _round && fact.Desired)
                {
                    fact.Desired = false;
                    Enqueue(at);
                }
            }
        }
    }

    /// <summary>Our side has this.</summary>
    public void Have(in EtcdKey key, uint sequence = 0, MacAddress mac = default)
    {
        lock (_gate)
        {
            if (!_facts.TryGetValue(key, out int at))
            {
                at = _pool.Allocate();
                _pool[at].Key = key;
                _facts.Add(key, at);
            }

            ref Fact fact = ref _pool[at];
            fact.Round = _round;
            bool isSame = fact.Desired && fact.State == FactState.Written && fact.Mac == mac && fact.Sequence >= sequence;
            fact.Desired = true;
            fact.Mac = mac;
            if (sequence > fact.Sequence)
            {
                fact.Sequence = sequence;
            }

            if (!isSame)
            {
                fact.Attempts = 0;
                Enqueue(at);
            }
        }
    }

    /// <summary>Our side has this no more.</summary>
    public void Lack(in EtcdKey key)
    {
        lock (_gate)
        {
            if (_facts.TryGetValue(key, out int at) && _pool[at].Desired)
            {
                _pool[at].Desired = false;
                Enqueue(at);
            }
        }
    }

    /// <summary>A VNI is gone from our side, with all that is in it.</summary>
    public void LackVni(Vni vni)
    {
        lock (_gate)
        {
            foreach (int at in _facts.Values)
            {
                ref Fact fact = ref _pool[at];
                if (fact.Desired && fact.Key.Vni == vni)
                {
                    fact.Desired = false;
                    Enqueue(at);
                }
            }
        }
    }

    /// <summary>Everything is to be written again: the lease, and with it every key, is gone.</summary>
    /// <returns>How many facts there are.</returns>
    public int WriteAll()
    {
        lock (_gate)
        {
            foreach (int at in _facts.Values)
            {
                ref Fact fact = ref _pool[at];
                SetState(ref fact, FactState.None);
                fact.Belief = 0;
                Enqueue(at);
            }

            return _facts.Count;
        }
    }

    /// <summary>A key of ours is in the store with our value.</summary>
    /// <param name="key">The key.</param>
    /// <param name="revision">When it was changed last.</param>
    /// <param name="sequence">Its sequence: ours never goes below.</param>
    /// <param name="underOurLease">It ends with the lease we have now.</param>
    /// <param name="list">The list it was seen in; 0 for a watch.</param>
    /// <returns>True if another than this run wrote it over what we had.</returns>
    public bool SawOurs(in EtcdKey key, long revision, uint sequence, bool underOurLease, int list)
    {
        lock (_gate)
        {
            if (!_facts.TryGetValue(key, out int at))
            {
                return false;
            }

            ref Fact fact = ref _pool[at];
            fact.List = list == 0 ? fact.List : list;
            if (revision <= fact.Belief)
            {
                return false;
            }

            bool wasWritten = fact.State == FactState.Written;
            fact.Belief = revision;
            fact.IsBeaten = false;
            fact.Sequence = Math.Max(fact.Sequence, sequence);
            if (underOurLease || !fact.Desired)
            {
                return false;
            }

            SetState(ref fact, FactState.None);
            Enqueue(at);
            return wasWritten;
        }
    }

    /// <summary>A key that may be ours has another's value, or one that nobody can read.</summary>
    /// <param name="key">The key.</param>
    /// <param name="revision">When it was changed last.</param>
    /// <param name="takeBack">Write ours over it whatever it is; else only over a lower sequence, and at an equal or higher one the table has the word and tells us what to do.</param>
    /// <param name="owner">Whose value it is, if anybody's.</param>
    /// <param name="sequence">Its sequence.</param>
    /// <returns>True if ours stood there before.</returns>
    public bool SawOther(in EtcdKey key, long revision, bool takeBack, string? owner = null, uint sequence = uint.MaxValue)
    {
        lock (_gate)
        {
            if (!_facts.TryGetValue(key, out int at) || revision <= _pool[at].Belief)
            {
                return false;
            }

            ref Fact fact = ref _pool[at];
            bool wasWritten = fact.State == FactState.Written;
            SetState(ref fact, FactState.None);
            fact.Belief = revision;
            fact.LeftVtep = owner;

            // It may wait to be written, and would be written over the other's word now that it is believed to be there.
            fact.IsBeaten = owner is not null && !takeBack;
            fact.Heard = sequence;
            if (fact.Desired && (takeBack || fact.Sequence > sequence))
            {
                fact.Attempts++;
                Enqueue(at);
            }

            return wasWritten && fact.Desired;
        }
    }

    /// <summary>Our side has it, with a higher sequence than this.</summary>
    public bool Outranks(in EtcdKey key, uint sequence)
    {
        lock (_gate)
        {
            return _facts.TryGetValue(key, out int at) && _pool[at].Desired && _pool[at].Sequence > sequence;
        }
    }

    /// <summary>A key that may be ours was deleted.</summary>
    /// <returns>True if ours stood there before and it is written again.</returns>
    public bool SawDeleted(in EtcdKey key, long revision)
    {
        lock (_gate)
        {
            if (!_facts.TryGetValue(key, out int at) || revision <= _pool[at].Belief)
            {
                return false;
            }

            ref Fact fact = ref _pool[at];
            bool wasWritten = fact.State == FactState.Written;
            SetState(ref fact, FactState.None);
            fact.Belief = 0;
            fact.LeftVtep = null;
            fact.IsBeaten = false;
            if (fact.Desired)
            {
                Enqueue(at);
                return wasWritten;
            }

            return false;
        }
    }

    /// <summary>After a list of everything that can be listed: what we wrote and was not there is written again.</summary>
    /// <param name="list">The list's number.</param>
    /// <param name="isListed">Whether a key would have been in it; of the others the audit of keys knows.</param>
    /// <param name="revision">The list's revision: what was written later is not to be missed.</param>
    public void EndList(int list, Func<EtcdKey, bool> isListed, long revision)
    {
        lock (_gate)
        {
            foreach (int at in _facts.Values)
            {
                ref Fact fact = ref _pool[at];
                if (fact.State == FactState.Written && fact.List != list && fact.Belief <= revision && isListed(fact.Key))
                {
                    SetState(ref fact, FactState.None);
                    fact.Belief = 0;
                    Enqueue(at);
                }
            }
        }
    }

    public void Dispose() => _signal.Dispose();

    /// <summary>Wakes the writer for something that is no fact.</summary>
    public void Poke()
    {
        lock (_gate)
        {
            Signal();
        }
    }

    private void Enqueue(int at)
    {
        ref Fact fact = ref _pool[at];
        if (fact.IsInFlight)
        {
            fact.IsChanged = true;
            return;
        }

        if (fact.IsQueued)
        {
            return;
        }

        fact.IsQueued = true;
        if (fact.Attempts > QuickAttempts)
        {
            _paused.Enqueue((at, time.GetTimestamp()));
            return;
        }

        _queue.Enqueue(at);
        Signal();
    }

    [SuppressMessage("Usage", "MA0045:Do not use blocking calls in a sync method", Justification = "it never blocks: a permit is added only if there is none")]
    private void Signal()
    {
        // Under the lock, or two would find that there is none.
        if (_signal.CurrentCount == 0)
        {
            _ = _signal.Release();
        }
    }

    private void SetState(ref Fact fact, FactState state)
    {
        _written += (state == FactState.Written ? 1 : 0) - (fact.State == FactState.Written ? 1 : 0);
        fact.State = state;
    }
}
