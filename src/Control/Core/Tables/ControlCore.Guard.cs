using Overlay.Control.Loop;
using Overlay.Control.Queries;
using Overlay.Control.Vteps;
using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Control.Tables;

/// <content>
/// The mass-withdraw guard: what a sweep after a full resync, or others than the owners, would take back of a plane is held for a while if it is much (<see cref="GuardOptions"/>).
/// Held entries stay in force, as stale ones: whatever is live replaces them, and their owner may withdraw them or let them expire at any time.
/// </content>
internal sealed partial class ControlCore
{
    private GuardOptions _guard;
    private TimeSpan? _staleHold;

    /// <summary>Takes other settings in; nothing is held any more where the guard is off now.</summary>
    public void Configure(GuardOptions guard, TimeSpan? staleHold)
    {
        _guard = guard;
        _staleHold = staleHold;
        foreach (PlaneState plane in _planes)
        {
            if (plane.Guard.IsHolding && !IsGuarded(plane))
            {
                Release(plane, "the guard is off", isForced: true);
            }
        }
    }

    /// <summary>Lets go what is held, of one plane or (null) of all.</summary>
    public GuardApproval Approve(string? name)
    {
        if (name is not null && !_planes.Exists(p => p.Name == name))
        {
            return new GuardApproval(0, $"there is no control plane '{name}'");
        }

        int count = 0;
        foreach (PlaneState plane in _planes)
        {
            if (plane.Guard.IsHolding && (name is null || plane.Name == name))
            {
                count += plane.Guard.Held;
                Release(plane, "an operator approved it", isForced: true, isApproved: true);
            }
        }

        return new GuardApproval(count, null);
    }

    public IEnumerable<GuardRow> GuardRows() => _planes.Select(p => new GuardRow(
        p.Name, IsGuarded(p), p.Entries, p.Guard.Held, p.Guard.IsHolding ? Span(Now - p.Guard.Since) : null,
        p.Guard.IsHolding ? Span(p.Guard.Until > Now ? p.Guard.Until - Now : 0) : null, p.Guard.HeldTotal, p.Guard.GivenAgain, p.Guard.Released, p.Guard.Approved));

    private TimeSpan? StaleHoldOf(PlaneState plane) => plane.StaleHold ?? _staleHold;

    /// <summary>A reload of the configuration is an operator's act, and who wants nothing stale to stay wants nothing held.</summary>
    private bool IsGuarded(PlaneState plane) => _guard.Enabled && plane.Origin != RouteOrigin.Static && StaleHoldOf(plane) != TimeSpan.Zero;

    /// <summary>Whether so many more are too many, with those that are held and those that went a short while ago.</summary>
    private bool IsMass(PlaneState plane, int more)
    {
        GuardState guard = plane.Guard;
        return IsMass((long)guard.Held + guard.Removed + more, (long)plane.Entries + guard.Removed);
    }

    private bool IsMass(long gone, long all) => gone > _guard.Entries && gone * 100 > _guard.Share * all;

    /// <summary>Removes what sources did not give again since a generation, or holds it.</summary>
    /// <param name="plane">The plane.</param>
    /// <param name="sources">Those of its sources that gave everything again.</param>
    /// <param name="vni">In this VNI alone; null for all.</param>
    /// <param name="below">The generation.</param>
    /// <param name="ofGroups">Groups too.</param>
    private void SweepGuarded(PlaneState plane, SourceState[] sources, Vni? vni, uint below, bool ofGroups)
    {
        GuardState guard = plane.Guard;
        if (!IsGuarded(plane) || plane.Entries + guard.Removed <= _guard.Entries)
        {
            SweepAll(plane, sources, vni, below, ofGroups);
            return;
        }

        var ids = sources.Select(static s => s.Id).ToHashSet();
        int count = 0;
        foreach (MacVrf vrf in _vrfs.Values.Where(v => vni is null || v.Vni == vni))
        {
            count += vrf.Floods.Count(f => f.Value.Hold != HoldMark.Held && f.Value.Generation < below && ids.Contains(f.Key.Source));
            count += vrf.Neighbors.Count(n => n.Value.Hold != HoldMark.Held && n.Value.Generation < below && ids.Contains(n.Key.Source));
        }

        guard.Walks++;
        StartWalk(
            vni, ofMacs: false,
            (vrf, at) =>
            {
                ref Candidate candidate = ref vrf.Candidates[at];
                count += candidate.Hold != HoldMark.Held && candidate.Generation < below && ids.Contains(candidate.Source) ? 1 : 0;
            },
            () =>
            {
                guard.Walks--;
                if (IsMass(plane, count))
                {
                    HoldSwept(plane, sources, ids, vni, below, ofGroups, count);
                    return;
                }

                guard.NoteRemoved(Now, count);
                SweepAll(plane, sources, vni, below, ofGroups);
            });
    }

