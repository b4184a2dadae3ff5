using Overlay.Control.Queries;
using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Control.Tables;

/// <content>Forgetting what was learned, because an operator says so.</content>
internal sealed partial class ControlCore
{
    /// <summary>
    /// Removes local and learned MACs that a filter names; a port's own address, static MACs and routes of planes stay. A million of them go in slices, beside other work.
    /// </summary>
    /// <param name="filter">What to remove.</param>
    /// <param name="done">Told when the last one is gone, or at once if the filter names something that does not exist.</param>
    public void FlushLearned(FdbFilter filter, Action<FdbFlushResult> done)
    {
        if (UnknownIn(filter) is { } unknown)
        {
            done(new FdbFlushResult(0, unknown));
            return;
        }

        int removed = 0;
        if (filter.Mac is { } mac)
        {
            foreach (MacVrf vrf in _vrfs.Values)
            {
                if ((filter.Vni is null || vrf.Vni == filter.Vni) && vrf.TryFind(mac, out int index) && vrf.FindSeen(index) is >= 0 and int seen)
                {
                    removed += FlushOne(vrf, seen, filter) ? 1 : 0;
                }
            }

            done(new FdbFlushResult(removed, null));
            return;
        }

        StartWalk(filter.Vni, (vrf, at) => removed += vrf.Candidates[at].IsSeen && FlushOne(vrf, at, filter) ? 1 : 0, () => done(new FdbFlushResult(removed, null)));
    }

    /// <summary>MACs that moved not long ago: the frozen ones first, then by the time of the last move.</summary>
    public FdbMoves Moves(Vni? only, int limit)
    {
        uint now = Now;
        var rows = new List<(bool IsFrozen, uint Last, FdbMoveRow Row)>();
        foreach (MacVrf vrf in _vrfs.Values)
        {
            if (only is not null && vrf.Vni != only)
            {
                continue;
            }

            foreach ((int mac, MoveRecord record) in vrf.Moves)
            {
                ref MacState state = ref vrf.Macs[mac];
                RouteTarget? place = state.PlaceTarget < 0 ? null : vrf.Targets[state.PlaceTarget];
                rows.Add((state.IsFrozen, record.Last, new FdbMoveRow(
                    vrf.Vni, new MacAddress(state.Mac), PlaceName(record.From), PlaceName(record.To), place is null ? null : PlaceName(place), record.Count, state.Moves,
                    Span(now - record.Last), state.IsFrozen ? Span(record.FrozenUntil > now ? record.FrozenUntil - now : 0) : null, record.Freezes)));
            }
        }

        IEnumerable<FdbMoveRow> sorted = rows.OrderByDescending(static r => r.IsFrozen).ThenByDescending(static r => r.Last).ThenBy(static r => r.Row.Vni).ThenBy(static r => r.Row.Mac).Select(static r => r.Row);
        return new FdbMoves([.. sorted.Take(limit)], rows.Count > limit);
    }

    private bool FlushOne(MacVrf vrf, int at, FdbFilter filter)
    {
        ref Candidate candidate = ref vrf.Candidates[at];
        RouteTarget target = vrf.Targets[candidate.Target]!;
        if (candidate.Permanent
            || (filter.Port is { } port && target.Port?.Name != port)
            || (filter.Peer is { } peer && (target.Port is not null || PeerNameOf(target) != peer)))
        {
            return false;
        }

        _flushed++;
        DropSeen(vrf, at, publish: true);
        return true;
    }

    private string? UnknownIn(FdbFilter filter)
    {
        if (filter.Vni is { } vni && !(_vrfs.TryGetValue(vni.Value, out MacVrf? vrf) && vrf.Spec is not null))
        {
            return $"VNI {vni} is not configured";
        }

        if (filter.Port is { } port && !_ports.ContainsKey(port))
        {
            return $"there is no port '{port}'";
        }

        return filter.Peer is { } peer && !_vteps.TryGet(new VtepEndpoint(peer), out _) ? $"there is no peer '{peer}'" : null;
    }
}
