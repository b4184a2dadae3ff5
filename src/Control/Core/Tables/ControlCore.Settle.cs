using System.Collections.Immutable;
using Overlay.Control.Vteps;
using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Control.Tables;

/// <content>
/// What depends on more than one MAC: which address, encapsulation and port a reference means now, groups, flood list, allow-list, remote
/// learning. Done once for a batch of messages, for the VNIs that changed, and written only where the result differs from what stands.
/// </content>
internal sealed partial class ControlCore
{
    private const int MaxSettleRounds = 8;

    /// <summary>How long a change waits for others at most, before the lists of its VNI are made.</summary>
    private static readonly TimeSpan SettleDelay = TimeSpan.FromMilliseconds(50);

    /// <summary>How long VNIs are settled before messages and hints have their turn again.</summary>
    private static readonly TimeSpan SettleSlice = TimeSpan.FromMilliseconds(5);
    private readonly List<(VtepIdentity? Vtep, NextHopId NextHop)> _releases = [];
    private readonly List<RouteTarget> _changedTargets = [];
    private long _dirtyAt;
    private long _roundEnd;
    private TimeSpan _roundCost;
    private int _roundLeft;

    /// <summary>
    /// How long <see cref="FlushSome"/> has nothing to do, if no more is said; null if nothing waits. A change is settled at once as a rule. While a plane gives
    /// everything, or while there is more in the mailbox, it waits for others of the same VNI, for 50 ms at most: lists are made once for all of them. And half of the
    /// time at least is for other work, whatever a round costs.
    /// </summary>
    /// <param name="isDrained">Nothing more is in the mailbox.</param>
    public TimeSpan? FlushDue(bool isDrained)
    {
        if (_roundLeft > 0 || _releases.Count > 0)
        {
            return TimeSpan.Zero;
        }

        if (_dirty.Count == 0 && _strangers.Count == 0 && !_vteps.IsDirty && !HasSuspects)
        {
            _dirtyAt = 0;
            return null;
        }

        if (_dirtyAt == 0)
        {
            _dirtyAt = _time.GetTimestamp();
        }

        TimeSpan delay = isDrained && !IsResyncing() ? TimeSpan.Zero : SettleDelay - _time.GetElapsedTime(_dirtyAt);
        TimeSpan pause = _roundCost - _time.GetElapsedTime(_roundEnd);
        TimeSpan wait = delay > pause ? delay : pause;
        return wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
    }

    /// <summary>Does a slice of what <see cref="Flush"/> does, if it is due.</summary>
    /// <param name="isDrained">Nothing more is in the mailbox.</param>
    public void FlushSome(bool isDrained)
    {
        if (FlushDue(isDrained) is not { } due || due > TimeSpan.Zero)
        {
            return;
        }

        JudgeSuspects();
        if (_strangers.Count > 0)
        {
            // They have to find all settled.
            Flush();
            return;
        }

        long began = _time.GetTimestamp();
        if (_roundLeft == 0)
        {
            _roundCost = TimeSpan.Zero;
        }

        Rebind();
        if (_roundLeft == 0)
        {
            _roundLeft = _dirty.Count;
        }

        try
        {
            while (_roundLeft > 0 && _time.GetElapsedTime(began) < SettleSlice)
            {
                _roundLeft--;
                SettleOne();
            }
        }
        finally
        {
            _roundCost += _time.GetElapsedTime(began);
            if (_roundLeft == 0)
            {
                EndRound();
            }
        }

        Release();
    }

    /// <summary>Brings the forwarding tables up to date with everything said so far.</summary>
    public void Flush()
    {
        long began = _time.GetTimestamp();
        JudgeSuspects();
        bool isWork = _dirty.Count > 0;
        _roundLeft = 0;
        SettleDirty();
        if (_strangers.Count > 0)
        {
            // Only now do they lead somewhere.
            LearnFromStrangers();
            SettleDirty();
        }

        if (isWork)
        {
            _roundCost = _time.GetElapsedTime(began);
            EndRound();
        }

        Release();
    }

    private void EndRound()
    {
        _roundLeft = 0;
        _roundEnd = _time.GetTimestamp();
        _dirtyAt = 0;
    }

