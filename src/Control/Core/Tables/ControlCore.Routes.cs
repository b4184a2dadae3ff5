using Overlay.Control.Loop;
using Overlay.Control.Vteps;
using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Control.Tables;

/// <content>What planes say: MAC routes, flood routes, neighbours.</content>
internal sealed partial class ControlCore
{
    private const uint TenthsASecond = 10;

    public void Upsert(PlaneState plane, string? session, in MacRoute route)
    {
        bool isNamed = route.NextHop.IsGroup || !string.IsNullOrEmpty(route.NextHop.Vtep.Name);
        if (route.Mac.IsMulticast || route.Mac.IsZero || !isNamed)
        {
            plane.Refused++;
            return;
        }

        plane.Upserts++;
        SourceState source = SourceOf(plane, session);
        int mac = -1;
        int at = _vrfs.TryGetValue(route.Vni.Value, out MacVrf? vrf) && vrf.TryFind(route.Mac, out mac) ? vrf.FindCandidate(mac, source.Id) : -1;
        if (at < 0 && !HasRouteRoom(plane, vrf))
        {
            return;
        }

        vrf ??= VrfOf(route.Vni);
        RouteTarget target = TargetOf(vrf, plane, route.NextHop);
        bool isNew = at < 0;
        bool hasMoved = isNew || vrf.Candidates[at].Target != target.Id;
        if (isNew)
        {
            mac = vrf.GetOrAddMac(route.Mac);
            at = vrf.AddCandidate(mac, target.Id);
            vrf.Candidates[at].Source = source.Id;
            vrf.Candidates[at].Origin = source.Origin;
            source.MacRoutes++;
            CountRoute(vrf, source, +1);
            AddReference(vrf, target, +1);
        }
        else if (hasMoved)
        {
            AddReference(vrf, vrf.Targets[vrf.Candidates[at].Target]!, -1);
            vrf.Retarget(at, target.Id);
            AddReference(vrf, target, +1);
        }

        ref Candidate candidate = ref vrf.Candidates[at];
        bool hasChanged = hasMoved || candidate.Sequence != route.Sequence || candidate.Sticky != route.Sticky || IsStale(candidate);
        if (hasChanged)
        {
            candidate.Since = Now;
        }

        candidate.Sequence = route.Sequence;
        candidate.Sticky = route.Sticky;
        candidate.Generation = StampOf(source);
        GivenAgain(plane, candidate.Hold);
        candidate.Hold = HoldMark.None;
        SetExpiry(vrf, ref candidate, route.Expiry);
        if (!hasChanged)
        {
            return;
        }

        if (hasMoved && route.Sequence == 0 && source.Origin is FdbOrigin.Ovsdb or FdbOrigin.Etcd)
        {
            YieldToLaterWord(vrf, mac);
        }

        // A target that was just made is resolved when the VNI settles, and its MACs are published then: the old place holds until there.
        if (!target.IsFresh)
        {
            Publish(vrf, mac);
        }
    }

    public void WithdrawMac(PlaneState plane, string? session, Vni vni, MacAddress mac, WithdrawCause cause = WithdrawCause.Owner)
    {
        plane.Withdraws++;
        if (_vrfs.TryGetValue(vni.Value, out MacVrf? vrf) && vrf.TryFind(mac, out int index))
        {
            SourceState source = SourceOf(plane, session);
            int at = vrf.FindCandidate(index, source.Id);
            if (at >= 0 && !IsSuspected(source, cause, vrf, at))
            {
                RemoveRoute(vrf, at);
            }
        }
    }

    public void Upsert(PlaneState plane, string? session, in FloodRoute route)
    {
        if (route.NextHop.IsGroup || string.IsNullOrEmpty(route.NextHop.Vtep.Name))
        {
            plane.Refused++;
            return;
        }

        plane.Upserts++;
        SourceState source = SourceOf(plane, session);
        (ushort, string) key = (source.Id, route.NextHop.Vtep.Name);
        if (!(_vrfs.TryGetValue(route.Vni.Value, out MacVrf? vrf) && vrf.Floods.ContainsKey(key)) && !HasRouteRoom(plane, vrf))
        {
            return;
        }

        vrf ??= VrfOf(route.Vni);
        RouteTarget target = TargetOf(vrf, plane, route.NextHop);
        if (vrf.Floods.TryGetValue(key, out FloodEntry known))
        {
            GivenAgain(plane, known.Hold);
            if (known.Target != target)
            {
                AddReference(vrf, known.Target, -1);
                AddReference(vrf, target, +1);
                MarkDirty(vrf);
            }
        }
        else
        {
            CountRoute(vrf, source, +1);
            AddReference(vrf, target, +1);
            MarkDirty(vrf);
        }

        vrf.Floods[key] = new FloodEntry(target, StampOf(source));
    }

