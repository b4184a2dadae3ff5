using Overlay.Control.Queries;
using Overlay.Control.Vteps;
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

        if (filter.Peer is { } peer && _vteps.TryGet(new VtepEndpoint(peer), out VtepIdentity identity))
        {
            // A VTEP has many names and one that rows are shown under.
            filter = filter with { Peer = identity.Canonical.Endpoint.Name };
        }

        int removed = 0;
        if (filter.Mac is { } mac)
        {
            foreach (MacVrf vrf in _vrfs.Values)
            {
                if ((filter.Vni is null || vrf.Vni == filter.Vni) && vrf.TryFind(mac, out int index))
                {
                    removed += FlushOne(vrf, index, filter) ? 1 : 0;
                }
            }

            done(new FdbFlushResult(removed, null));
            return;
        }

        StartWalk(filter.Vni, ofMacs: true, (vrf, mac) => removed += FlushOne(vrf, mac, filter) ? 1 : 0, () => done(new FdbFlushResult(removed, null)));
    }

    /// <summary>MACs that moved not long ago: the frozen ones first, then by the time of the last move.</summary>
    public FdbMoves Moves(Vni? only, int limit)
    {
        // The best so far, the last of them first; rows are made of those alone.
        var best = new PriorityQueue<(MacVrf Vrf, int Record), MoveKey>(Comparer<MoveKey>.Default);
        int count = 0;
        foreach (MacVrf vrf in _vrfs.Values)
        {
            if (only is not null && vrf.Vni != only)
            {
                continue;
            }

            for (int at = 0; at < vrf.Moves.High; at++)
            {
                ref MoveRecord record = ref vrf.Moves[at];
                if (!record.IsUsed)
                {
                    continue;
                }

                ref MacState state = ref vrf.Macs[record.Mac];
                best.Enqueue((vrf, at), new MoveKey(state.IsFrozen, record.Last, vrf.Vni.Value, state.Mac));
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
            (MacVrf vrf, int record) = best.Dequeue();
            rows[at] = MoveRowOf(vrf, vrf.Moves[record]);
        }

        return new FdbMoves([.. rows], count > limit);
    }

    private FdbMoveRow MoveRowOf(MacVrf vrf, in MoveRecord record)
    {
        uint now = Now;
        ref MacState state = ref vrf.Macs[record.Mac];
        RouteTarget? place = state.PlaceTarget < 0 ? null : vrf.Targets[state.PlaceTarget];
        return new FdbMoveRow(
            vrf.Vni, new MacAddress(state.Mac), record.From.ToString(), record.To.ToString(), place is null ? null : PlaceOf(place).ToString(),
            record.CountAt(now, Tenths(vrf.Spec?.MoveWindow ?? TimeSpan.Zero)), state.Moves, Span(now - record.Last),
            state.IsFrozen ? Span(record.FrozenUntil > now ? record.FrozenUntil - now : 0) : null, record.Freezes, record.IsContested ? record.Rival.ToString() : null);
    }

    private bool FlushOne(MacVrf vrf, int mac, FdbFilter filter)
    {
        ref MacState state = ref vrf.Macs[mac];
        if (!state.HasSeen)
        {
            if (filter.Port is null && filter.Peer is null)
            {
                ForgetUnseen(vrf, mac);
            }

            return false;
        }

        if (state.IsPermanent)
        {
            return false;
        }

        RouteTarget target = vrf.Targets[state.SeenTarget]!;
        if ((filter.Port is { } port && target.Port?.Name != port)
            || (filter.Peer is { } peer && (target.Port is not null || PeerNameOf(target) != peer)))
        {
            return false;
        }

        // Forgotten with all that is remembered of it.
        _flushed++;
        ForgetMoves(vrf, mac);
        DropSeen(vrf, mac, publish: true);
        return true;
    }

    /// <summary>Forgets the moves of a MAC that is nowhere, or where a plane has it.</summary>
    private void ForgetUnseen(MacVrf vrf, int mac)
    {
        bool wasFrozen = vrf.Macs[mac].IsFrozen;
        ForgetMover(vrf, mac);
        if (wasFrozen)
        {
            Publish(vrf, mac);
        }
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
