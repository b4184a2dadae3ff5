using Overlay.Control.Loop;
using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Control.Tables;

/// <content>Work by the clock and work in slices: epochs, expiry, sweeps, replays. A slice is bounded, so a million entries do not stall the loop.</content>
internal sealed partial class ControlCore
{
    private const int SliceItems = 16_384;

    /// <summary>Items of a slice while hints wait: workers' rings are full again in a few milliseconds.</summary>
    private const int PressedItems = 2_048;
    private static readonly TimeSpan ReplayPause = TimeSpan.FromMilliseconds(20);
    private readonly Queue<Walk> _walks = [];
    private uint _lastEpoch;
    private uint _lastSecond;

    /// <summary>True while sliced work is waiting.</summary>
    public bool HasWork
    {
        get
        {
            // Asked after every round: a loop, which allocates nothing.
            foreach (MacVrf vrf in _vrfs.Values)
            {
                if (vrf.ScanCursor != 0)
                {
                    return true;
                }
            }

            return _walks.Count > 0 || _tended.Count > 0;
        }
    }

    /// <summary>How long <see cref="Tick"/> has nothing to do, to a tenth of a second; a second at most.</summary>
    public TimeSpan UntilDue
    {
        get
        {
            uint now = Now;
            uint due = Math.Min(Math.Min(_lastSecond + TenthsASecond, _lastEpoch + EpochPeriod()), Math.Min(_missesDue, _negativeDue));
            foreach (MacVrf vrf in _vrfs.Values)
            {
                if (vrf.Spec is not null)
                {
                    due = Math.Min(due, vrf.NextScan);
                }
            }

            foreach (PlaneState plane in _planes)
            {
                // A plane that reads slowly gets the next part as soon as it has room, which nobody tells us.
                if (plane is { IsRunning: true, Feed.IsReplaying: true })
                {
                    return ReplayPause;
                }
            }

            return TimeSpan.FromMilliseconds(due > now ? (due - now) * 100 : 0);
        }
    }

    /// <summary>What the clock asks for, and one slice of what is waiting.</summary>
    /// <param name="isPressed">More hints wait: a slice is a small one.</param>
    public void Tick(bool isPressed = false)
    {
        uint now = Now;
        uint period = _period = EpochPeriod();
        if (now - _lastEpoch >= period)
        {
            // One a tick, even after a pause: entries grow old by the clock, not by the number of epochs.
            _lastEpoch = now;
            _writer.AdvanceEpoch();
            _epochTimes[_writer.Epoch] = now;
        }

        if (now - _lastSecond >= TenthsASecond)
        {
            _lastSecond = now;
            EverySecond(now);
            _writer.AgeHeld((int)Math.Ceiling(_options.MissTimeout.TotalSeconds) + 2);
        }

        TendMisses(now);

        int slice = isPressed ? PressedItems : SliceItems;
        int budget = slice;
        while (budget > 0 && _walks.TryPeek(out Walk? walk))
        {
            if (Step(walk, ref budget))
            {
                _ = _walks.Dequeue();
                walk.Done?.Invoke();
            }
        }

        TendSlice(now);
        Age(now, period, slice);
        foreach (PlaneState plane in _planes)
        {
            if (plane is { IsRunning: true, Feed.IsReplaying: true })
            {
                Replay(plane.Feed);
            }
        }
    }

    /// <summary>Does all sliced work at once, except reading for ageing. For tests and for a caller who wants to see the end of it.</summary>
    public void FinishWork()
    {
        while (_walks.TryPeek(out Walk? walk))
        {
            int budget = int.MaxValue;
            if (Step(walk, ref budget))
            {
                _ = _walks.Dequeue();
                walk.Done?.Invoke();
            }
        }
    }

    /// <summary>Removes what the sources did not give again since a generation: small things at once, MACs in slices.</summary>
    private void Sweep(PlaneState plane, SourceState[] sources, Vni? vni, uint below)
    {
        var ids = sources.Select(static s => s.Id).ToHashSet();
        foreach (MacVrf vrf in _vrfs.Values.Where(v => vni is null || v.Vni == vni).ToArray())
        {
            foreach (((ushort Source, string Vtep) key, FloodEntry entry) in vrf.Floods.Where(f => ids.Contains(f.Key.Source) && f.Value.Generation < below).ToArray())
            {
                RemoveFlood(vrf, key, entry);
                plane.Swept++;
            }

            foreach (((UnderlayAddress, ushort) key, NeighborEntry entry) in vrf.Neighbors.Where(n => ids.Contains(n.Key.Source) && n.Value.Generation < below).ToArray())
            {
                RemoveNeighbor(vrf, key, entry);
                plane.Swept++;
            }

            ForgetIfEmpty(vrf);
        }

        if (vni is null)
        {
            plane.Swept += _vteps.Forget((_, source, generation) => generation < below && ids.Contains(source.Id));
        }

        if (sources.Any(static s => s.MacRoutes > 0))
        {
            StartWalk(vni, ofMacs: false, (vrf, at) =>
            {
                if (ids.Contains(vrf.Candidates[at].Source) && vrf.Candidates[at].Generation < below)
                {
                    RemoveRoute(vrf, at);
                    plane.Swept++;
                }
            });
        }
    }

