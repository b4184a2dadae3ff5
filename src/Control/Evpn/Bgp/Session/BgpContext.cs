using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Overlay.Control.Evpn.Bgp.Session;

/// <summary>What the neighbours of a speaker share.</summary>
/// <param name="routes">What stands above.</param>
/// <param name="time">The clock of sessions.</param>
/// <param name="log">Where to log.</param>
internal sealed class BgpContext(IBgpRoutes routes, TimeProvider time, ILogger log)
{
    private readonly ConcurrentQueue<EvpnNeighborEvent> _pending = new();
    private volatile bool _isRestarting;
    private volatile bool _keepsForwarding;
    private int _isRaising;

    /// <summary>What stands above.</summary>
    public IBgpRoutes Routes => routes;

    /// <summary>The clock of sessions.</summary>
    public TimeProvider Time => time;

    /// <summary>Where to log.</summary>
    public ILogger Log => log;

    /// <summary>Who works with the routes; one processor is left to timers and keepalives where there are several.</summary>
    public Turns Turns { get; } = new(Math.Max(1, Environment.ProcessorCount - 1));

    /// <summary>OPENs carry the R bit (RFC 4724 §3).</summary>
    public bool IsRestarting
    {
        get => _isRestarting;
        set => _isRestarting = value;
    }

    /// <summary>OPENs carry the F bit even in the first session with a neighbour.</summary>
    public bool KeepsForwarding
    {
        get => _keepsForwarding;
        set => _keepsForwarding = value;
    }

    /// <summary>Whom to tell of sessions, or null.</summary>
    public Action<EvpnNeighborEvent>? NeighborChanged { get; set; }

    /// <summary>Notes an event; may be called under locks.</summary>
    public void Post(EvpnNeighborEvent what) => _pending.Enqueue(what);

    /// <summary>Tells of what was noted, in order, on a thread of the pool: who calls this may hold locks that a listener wants.</summary>
    public void Raise()
    {
        if (!_pending.IsEmpty && Interlocked.Exchange(ref _isRaising, 1) == 0)
            _ = ThreadPool.UnsafeQueueUserWorkItem(static context => context.Drain(), this, preferLocal: false);
    }

    private void Drain()
    {
        while (_pending.TryDequeue(out EvpnNeighborEvent? what))
        {
            try
            {
                NeighborChanged?.Invoke(what);
            }
            catch (Exception error)
            {
                EvpnLog.ListenerFailed(log, error);
            }
        }

        Interlocked.Exchange(ref _isRaising, 0);

        // What was noted since the queue was found empty.
        Raise();
    }
}
