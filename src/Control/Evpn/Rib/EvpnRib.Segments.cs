using Overlay.Control.Evpn.Bgp.Wire;
using Overlay.Encap;

namespace Overlay.Control.Evpn.Rib;

/// <content>
/// Ethernet segments of others: the A-D route per segment of a VTEP that was there and is withdrawn makes its MAC routes of the segment unusable at once (RFC 7432 §8.2),
/// until it is advertised again. A VTEP that never sent one is not asked for it. Under the lock.
/// </content>
internal sealed partial class EvpnRib
{
    private const int SegmentLimit = 65_536;
    private readonly Dictionary<(UnderlayAddress Vtep, EthernetSegmentId Esi), (int Count, bool IsWithdrawn)> _segments = [];
    private static readonly TimeSpan PurgePeriod = TimeSpan.FromMinutes(1);
    private readonly HashSet<(UnderlayAddress Vtep, EthernetSegmentId Esi)> _changedSegments = [];
    private long _purgedAt;

    /// <summary>Those that changed, or that routes were found to hang on, since a purge began; null between purges.</summary>
    private HashSet<(UnderlayAddress Vtep, EthernetSegmentId Esi)>? _neededSegments;

    /// <summary>Segments that something is known of.</summary>
    public int SegmentCount
    {
        get
        {
            lock (_gate)
            {
                return _segments.Count;
            }
        }
    }

    private bool IsSegmentWithdrawn(UnderlayAddress vtep, EthernetSegmentId esi)
    {
        if (esi.IsZero || !_segments.TryGetValue((vtep, esi), out (int Count, bool IsWithdrawn) state) || !state.IsWithdrawn)
        {
            return false;
        }

        _ = _neededSegments?.Add((vtep, esi));
        return true;
    }

    /// <summary>By the clock: forgets segments that were withdrawn and that no MAC route hangs on any more, else they would take the room of others. Without the lock; one caller.</summary>
    private void PurgeSegments()
    {
        lock (_gate)
        {
            if (_time.GetElapsedTime(_purgedAt) < PurgePeriod || !_segments.Values.Any(static state => state.IsWithdrawn))
            {
                return;
            }

            _purgedAt = _time.GetTimestamp();
            _neededSegments = [];
        }

        // What comes meanwhile is judged, and by that noted.
        Walk(at =>
        {
            ref RibPath path = ref _paths[at];
            if (path.Extra != 0 && _entries[path.Entry].Key.Type == EvpnRouteType.MacIp)
            {
                _ = IsSegmentWithdrawn(_attributes[path.Attributes].Attributes.NextHop, _extras[path.Extra].Esi);
            }
        });
        lock (_gate)
        {
            foreach (((UnderlayAddress, EthernetSegmentId) segment, (int Count, bool IsWithdrawn) state) in _segments.ToArray())
            {
                if (state.IsWithdrawn && !_neededSegments.Contains(segment))
                {
                    _ = _segments.Remove(segment);
                }
            }

            _neededSegments = null;
        }
    }

    /// <summary>Counts an A-D route per segment that comes or goes.</summary>
    private void CountSegment(in RibPath path, in RibKey key, int by)
    {
        if (key.Type != EvpnRouteType.EthernetAutoDiscovery || key.Tag != MaxTag)
        {
            return;
        }

        (UnderlayAddress, EthernetSegmentId) segment = (_attributes[path.Attributes].Attributes.NextHop, _extras[key.Extra].Esi);
        bool isKnown = _segments.TryGetValue(segment, out (int Count, bool IsWithdrawn) state);
        if (!isKnown && _segments.Count >= SegmentLimit)
        {
            return;
        }

        int count = Math.Max(0, state.Count + by);

        // A neighbour that the operator removes takes its word back; that is no withdraw by the VTEP.
        if (count == 0 && _peers[path.Peer]!.IsLeaving)
        {
            _ = _segments.Remove(segment);
            return;
        }

        _segments[segment] = (count, count == 0);
        if (state.IsWithdrawn != (count == 0))
        {
            _ = _changedSegments.Add(segment);
            _ = _neededSegments?.Add(segment);
        }
    }

    /// <summary>Judges the MAC routes of segments that came or went. Without the lock.</summary>
    private void SettleSegments()
    {
        HashSet<(UnderlayAddress Vtep, EthernetSegmentId Esi)> changed;
        lock (_gate)
        {
            if (_changedSegments.Count == 0)
            {
                return;
            }

            changed = [.. _changedSegments];
            _changedSegments.Clear();
        }

        var concerned = new HashSet<(UnderlayAddress, EthernetSegmentId)>();
        Walk(at =>
        {
            ref RibPath path = ref _paths[at];
            int entry = path.Entry;
            if (path.Extra == 0 || _entries[entry].Key.Type != EvpnRouteType.MacIp)
            {
                return;
            }

            (UnderlayAddress, EthernetSegmentId) segment = (_attributes[path.Attributes].Attributes.NextHop, _extras[path.Extra].Esi);
            if (changed.Contains(segment))
            {
                _ = concerned.Add(segment);
                PathProblem problem = Judge(_entries[entry].Key, path);
                if (problem != path.Problem)
                {
                    Standing? before = StandingOf(entry);
                    path.Problem = problem;
                    Settle(entry, before);
                }
            }
        });

        lock (_gate)
        {
            foreach ((UnderlayAddress, EthernetSegmentId) segment in changed)
            {
                // Nobody hangs on it any more: there is nothing to remember.
                if (!concerned.Contains(segment) && _segments.TryGetValue(segment, out (int Count, bool IsWithdrawn) state) && state.Count == 0)
                {
                    _ = _segments.Remove(segment);
                }
            }
        }
    }
}