    private void SweepAll(PlaneState plane, SourceState[] sources, Vni? vni, uint below, bool ofGroups)
    {
        Sweep(plane, sources, vni, below);
        if (ofGroups)
        {
            SweepGroups(plane, below);
        }
    }

    private void SweepGroups(PlaneState plane, uint below)
    {
        foreach (GroupState group in plane.Groups.Values.Where(g => g.Generation < below).ToArray())
        {
            WithdrawGroup(plane, group.Number);
        }
    }

    private void HoldSwept(PlaneState plane, SourceState[] sources, HashSet<ushort> ids, Vni? vni, uint below, bool ofGroups, int count)
    {
        GuardState guard = plane.Guard;
        foreach (MacVrf vrf in _vrfs.Values.Where(v => vni is null || v.Vni == vni))
        {
            foreach (((ushort Source, string Vtep) key, FloodEntry entry) in vrf.Floods.Where(f => f.Value.Generation < below && ids.Contains(f.Key.Source)).ToArray())
            {
                vrf.Floods[key] = entry with { Hold = Held(plane, entry.Hold) };
            }

            foreach (((UnderlayAddress Address, ushort Source) key, NeighborEntry entry) in vrf.Neighbors.Where(n => n.Value.Generation < below && ids.Contains(n.Key.Source)).ToArray())
            {
                vrf.Neighbors[key] = entry with { Hold = Held(plane, entry.Hold) };
            }
        }

        if (vni is null)
        {
            foreach (SourceState source in sources)
            {
                source.DescriptionsBelow = Math.Max(source.DescriptionsBelow, below);
            }
        }

        guard.GroupsBelow = ofGroups ? below : guard.GroupsBelow;
        BeginHold(plane, count);
        guard.Walks++;
        StartWalk(
            vni, ofMacs: false,
            (vrf, at) =>
            {
                ref Candidate candidate = ref vrf.Candidates[at];
                if (candidate.Hold != HoldMark.Held && candidate.Generation < below && ids.Contains(candidate.Source))
                {
                    candidate.Hold = Held(plane, candidate.Hold);
                    Publish(vrf, candidate.Mac);
                }
            },
            () => guard.Walks--);
    }

    private void BeginHold(PlaneState plane, int count)
    {
        GuardState guard = plane.Guard;
        if (!guard.IsHolding || IsMass(count, plane.Entries))
        {
            guard.Until = Now + Tenths(_guard.Hold);
        }

        guard.Since = guard.IsHolding ? guard.Since : Now;
        guard.HeldTotal += count;
        if (count > 0)
        {
            _ = RaiseAlarm(AlarmKind.MassWithdraw, plane, detail: $"{count} of {plane.Entries} entries");
            ControlLog.MassWithdrawHeld(_log, plane.Name, count, plane.Entries, _guard.Hold);
        }
    }

