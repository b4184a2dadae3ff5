using Overlay.Control.Etcd.Model;

namespace Overlay.Control.Etcd.Store;

/// <summary>
/// Keys that went without their owner's word: deleted by another, or with a lease. An owner that lives writes them again in a moment, so what they said stays in
/// force for that long, and only what nobody wrote again is withdrawn: by way of the guard, but not with a lease that is over. <b>Threading:</b> any thread.
/// </summary>
internal sealed class ForeignDeletes(StoreContext context)
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);
    private readonly Lock _gate = new();
    private readonly Dictionary<EtcdKey, (long Since, bool IsOver)> _deleted = [];

    /// <summary>A key went.</summary>
    /// <param name="key">The key.</param>
    /// <param name="isOver">Its lease is over, and nobody is to hold up what comes of that.</param>
    public void Add(in EtcdKey key, bool isOver)
    {
        lock (_gate)
        {
            _deleted[key] = (context.Time.GetTimestamp(), isOver);
        }
    }

    /// <summary>The key is there again, or something else took what it said back.</summary>
    public void Remove(in EtcdKey key)
    {
        lock (_gate)
        {
            _ = _deleted.Count > 0 && _deleted.Remove(key);
        }
    }

    /// <summary>A list finds out by itself who deleted without a right; what went with its lease goes as it would have, unless the list has it.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            foreach (EtcdKey key in _deleted.Where(static d => !d.Value.IsOver).Select(static d => d.Key).ToArray())
            {
                _ = _deleted.Remove(key);
            }
        }
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(Grace / 4, context.Time, cancellationToken);
            lock (_gate)
            {
                if (_deleted.Count == 0)
                {
                    continue;
                }

                foreach ((EtcdKey key, (_, bool isOver)) in _deleted.Where(d => context.Time.GetElapsedTime(d.Value.Since) >= Grace).ToArray())
                {
                    _ = _deleted.Remove(key);
                    context.Sink.Withdraw(key, byOwner: isOver);
                }
            }
        }
    }
}