    public void WithdrawFlood(PlaneState plane, string? session, Vni vni, in NextHopRef nextHop, WithdrawCause cause = WithdrawCause.Owner)
    {
        plane.Withdraws++;
        SourceState source = SourceOf(plane, session);
        (ushort, string) key = (source.Id, nextHop.Vtep.Name ?? string.Empty);
        if (_vrfs.TryGetValue(vni.Value, out MacVrf? vrf) && vrf.Floods.TryGetValue(key, out FloodEntry entry) && !IsSuspected(source, cause, vrf, key, entry))
        {
            RemoveFlood(vrf, key, entry);
        }
    }

    public void Upsert(PlaneState plane, string? session, in NeighborRoute route)
    {
        if (route.Mac.IsMulticast || route.Mac.IsZero || !route.Address.IsUnicast)
        {
            plane.Refused++;
            return;
        }

        SourceState source = SourceOf(plane, session);
        NeighborEntry old = default;
        bool isNew = !(_vrfs.TryGetValue(route.Vni.Value, out MacVrf? vrf) && vrf.Neighbors.TryGetValue((route.Address, source.Id), out old));
        if (isNew && !HasRouteRoom(plane, vrf))
        {
            return;
        }

        vrf ??= VrfOf(route.Vni);
        plane.Upserts++;
        GivenAgain(plane, old.Hold);
        CountEntry(source, isNew ? 1 : 0);
        vrf.Neighbors[(route.Address, source.Id)] = new NeighborEntry(route.Mac, route.IsRouter, StampOf(source));
        if (isNew || old.Mac != route.Mac || old.IsRouter != route.IsRouter)
        {
            NeighborGiven(vrf, route.Address);
        }
    }

    public void WithdrawNeighbor(PlaneState plane, string? session, Vni vni, UnderlayAddress address, WithdrawCause cause = WithdrawCause.Owner)
    {
        plane.Withdraws++;
        SourceState source = SourceOf(plane, session);
        if (_vrfs.TryGetValue(vni.Value, out MacVrf? vrf) && vrf.Neighbors.TryGetValue((address, source.Id), out NeighborEntry entry)
            && !IsSuspected(source, cause, vrf, address, entry))
        {
            RemoveNeighbor(vrf, (address, source.Id), entry);
            ForgetIfEmpty(vrf);
        }
    }

    /// <summary>
    /// The generation of what a source gives now. A session that is lost, and does not come back, can only be spoken for by its plane, which had to fall back on what the
    /// session said before: that is as stale as all the rest of it.
    /// </summary>
    private static uint StampOf(SourceState source) =>
        source is { IsConnected: false, Session: not null, StaleBelow: > 0 } && !source.Plane.IsResyncing(source.Session) ? source.StaleBelow - 1 : source.Plane.Generation;

    /// <summary>Whether the limits allow one more route, in a VNI that may be a new one (null).</summary>
    private bool HasRouteRoom(PlaneState plane, MacVrf? vrf)
    {
        if (_routes >= _options.RouteLimit)
        {
            plane.Refused++;
            RaiseAlarm(AlarmKind.RouteLimit, plane);
            return false;
        }

        if (vrf is null && _vrfs.Count >= _options.VniLimit)
        {
            plane.Refused++;
            RaiseAlarm(AlarmKind.VniLimit, plane);
            return false;
        }

        return true;
    }

    /// <summary>A VNI that is not configured and of which no plane says anything any more. While it is dirty it is looked at when it has settled.</summary>
    private void ForgetIfEmpty(MacVrf vrf)
    {
        if (vrf is { Spec: null, IsDirty: false, IsEmpty: true } && _vrfs.TryGetValue(vrf.Vni.Value, out MacVrf? known) && known == vrf)
        {
            _ = _vrfs.Remove(vrf.Vni.Value);
        }
    }

    private static uint Tenths(TimeSpan span) => (uint)Math.Clamp(Math.Ceiling(span.TotalMilliseconds / 100), 1, int.MaxValue);

