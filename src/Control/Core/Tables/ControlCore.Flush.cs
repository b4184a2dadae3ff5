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
        // The best so far, the last of them first; rows are made of those alone.
        var best = new PriorityQueue<(MacVrf Vrf, int Mac), MoveKey>(Comparer<MoveKey>.Default);
        int count = 0;
        foreach (MacVrf vrf in _vrfs.Values)
        {
            if (only is not null && vrf.Vni != only)
            {
                continue;
            }

            foreach ((int mac, MoveRecord record) in vrf.Moves)
            {
                ref MacState state = ref vrf.Macs[mac];
                best.Enqueue((vrf, mac), new MoveKey(state.IsFrozen, record.Last, vrf.Vni.Value, state.Mac));
                count++;
                if (best.Count > limit)
                {
                    _ = best.Dequeue();
                }
            }
        }

        var rows = new FdbMoveRow[best.Count];
        for (int at = rows.Length - 1; at >= 0; at--)
        {
            (MacVrf vrf, int mac) = best.Dequeue();
            rows[at] = MoveRowOf(vrf, mac);
        }

        return new FdbMoves([.. rows], count > limit);
    }

    private FdbMoveRow MoveRowOf(MacVrf vrf, int mac)
    {
        uint now = Now;
        ref MacState state = ref vrf.Macs[mac];
        MoveRecord record = vrf.Moves[mac];
        RouteTarget? place = state.PlaceTarget < 0 ? null : vrf.Targets[state.PlaceTarget];
        return new FdbMoveRow(
            vrf.Vni, new MacAddress(state.Mac), PlaceName(record.From), PlaceName(record.To), place is null ? null : PlaceName(place), record.Count, state.Moves,
            Span(now - record.Last), state.IsFrozen ? Span(record.FrozenUntil > now ? record.FrozenUntil - now : 0) : null, record.Freezes);
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

    /// <summary>The order of moves for an operator: frozen MACs first, then the latest; what comes first is the greatest.</summary>
    private readonly record struct MoveKey(bool IsFrozen, uint Last, uint Vni, ulong Mac) : IComparable<MoveKey>
    {
        public int CompareTo(MoveKey other) =>
            IsFrozen != other.IsFrozen ? IsFrozen.CompareTo(other.IsFrozen)
            : Last != other.Last ? Last.CompareTo(other.Last)
            : Vni != other.Vni ? other.Vni.CompareTo(Vni)
            : other.Mac.CompareTo(Mac);
    }
}