    /// <summary>Removes what is held. What a source gave that is out of touch stays, unless an operator says so: whoever has no session takes nothing back.</summary>
    private void Release(PlaneState plane, string why, bool isForced, bool isApproved = false)
    {
        GuardState guard = plane.Guard;
        var ids = plane.Sources.Where(s => isForced || s.StaleSince is null).Select(static s => s.Id).ToHashSet();
        int count = 0;
        foreach (MacVrf vrf in _vrfs.Values.ToArray())
        {
            foreach (((ushort Source, string Vtep) key, FloodEntry entry) in vrf.Floods.Where(f => f.Value.Hold == HoldMark.Held && ids.Contains(f.Key.Source)).ToArray())
            {
                RemoveFlood(vrf, key, entry);
                count++;
            }

            foreach (((UnderlayAddress Address, ushort Source) key, NeighborEntry entry) in vrf.Neighbors.Where(n => n.Value.Hold == HoldMark.Held && ids.Contains(n.Key.Source)).ToArray())
            {
                RemoveNeighbor(vrf, key, entry);
                count++;
            }

            ForgetIfEmpty(vrf);
        }

        guard.Walks++;
        StartWalk(
            null, ofMacs: false,
            (vrf, at) =>
            {
                if (vrf.Candidates[at].Hold == HoldMark.Held && ids.Contains(vrf.Candidates[at].Source))
                {
                    RemoveRoute(vrf, at);
                    count++;
                }
            },
            () =>
            {
                guard.Walks--;
                guard.Approved += isApproved ? count : 0;
                guard.Released += isApproved ? 0 : count;
                plane.Swept += count;
                if (count > 0)
                {
                    ControlLog.MassWithdrawReleased(_log, plane.Name, count, why);
                }

                if (guard.Held == 0 && guard.Walks == 0)
                {
                    EndHold(plane);
                }
            });
    }

    /// <summary>Nothing is held any more: what only held entries needed goes too.</summary>
    private void EndHold(PlaneState plane)
    {
        GuardState guard = plane.Guard;
        foreach (SourceState source in plane.Sources)
        {
            if (source.DescriptionsBelow > 0 || source.HeldVteps.Count > 0)
            {
                _ = _vteps.Forget((vtep, of, generation) => of == source && (generation < source.DescriptionsBelow || source.HeldVteps.Contains(vtep)));
                source.DescriptionsBelow = 0;
                source.HeldVteps.Clear();
            }
        }

        SweepGroups(plane, guard.GroupsBelow);
        guard.GroupsBelow = guard.Since = guard.Until = 0;
        ClearAlarms();
    }

    /// <summary>By the clock: holds end when their time is over, or when so much was given again that the rest is little.</summary>
    private void TendGuard(uint now)
    {
        uint time = Tenths(_guard.Hold);
        foreach (PlaneState plane in _planes)
        {
            GuardState guard = plane.Guard;
            guard.ForgetRemoved(now > time ? now - time : 0);
            bool isGivenAgain = guard.IsGivenAgain;
            guard.IsGivenAgain = false;
            if (!guard.IsHolding || guard.Walks > 0)
            {
                continue;
            }

            if (guard.Held == 0)
            {
                EndHold(plane);
            }
            else if (now >= guard.Until)
            {
                Release(plane, "the time is over", isForced: false);
            }
            else if (!isGivenAgain && plane.Resyncs.Count == 0 && !IsMass(plane, 0))
            {
                Release(plane, "they are few", isForced: false);
            }
        }
    }

    /// <summary>Marks an entry as held, and counts it.</summary>
    private static HoldMark Held(PlaneState plane, HoldMark was)
    {
        if (was != HoldMark.Held)
        {
            Unmark(plane, was);
            plane.Guard.Held++;
        }

        return HoldMark.Held;
    }

    /// <summary>An entry goes, or is not held any more.</summary>
    private static void Unmark(PlaneState plane, HoldMark was)
    {
        plane.Guard.Held -= was == HoldMark.Held ? 1 : 0;
        plane.Guard.Suspected -= was == HoldMark.Suspected ? 1 : 0;
    }

    /// <summary>An entry was given again, which may have been held.</summary>
    private static void GivenAgain(PlaneState plane, HoldMark was)
    {
        Unmark(plane, was);
        if (was == HoldMark.Held)
        {
            plane.Guard.GivenAgain++;
            plane.Guard.IsGivenAgain = true;
        }
    }
}
