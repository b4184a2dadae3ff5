using Overlay.Control.Loop;
using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Control.Tables;

/// <content>The choice per MAC, and the one place that writes MACs.</content>
internal sealed partial class ControlCore
{
    private int _unwritten;

    /// <summary>
    /// Chooses the candidate in force and writes it if that changes what stands in the forwarding table. A local or learned candidate that
    /// is not chosen is removed: it exists only while it is in force. A MAC without candidates is forgotten, unless its moves are remembered.
    /// </summary>
    private void Publish(MacVrf vrf, int mac)
    {
        int winner = Choose(vrf, mac);
        int seen = vrf.FindSeen(mac);
        if (seen >= 0 && seen != winner)
        {
            DropSeen(vrf, seen, publish: false);
        }

        ref MacState state = ref vrf.Macs[mac];
        vrf.SetWinner(mac, winner);
        if (winner >= 0 && vrf.Spec is not null)
        {
            Write(vrf, ref state, winner);
        }
        else
        {
            Erase(vrf, ref state);
        }

        if (state.Head < 0 && !IsRemembered(vrf, mac))
        {
            vrf.RemoveMac(mac);
        }
    }

    /// <summary>Writes a MAC whose first candidate is a usable one: there is nothing to choose.</summary>
    private void PublishFirst(MacVrf vrf, int mac, int candidate)
    {
        vrf.SetWinner(mac, candidate);
        Write(vrf, ref vrf.Macs[mac], candidate);
    }

    /// <summary>The best usable candidate of a MAC, or -1.</summary>
    private int Choose(MacVrf vrf, int mac)
    {
        if (vrf.Macs[mac].IsFrozen)
        {
            if (FrozenAt(vrf, mac) is >= 0 and int held)
            {
                return held;
            }

            Thaw(vrf, mac);
        }

        int best = -1;
        for (int at = vrf.Macs[mac].Head; at >= 0; at = vrf.Candidates[at].NextOfMac)
        {
            if (vrf.Targets[vrf.Candidates[at].Target]!.Current is null)
            {
                continue;
            }

            if (best < 0 || _precedence.Decide(StandingOf(vrf, at), StandingOf(vrf, best), out _) < 0)
            {
                best = at;
            }
        }

        return best;
    }

    private RouteStanding StandingOf(MacVrf vrf, int index)
    {
        ref Candidate candidate = ref vrf.Candidates[index];
        bool isStale = _sources[candidate.Source]?.IsStale(candidate.Generation) ?? false;
        return new RouteStanding(candidate.Origin, candidate.Sequence, candidate.Sticky, isStale, vrf.Targets[candidate.Target]!.Address);
    }

    private void Write(MacVrf vrf, ref MacState state, int winner)
    {
        ref Candidate candidate = ref vrf.Candidates[winner];
        RouteTarget target = vrf.Targets[candidate.Target]!;
        bool isStale = _sources[candidate.Source]?.IsStale(candidate.Generation) ?? false;
        FdbFlags flags = (candidate.Sticky ? FdbFlags.Sticky : 0) | (isStale ? FdbFlags.Stale : 0) | (state.IsFrozen ? FdbFlags.Frozen : 0);
        FdbTarget place = target.Current!.Value;
        if (state.PlaceTarget >= 0 && state.PlaceTarget != target.Id)
        {
            state.Moves += state.Moves < ushort.MaxValue ? (ushort)1 : (ushort)0;
            vrf.MoveCount++;
        }

        state.PlaceTarget = target.Id;
        vrf.SeenNeighbors.NeedsSweep |= state.IsPublished && state.Published != place.Raw && vrf.SeenNeighbors.Count > 0;
        if (state.IsPublished && state.Published == place.Raw && state.PublishedOrigin == candidate.Origin && state.PublishedFlags == flags)
        {
            return;
        }

        if (!_writer.TryWriteMac(vrf.Vni, new MacAddress(state.Mac), place, candidate.Origin, flags))
        {
            // The old entry, if any, would now be a lie.
            Erase(vrf, ref state);
            if (!_writer.HasVni(vrf.Vni))
            {
                // The topology in force has lost the VNI already; the message that says so is on its way.
                return;
            }

            vrf.Unwritten++;
            _unwritten++;
            RaiseAlarm(AlarmKind.TableFull, vrf);
            return;
        }

        if (candidate.IsSeen && !state.IsPublished)
        {
            candidate.Epoch = _writer.Epoch;
        }

        state.Published = place.Raw;
        state.PublishedOrigin = candidate.Origin;
        state.PublishedFlags = flags;
    }