    private static bool IsOn(MacVrf vrf, int candidate, RouteTarget target) =>
        vrf.Candidates[candidate].Origin != FdbOrigin.None && vrf.Candidates[candidate].Target == target.Id;

    /// <summary>Candidates of planes at a target as they are now; the caller checks with <see cref="IsOn"/>, for removing one may remove another.</summary>
    private static List<int> CandidatesOn(MacVrf vrf, RouteTarget target)
    {
        var found = new List<int>();
        for (int at = target.Head; at >= 0; at = vrf.Candidates[at].NextOfTarget)
        {
            found.Add(at);
        }

        return found;
    }

    /// <summary>The target a reference means in a VNI; what it resolves to is found when the VNI settles.</summary>
    private RouteTarget TargetOf(MacVrf vrf, PlaneState plane, in NextHopRef reference)
    {
        NextHopRef clean = Sanitised(plane, reference);
        var key = new TargetKey(null, clean.IsGroup ? plane.Index : -1, clean.IsGroup ? NextHopRef.ToGroup(clean.Group) : clean);
        if (vrf.TryGetTarget(key, out RouteTarget? target))
        {
            return target;
        }

        MarkDirty(vrf);
        return clean.IsGroup
            ? vrf.AddTarget(key, null, null, GroupOf(plane, clean.Group))
            : vrf.AddTarget(key, _vteps.GetOrAdd(clean.Vtep), null, null);
    }

    private void AddReference(MacVrf vrf, RouteTarget target, int by)
    {
        bool was = target.RouteReferences > 0;
        target.RouteReferences += by;
        if (was != target.RouteReferences > 0)
        {
            MarkDirty(vrf);
        }
    }

    private void CountRoute(MacVrf vrf, SourceState source, int by)
    {
        CountEntry(source, by);
        if (source.Origin != FdbOrigin.Static)
        {
            bool was = vrf.PlaneRoutes > 0;
            vrf.PlaneRoutes += by;
            if (was != vrf.PlaneRoutes > 0)
            {
                MarkDirty(vrf);
            }
        }
    }

    private void RemoveRoute(MacVrf vrf, int candidate)
    {
        Candidate old = vrf.Candidates[candidate];
        SourceState source = _sources[old.Source]!;
        source.MacRoutes--;
        Unmark(source.Plane, old.Hold);
        CountRoute(vrf, source, -1);
        vrf.Expiring -= old.Time != 0 ? 1 : 0;
        RouteTarget target = vrf.Targets[old.Target]!;
        vrf.RemoveCandidate(candidate);
        AddReference(vrf, target, -1);
        Publish(vrf, old.Mac);
    }

    private void RemoveFlood(MacVrf vrf, (ushort Source, string Vtep) key, FloodEntry entry)
    {
        _ = vrf.Floods.Remove(key);
        SourceState source = _sources[key.Source]!;
        Unmark(source.Plane, entry.Hold);
        CountRoute(vrf, source, -1);
        AddReference(vrf, entry.Target, -1);
        MarkDirty(vrf);
    }

    private void RemoveNeighbor(MacVrf vrf, (UnderlayAddress Address, ushort Source) key, in NeighborEntry entry)
    {
        _ = vrf.Neighbors.Remove(key);
        SourceState source = _sources[key.Source]!;
        Unmark(source.Plane, entry.Hold);
        CountEntry(source, -1);
        PublishNeighbor(vrf, key.Address);
    }

    private void CountEntry(SourceState source, int by)
    {
        _routes += by;
        source.Entries += by;
        source.Plane.Entries += by;
    }

    private void SetExpiry(MacVrf vrf, ref Candidate candidate, TimeSpan? expiry)
    {
        uint time = expiry is { } span ? Now + Tenths(span) : 0;
        vrf.Expiring += (time != 0 ? 1 : 0) - (candidate.Time != 0 ? 1 : 0);
        candidate.Time = time;
    }

    /// <summary>
    /// A plane without mobility sequences that names another place speaks after us, so what a port saw before loses its lead and the
    /// configured order decides; if the host is on the port all the same, its next frame moves it back.
    /// </summary>
    private static void YieldToLaterWord(MacVrf vrf, int mac)
    {
        if (vrf.Macs[mac].SeenOrigin == FdbOrigin.Local)
        {
            vrf.SetSequence(mac, 0);
        }
    }
}
