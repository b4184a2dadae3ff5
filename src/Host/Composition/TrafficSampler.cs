using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Forwarding;
using Overlay.Encap;
using Overlay.Host.Metrics;

namespace Overlay.Host.Composition;

/// <summary>
/// Looks at the dataplane's counters once a second, so that rates, the last minute's drops and drop samples can be shown at any time. A tick
/// without traffic allocates next to nothing: the daemon is idle most of its life.
/// </summary>
/// <remarks>Thread-safe; a lock, on the slow side alone.</remarks>
internal sealed class TrafficSampler
{
    private const int Seconds = 60;

    // Totals of VTEPs that went are kept for their coming back, but not without end: a prefix admits whoever comes.
    private const int MaxPeers = 16_384;
    private static readonly int Cells = 2 * DropReasons.Count;

    private readonly Lock _lock = new();
    private readonly ForwardingState _forwarding;
    private readonly TimeProvider _time;
    private readonly Dictionary<NextHop, HopMark> _hops = [];
    private readonly Dictionary<string, PeerTraffic> _peers = new(StringComparer.Ordinal);
    private readonly long[][] _ring = [.. Enumerable.Range(0, Seconds).Select(_ => new long[Cells])];
    private readonly long[] _current = new long[Cells];
    private readonly long[] _sampledAt = new long[Cells];
    private readonly (DropSample Sample, long Taken)?[] _samples = new (DropSample, long)?[Cells];
    private int _second;
    private long _round;
    private long _lastTick;

    public TrafficSampler(ForwardingState forwarding, TimeProvider time)
    {
        _forwarding = forwarding;
        _time = time;
        _lastTick = time.GetTimestamp();
    }

    /// <summary>Called once a second.</summary>
    public void Tick()
    {
        lock (_lock)
        {
            var elapsed = _time.GetElapsedTime(_lastTick).TotalSeconds;
            _lastTick = _time.GetTimestamp();
            Read();
            foreach (var peer in _peers.Values)
            {
                peer.CloseWindow(elapsed);
            }

            _current.CopyTo(_ring[_second], 0);
            _second = (_second + 1) % Seconds;
        }
    }

    /// <summary>Reads the counters now, between ticks: totals shown are never a second old.</summary>
    public void Refresh()
    {
        lock (_lock)
        {
            Read();
        }
    }

    /// <summary>What went to and from a VTEP; null if it has none.</summary>
    public PeerTraffic? Peer(string name)
    {
        lock (_lock)
        {
            return _peers.GetValueOrDefault(name);
        }
    }

    /// <summary>What went to and from a VTEP by the last reading; zeros if it has none.</summary>
    public PeerFigures Figures(string name)
    {
        lock (_lock)
        {
            return _peers.TryGetValue(name, out var peer)
                ? new PeerFigures(name, false, 0, peer.TxFrames, peer.RxFrames, peer.TxOctets, peer.RxOctets)
                : new PeerFigures(name, false, 0, 0, 0, 0, 0);
        }
    }

    /// <summary>Frames and octets that crossed a VNI's tunnels in a direction, both encapsulations together; zero for one that is not there.</summary>
    public (long Frames, long Octets) Vni(Vni vni, Direction direction)
    {
        if (_forwarding.Current.Vnis.Find(vni) is not { } domain)
        {
            return default;
        }

        var traffic = domain.State.Traffic;
        var vxlan = DomainState.ColumnOf(direction, EncapKind.Vxlan);
        var geneve = DomainState.ColumnOf(direction, EncapKind.Geneve);
        return (traffic.Frames(vxlan) + traffic.Frames(geneve), traffic.Octets(vxlan) + traffic.Octets(geneve));
    }

    /// <summary>Frames dropped for a reason since the last reading that is at least 59 seconds old.</summary>
    public long LastMinute(Direction direction, DropReason reason)
    {
        lock (_lock)
        {
            var cell = Cell(direction, reason);
            return _current[cell] - _ring[_second][cell];
        }
    }

    /// <summary>The last sample of a reason, and its age.</summary>
    public (DropSample Sample, TimeSpan Age)? Sample(Direction direction, DropReason reason)
    {
        lock (_lock)
        {
            return _samples[Cell(direction, reason)] is { } kept ? (kept.Sample, _time.GetElapsedTime(kept.Taken)) : null;
        }
    }

    private static int Cell(Direction direction, DropReason reason) => ((int)direction * DropReasons.Count) + (int)reason;

    private void Read()
    {
        ReadHops();
        var workers = _forwarding.Workers;
        for (var d = 0; d < 2; d++)
        {
            for (var r = 1; r < DropReasons.Count; r++)
            {
                var (direction, reason) = ((Direction)d, (DropReason)r);
                var cell = Cell(direction, reason);
                long total = 0;
                long copies = 0;
                for (var i = 0; i < workers.Count; i++)
                {
                    total += workers[i].Dropped(direction, reason);
                    copies += workers[i].CopyDropped(direction, reason);
                }

                _current[cell] = total;
                if (total + copies != _sampledAt[cell])
                {
                    _sampledAt[cell] = total + copies;
                    TakeSample(workers, direction, reason, cell);
                }
            }
        }
    }

    // Taking a sample arms the worker's cell for the next one.
    private void TakeSample(IReadOnlyList<WorkerCounters> workers, Direction direction, DropReason reason, int cell)
    {
        for (var i = 0; i < workers.Count; i++)
        {
            if (workers[i].TakeSample(direction, reason) is { } sample)
            {
                _samples[cell] = (sample, _time.GetTimestamp());
            }
        }
    }

    private void ReadHops()
    {
        _round++;
        var hops = _forwarding.ListNextHops();
        for (var i = 0; i < hops.Count; i++)
        {
            var hop = hops[i];
            if (hop.IsGroup)
            {
                continue;
            }

            if (!_hops.TryGetValue(hop, out var mark))
            {
                if (!_peers.TryGetValue(hop.Vtep.Name, out var peer))
                {
                    _peers.Add(hop.Vtep.Name, peer = new PeerTraffic(_time.GetTimestamp()));
                }

                _hops.Add(hop, mark = new HopMark(peer));
            }

            mark.Round = _round;
            mark.Peer.Add(hop, mark);
            mark.Peer.Follow(hop.Vtep.State, _time);
        }

        if (_hops.Count == hops.Count)
        {
            return;
        }

        // A next hop that went leaves its peer's totals as they are.
        foreach (var gone in _hops.Where(pair => pair.Value.Round != _round).Select(pair => pair.Key).ToArray())
        {
            _hops.Remove(gone);
        }

        if (_peers.Count > MaxPeers)
        {
            ForgetIdlePeers();
        }
    }

    private void ForgetIdlePeers()
    {
        var live = _hops.Values.Select(mark => mark.Peer).ToHashSet();
        foreach (var name in _peers.Where(pair => !live.Contains(pair.Value)).Select(pair => pair.Key).ToArray())
        {
            _peers.Remove(name);
        }
    }
}