    private void Erase(MacVrf vrf, ref MacState state)
    {
        if (state.IsPublished)
        {
            state.PublishedOrigin = FdbOrigin.None;
            vrf.SeenNeighbors.NeedsSweep |= vrf.SeenNeighbors.Count > 0;
            if (vrf.Spec is not null)
            {
                _ = _writer.RemoveMac(vrf.Vni, new MacAddress(state.Mac));
            }
        }

        state.PlaceTarget = -1;
    }

    /// <summary>Takes a local or learned MAC out: it aged, its place went, or something stronger has it now.</summary>
    private void DropSeen(MacVrf vrf, int candidate, bool publish)
    {
        Candidate old = vrf.Candidates[candidate];
        RouteTarget target = vrf.Targets[old.Target]!;
        Uncount(vrf, target, old);
        vrf.RemoveCandidate(candidate);
        if (target.Port is null && (target.IsUnused || target.IsImplicit))
        {
            MarkDirty(vrf);
        }

        if (old.Origin == FdbOrigin.Local)
        {
            Tell(new LocalEvent { Kind = LocalEventKind.MacAged, Vni = vrf.Vni, Mac = new MacAddress(vrf.Macs[old.Mac].Mac), Port = target.Port?.Name, Sequence = old.Sequence });
        }

        if (publish)
        {
            Publish(vrf, old.Mac);
        }
    }

    /// <summary>Puts a MAC where a frame was seen: a new candidate, or the one it has, which goes along. The caller publishes it.</summary>
    private int PlaceSeen(MacVrf vrf, int mac, int seen, RouteTarget target, FdbOrigin origin, bool isPermanent, uint sequence)
    {
        if (seen < 0)
        {
            seen = vrf.AddCandidate(mac, target.Id);
        }
        else
        {
            RouteTarget old = vrf.Targets[vrf.Candidates[seen].Target]!;
            Uncount(vrf, old, vrf.Candidates[seen]);
            vrf.Retarget(seen, target.Id);
            if (old.Port is null && (old.IsUnused || old.IsImplicit))
            {
                MarkDirty(vrf);
            }

            if (old.Port is { } port && origin != FdbOrigin.Local)
            {
                Tell(new LocalEvent { Kind = LocalEventKind.MacAged, Vni = vrf.Vni, Mac = new MacAddress(vrf.Macs[mac].Mac), Port = port.Name, Sequence = vrf.Candidates[seen].Sequence });
            }
        }

        ref Candidate candidate = ref vrf.Candidates[seen];
        candidate.Origin = origin;
        candidate.Sequence = sequence;
        candidate.Permanent = isPermanent;
        candidate.Since = candidate.Time = Now;
        candidate.Epoch = _writer.Epoch;
        Count(vrf, target, candidate);
        return seen;
    }

    private void Count(MacVrf vrf, RouteTarget target, in Candidate candidate) => Account(vrf, target, candidate, +1);

    private void Uncount(MacVrf vrf, RouteTarget target, in Candidate candidate) => Account(vrf, target, candidate, -1);

    private void Account(MacVrf vrf, RouteTarget target, in Candidate candidate, int by)
    {
        if (candidate.Permanent)
        {
            return;
        }

        target.Seen += by;
        vrf.Seen += by;
        _seen += by;
        if (target.Port is { } port)
        {
            port.Seen += by;
            return;
        }

        vrf.Learned += by;
        if (target.Peer is { } peer)
        {
            peer.Seen += by;
        }
    }
}