    /// <summary>Gives back next hops that nothing written leads to any more.</summary>
    private void Release()
    {
        if (_releases.Count == 0)
        {
            return;
        }

        // Groups before their members: a member must outlive every group that names it.
        (VtepIdentity? Vtep, NextHopId NextHop)[] releases = [.. _releases.OrderBy(static r => r.Vtep is null ? 0 : 1)];
        _releases.Clear();
        foreach ((VtepIdentity? vtep, NextHopId nextHop) in releases)
        {
            if (vtep is null)
            {
                _writer.ReleaseNextHop(nextHop);
            }
            else
            {
                _vteps.Drop(vtep, nextHop);
            }
        }
    }

    private bool IsResyncing()
    {
        foreach (PlaneState plane in _planes)
        {
            if (plane.Resyncs.Count > 0)
            {
                return true;
            }
        }

        return false;
    }

    private void SettleDirty()
    {
        for (int round = 0; round < MaxSettleRounds && (_vteps.IsDirty || _dirty.Count > 0); round++)
        {
            Rebind();

            // Taken out one by one: if one fails, the others are settled in the next round.
            for (int left = _dirty.Count; left > 0; left--)
            {
                SettleOne();
            }
        }
    }

    private void Rebind()
    {
        if (_vteps.IsDirty && _vteps.Rebind())
        {
            foreach (MacVrf vrf in _vrfs.Values)
            {
                MarkDirty(vrf);
            }
        }
    }

    private void SettleOne()
    {
        MacVrf vrf = _dirty.Dequeue();
        vrf.IsDirty = false;
        Settle(vrf);
    }

    private void Settle(MacVrf vrf)
    {
        FollowGroups(vrf);
        BuildPeers(vrf);
        DropStrangers(vrf);
        List<RouteTarget> changed = _changedTargets;
        changed.Clear();
        foreach (RouteTarget? target in vrf.Targets)
        {
            if (target?.Named is not null && (Resolve(vrf, target) | target.IsFresh))
            {
                target.IsFresh = false;
                changed.Add(target);
            }
        }

        foreach (RouteTarget? target in vrf.Targets)
        {
            if (target?.Group is not null && (ResolveGroup(vrf, target) | target.IsFresh))
            {
                target.IsFresh = false;
                changed.Add(target);
            }
        }

        foreach (RouteTarget target in changed)
        {
            if (target.Head < 0)
            {
                continue;
            }

            foreach (int index in CandidatesOn(vrf, target))
            {
                if (IsOn(vrf, index, target))
                {
                    Publish(vrf, vrf.Candidates[index].Mac);
                }
            }
        }

        PublishSeenOn(vrf, changed);
        changed.Clear();
        if (vrf.Spec is not null)
        {
            WriteLists(vrf);
        }

        RemoveUnused(vrf);
        ForgetIfEmpty(vrf);
    }

    /// <summary>Gives group targets the members their group has now.</summary>
    private void FollowGroups(MacVrf vrf)
    {
        for (int at = 0, count = vrf.Targets.Count; at < count; at++)
        {
            RouteTarget? target = vrf.Targets[at];
            if (target?.Group is not { } group || target.MembersVersion == group.Version)
            {
                continue;
            }

            PlaneState plane = _planes[target.Key.GroupPlane];
            RouteTarget[] members = [.. group.Members.Select(m => TargetOf(vrf, plane, m))];
            foreach (RouteTarget member in members)
            {
                AddReference(vrf, member, +1);
            }

            foreach (RouteTarget member in target.Members)
            {
                AddReference(vrf, member, -1);
            }

            target.Members = members;
            target.MembersVersion = group.Version;
        }

        if (_vteps.IsDirty)
        {
            _ = _vteps.Rebind();
        }
    }

    /// <summary>The VTEP that a reference means: the canonical one of its name, or the owner of its address if nobody knows the name.</summary>
    private VtepIdentity BindingOf(RouteTarget target)
    {
        VtepIdentity vtep = target.Named!.Canonical;
        UnderlayAddress address = target.Key.NextHop.Address;
        return !vtep.IsDescribed && address.IsUnicast && _vteps.OwnerOf(address) is { IsDescribed: true } owner ? owner : vtep;
    }

