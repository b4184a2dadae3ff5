using Overlay.Control.Etcd.Model;

namespace Overlay.Control.Etcd.Store;

/// <summary>
/// Keys that were deleted by another than their owner. An owner that lives writes them again in a moment, so what they said stays in force for that long, and only
/// what nobody wrote again is withdrawn, by way of the guard. <b>Threading:</b> any thread.
/// </summary>
internal sealed class ForeignDeletes(StoreContext context)
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);
    private readonly Lock _gate = new();
    private readonly Dictionary<EtcdKey, long> _deleted = [];

    public void Add(in EtcdKey key)
    {
        lock (_gate)
        {
            _deleted[key] = context.Time.GetTimestamp();
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

    /// <summary>A list finds out by itself.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            _deleted.Clear();
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

                foreach (EtcdKey key in _deleted.Where(d => context.Time.GetElapsedTime(d.Value) >= Grace).Select(static d => d.Key).ToArray())
                {
                    _ = _deleted.Remove(key);
                    context.Sink.Withdraw(key, byOwner: false);
                }
            }
        }
    }
}