    /// <summary>Writes the stale mark of a source's entries anew, and with it the choices that hang on it.</summary>
    private void RefreshFlags(SourceState source)
    {
        if (source.MacRoutes > 0)
        {
            StartWalk(null, ofMacs: false, (vrf, at) =>
            {
                if (vrf.Candidates[at].Source == source.Id)
                {
                    Publish(vrf, vrf.Candidates[at].Mac);
                }
            });
        }
    }

    /// <summary>Visits the candidates of planes, or the MACs, of one VNI or of all.</summary>
    private void StartWalk(Vni? vni, bool ofMacs, Action<MacVrf, int> visit, Action? done = null)
    {
        var walk = new Walk(_vrfs.Values.Where(v => vni is null || v.Vni == vni), ofMacs, visit, done);
        int budget = SliceItems;

        // Behind a walk that waits it has to wait too: they take effect in the order they were asked for.
        if (_walks.Count > 0 || !Step(walk, ref budget))
        {
            _walks.Enqueue(walk);
        }
        else
        {
            done?.Invoke();
        }
    }

    private static bool Step(Walk walk, ref int budget)
    {
        while (walk.Vrf is { } vrf)
        {
            while (walk.Cursor < (walk.OfMacs ? vrf.Macs.High : vrf.Candidates.High))
            {
                if (budget-- <= 0)
                {
                    return false;
                }

                int at = walk.Cursor++;
                if (walk.OfMacs ? vrf.Macs[at].Mac != 0 : vrf.Candidates[at].Origin != FdbOrigin.None)
                {
                    walk.Visit(vrf, at);
                }
            }

            walk.Next();
        }

        return true;
    }

    private void EverySecond(uint now)
    {
        foreach (SourceState? source in _sources)
        {
            if (source?.StaleSince is not { } since)
            {
                continue;
            }

            if (source.MacRoutes > 0)
            {
                RaiseStale(source.Plane);
            }

            if (StaleHoldOf(source.Plane) is { } hold && now - since >= (hold > TimeSpan.Zero ? Tenths(hold) : 0))
            {
                Sweep(source.Plane, [source], null, source.StaleBelow);
                source.StaleSince = null;
            }
        }

        // Before walks begin, which hold places in the pools.
        ForgetSources();
        Trim();
        SweepNeighbors();
        if (_vrfs.Values.Any(static v => v.Expiring > 0))
        {
            StartWalk(null, ofMacs: false, (vrf, at) =>
            {
                ref Candidate candidate = ref vrf.Candidates[at];
                if (candidate.Time != 0 && candidate.Time <= Now)
                {
                    RemoveRoute(vrf, at);
                }
            });
        }

        if (_unwritten > 0)
        {
            _unwritten = 0;
            foreach (MacVrf vrf in _vrfs.Values)
            {
                vrf.Unwritten = 0;
            }

            StartWalk(null, ofMacs: true, (vrf, mac) =>
            {
                if (!vrf.Macs[mac].IsPublished && vrf.WinnerOf(mac) != -1)
                {
                    Publish(vrf, mac);
                }
            });
        }

        TendGuard(now);
        TendMoves();
        RenewLogBudgets();
        ClearAlarms();
    }

    /// <summary>Gives back what tables held at their peak. Whoever fills one VNI after the other otherwise leaves the peak of each behind.</summary>
    private void Trim()
    {
        // Walks and replays hold places in the pools.
        bool mayCompact = _walks.Count == 0 && !_planes.Exists(static p => p is { IsRunning: true, Feed.IsReplaying: true });
        foreach (MacVrf vrf in _vrfs.Values)
        {
            vrf.Trim(mayCompact);
        }
    }

    private void RaiseStale(PlaneState plane)
    {
        if (!_alarms.ContainsKey((AlarmKind.PlaneStale, plane, null)))
        {
            RaiseAlarm(AlarmKind.PlaneStale, plane);
        }
    }

    private sealed class Walk(IEnumerable<MacVrf> vrfs, bool ofMacs, Action<MacVrf, int> visit, Action? done)
    {
        private readonly Queue<MacVrf> _vrfs = new(vrfs);

        public bool OfMacs { get; } = ofMacs;

        public Action? Done { get; } = done;

        public Action<MacVrf, int> Visit { get; } = visit;

        public int Cursor { get; set; }

        public MacVrf? Vrf => _vrfs.TryPeek(out MacVrf? vrf) ? vrf : null;

        public void Next()
        {
            _ = _vrfs.Dequeue();
            Cursor = 0;
        }
    }
}
