using System.Collections.Concurrent;

namespace Overlay.Control.Etcd.Store;

/// <summary>
/// Under which lease each VTEP has its own key: what it writes is under the same, so a word in its name under another lease is somebody else's.
/// <b>Threading:</b> any thread.
/// </summary>
internal sealed class VtepLeases
{
    // Whoever may write below the prefix can make up names. Of those beyond nothing is known, so what they take back goes by way of the guard.
    private const int Limit = 65_536;
    private readonly ConcurrentDictionary<string, long> _leases = new(StringComparer.Ordinal);

    public void Set(string vtep, long lease)
    {
        if (_leases.Count < Limit || _leases.ContainsKey(vtep))
        {
            _leases[vtep] = lease;
        }
    }

    public void Remove(string vtep) => _leases.TryRemove(vtep, out _);

    /// <summary>The VTEP has a key.</summary>
    public bool Knows(string vtep) => _leases.ContainsKey(vtep);

    /// <summary>A key under this lease is the VTEP's own word.</summary>
    public bool IsOf(string vtep, long lease) => _leases.TryGetValue(vtep, out long own) && own == lease;
}
