using Overlay.Control.Etcd.Model;

namespace Overlay.Control.Etcd.Store;

/// <content>What the store should have of ours, to be compared with what it has.</content>
internal sealed partial class LocalFacts
{
    /// <summary>Some of the keys that the store has as far as we know.</summary>
    /// <param name="from">0 to begin, then what the call before gave.</param>
    /// <param name="into">Takes them, up to its capacity.</param>
    /// <param name="condition">Which.</param>
    /// <returns>Where to go on; 0 at the end.</returns>
    public int TakeWritten(int from, List<EtcdKey> into, Func<EtcdKey, bool> condition)
    {
        lock (_gate)
        {
            int at = from;
            while (at < _pool.High && into.Count < into.Capacity)
            {
                ref Fact fact = ref _pool[at++];
                if (fact.State == FactState.Written && condition(fact.Key))
                {
                    into.Add(fact.Key);
                }
            }

            return at < _pool.High ? at : 0;
        }
    }

    /// <summary>The store did not have this key under our lease, as of a revision: it is written again.</summary>
    /// <returns>True if we had thought that it has.</returns>
    public bool WriteMissing(in EtcdKey key, long revision)
    {
        lock (_gate)
        {
            if (!_facts.TryGetValue(key, out int at) || _pool[at].State != FactState.Written || _pool[at].Belief > revision)
            {
                return false;
            }

            SetState(ref _pool[at], FactState.None);
            _pool[at].Belief = 0;
            Enqueue(at);
            return true;
        }
    }
}