    private void BuildPeers(MacVrf vrf)
    {
        foreach (VrfPeer peer in vrf.Peers.Values)
        {
            peer.Clear();
        }

        foreach (RouteTarget? target in vrf.Targets)
        {
            if (target?.Named is null)
            {
                continue;
            }

            VtepIdentity vtep = BindingOf(target);
            if (!vrf.Peers.TryGetValue(vtep, out VrfPeer? peer))
            {
                peer = new VrfPeer(vtep);
                vrf.Peers.Add(vtep, peer);
            }

            target.Peer = peer;
            peer.Targets.Add(target);
            peer.RouteReferences += target.RouteReferences;
            peer.Seen += target.Seen;
        }

        foreach (((ushort sourceId, _), FloodEntry entry) in vrf.Floods)
        {
            SourceState source = _sources[sourceId]!;
            VrfPeer peer = entry.Target.Peer!;
            peer.Floods.Add((_precedence.Rank(source.Origin), sourceId, entry.Target));
            if (source.Origin == FdbOrigin.Static && entry.Target.Key.NextHop.Encap is { } encap)
            {
                peer.Override = encap;
            }
        }

        foreach (VrfPeer peer in vrf.Peers.Values)
        {
            if (peer.Targets.Count == 0)
            {
                _ = vrf.Peers.Remove(peer.Vtep);
            }
            else if (peer.Floods.Count > 1)
            {
                peer.Floods.Sort(static (a, b) => a.Rank != b.Rank ? a.Rank.CompareTo(b.Rank) : a.Source.CompareTo(b.Source));
            }
        }
    }

    /// <summary>Forgets what was learned from VTEPs that may no longer send into the VNI.</summary>
    private void DropStrangers(MacVrf vrf)
    {
        vrf.Implicit = 0;
        List<RouteTarget>? gone = null;
        foreach (VrfPeer peer in vrf.Peers.Values)
        {
            foreach (RouteTarget target in peer.Targets)
            {
                target.IsImplicit &= (target.HasMacs || target.IsAwaited || target.Homes > 0) && IsAllowedByPrefix(vrf, target.Key.NextHop.Address);
                vrf.Implicit += target.IsImplicit ? 1 : 0;
            }

            if (peer.Seen > 0 && !peer.IsAdmitted)
            {
                (gone ??= []).AddRange(peer.Targets);
            }
        }

        if (gone is not null)
        {
            DropSeenOn(vrf, gone);
        }
    }

    /// <summary>
    /// Publishes the MACs that were seen at places which lead elsewhere now. Where a MAC was seen is written in the MAC alone: one reading of the VNI's MACs finds those of all
    /// these places, at a few nanoseconds a MAC, and lists of a million of them would cost eight octets each.
    /// </summary>
    private void PublishSeenOn(MacVrf vrf, List<RouteTarget> places) => ForSeenOn(vrf, places, Publish);

    /// <summary>Forgets what was seen at places.</summary>
    private void DropSeenOn(MacVrf vrf, List<RouteTarget> places) => ForSeenOn(vrf, places, (of, mac) => DropSeen(of, mac, publish: true));

    private static void ForSeenOn(MacVrf vrf, List<RouteTarget> places, Action<MacVrf, int> visit)
    {
        int left = 0;
        foreach (RouteTarget place in places)
        {
            place.IsMarked = true;
            left += place.SeenCount;
        }

        try
        {
            for (int mac = 0; left > 0 && mac < vrf.Macs.High; mac++)
            {
                if (vrf.Macs[mac].HasSeen && vrf.Targets[vrf.Macs[mac].SeenTarget]!.IsMarked)
                {
                    left--;
                    visit(vrf, mac);
                }
            }
        }
        finally
        {
            foreach (RouteTarget place in places)
            {
                place.IsMarked = false;
            }
        }
    }

    /// <summary>Finds what a reference means now, and holds it. True if that changed.</summary>
    private bool Resolve(MacVrf vrf, RouteTarget target)
    {
        VtepIdentity vtep = target.Peer!.Vtep;
        bool isWanted = vrf.Spec is not null && !target.IsUnused;
        NextHopSpec spec = default;
        if (!isWanted || !TryResolve(target, target.Peer, out spec))
        {
            return Hold(target, null, null, default);
        }

        bool isSame = target.Held is not null && target.HeldVtep == vtep && spec with { Vtep = target.Spec.Vtep } == target.Spec;
        if (isSame)
        {
            return false;
        }

        return Hold(target, _vteps.Hold(vtep, spec), vtep, spec);
    }

    private bool Hold(RouteTarget target, NextHopId? nextHop, VtepIdentity? vtep, NextHopSpec spec)
    {
        if (target.Held is { } old)
        {
            _releases.Add((target.HeldVtep, old));
        }

        FdbTarget? place = nextHop is { } held ? FdbTarget.ToNextHop(held) : null;
        bool hasChanged = place != target.Current || spec.Address != target.Address;
        target.Held = nextHop;
        target.HeldVtep = vtep;
        target.Spec = spec;
        target.Current = place;
        return hasChanged;
    }

    private bool TryResolve(RouteTarget target, VrfPeer peer, out NextHopSpec spec)
    {
        NextHopRef ask = AskOf(target, peer);
        VtepIdentity vtep = peer.Vtep;
        UnderlayAddress address = ask.Address;
        if (!_vteps.IsUsable(address))
        {
            address = FirstUsable(vtep.Addresses);
            if (!_vteps.IsUsable(address))
            {
                address = FirstUsable(target.Named!.Addresses);
            }
        }

        if (!_vteps.IsUsable(address))
        {
            spec = default;
            return false;
        }

        EncapKind encap = peer.Override ?? ask.Encap ?? vtep.Encap ?? EncapKind.Vxlan;

        // A port belongs to the encapsulation it was named with: one socket, one encapsulation.
        ushort port = 0;
        if (ask.Port != 0 && (ask.Encap ?? encap) == encap)
        {
            port = ask.Port;
        }
        else if (vtep.Port != 0 && (vtep.Encap ?? EncapKind.Vxlan) == encap)
        {
            port = vtep.Port;
        }

        if (port == 0)
        {
            port = encap == EncapKind.Vxlan ? _options.VxlanPort : _options.GenevePort;
        }

        spec = new NextHopSpec(default, address, encap, port, vtep.PolicyOption);
        return true;
    }

    private UnderlayAddress FirstUsable(ImmutableArray<UnderlayAddress> addresses)
    {
        foreach (UnderlayAddress address in addresses)
        {
            if (_vteps.IsUsable(address))
            {
                return address;
            }
        }

        return default;
    }

    /// <summary>What a target asks for; one that only learned MACs keep alive has no say of its own, and follows the routes that admit its VTEP.</summary>
    private static NextHopRef AskOf(RouteTarget target, VrfPeer peer)
    {
        if (target.RouteReferences > 0)
        {
            return target.Key.NextHop;
        }

        RouteTarget? routed = peer.Floods.Count > 0 ? peer.Floods[0].Target : peer.Targets.Find(static t => t.RouteReferences > 0);
        return (routed ?? target).Key.NextHop;
    }

    private bool ResolveGroup(MacVrf vrf, RouteTarget target)
    {
        bool isWanted = vrf.Spec is not null && !target.IsUnused;
        NextHopId[] hops = isWanted ? [.. target.Members.Where(static m => m.Held is not null).Select(static m => m.Held!.Value).Distinct()] : [];
        if (hops.AsSpan().SequenceEqual(target.MemberHops))
        {
            return false;
        }

        target.MemberHops = hops;
        return Hold(target, hops.Length == 0 ? null : _writer.CreateGroup(hops), null, default);
    }

    /// <summary>Gives back what no route and no MAC needs any more.</summary>
    private void RemoveUnused(MacVrf vrf)
    {
        for (int pass = 0; pass < 2; pass++)
        {
            for (int at = 0; at < vrf.Targets.Count; at++)
            {
                RouteTarget? target = vrf.Targets[at];

                // Groups go first, their members in the second pass.
                if (target is null || target.Port is not null || !target.IsUnused || (pass == 0 && target.Group is null))
                {
                    continue;
                }

                _ = Hold(target, null, null, default);
                foreach (RouteTarget member in target.Members)
                {
                    AddReference(vrf, member, -1);
                }

                if (target.Peer is { } peer)
                {
                    _ = peer.Targets.Remove(target);
                }

                vrf.RemoveTarget(target);
            }
        }
    }
}
