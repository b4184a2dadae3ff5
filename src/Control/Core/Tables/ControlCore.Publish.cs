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
        ref MacState state = ref vrf.Macs[mac];
        if (state.HasSeen && winner != MacVrf.SeenAt)
        {
            DropSeen(vrf, mac, publish: false);
        }

        vrf.SetWinner(mac, winner);
        if (winner != -1 && vrf.Spec is not null)
        {
            Write(vrf, mac, winner);
        }
        else
        {
            Erase(vrf, ref state);
        }

        if (state.IsEmpty && !IsRemembered(vrf, mac))
        {
            vrf.RemoveMac(mac);
        }
    }

    /// <summary>The best usable candidate of a MAC, or -1.</summary>
    private int Choose(MacVrf vrf, int mac)
    {
        if (vrf.Macs[mac].IsFrozen)
        {
            if (FrozenAt(vrf, mac) is not -1 and int held)
            {
                return held;
            }

            Thaw(vrf, mac);
        }

        int best = -1;
        for (int at = vrf.First(mac); at != -1; at = vrf.Next(mac, at))
        {
            if (vrf.TargetOf(mac, at).Current is null)
            {
                continue;
            }

            if (best == -1 || _precedence.Decide(StandingOf(vrf, mac, at), StandingOf(vrf, mac, best), out _) < 0)
            {
                best = at;
            }
        }

        return best;
    }

    private RouteStanding StandingOf(MacVrf vrf, int mac, int at)
    {
        if (at == MacVrf.SeenAt)
        {
            return new RouteStanding(vrf.Macs[mac].SeenOrigin, vrf.SequenceOf(mac), false, false, vrf.TargetOf(mac, at).Address);
        }

        ref Candidate candidate = ref vrf.Candidates[at];
        return new RouteStanding(candidate.Origin, candidate.Sequence, candidate.Sticky, IsStale(candidate), vrf.Targets[candidate.Target]!.Address);
    }

    private bool IsStale(in Candidate candidate) => candidate.Hold != HoldMark.None || (_sources[candidate.Source]?.IsStale(candidate.Generation) ?? false);

    private void Write(MacVrf vrf, int mac, int winner)
    {
        ref MacState state = ref vrf.Macs[mac];
        RouteTarget target = vrf.TargetOf(mac, winner);
        FdbOrigin origin = state.SeenOrigin;
        FdbFlags flags = state.IsFrozen ? FdbFlags.Frozen : 0;
        if (winner != MacVrf.SeenAt)
        {
            ref Candidate candidate = ref vrf.Candidates[winner];
            origin = candidate.Origin;
            flags |= (candidate.Sticky ? FdbFlags.Sticky : 0) | (IsStale(candidate) ? FdbFlags.Stale : 0);
        }

        FdbTarget place = target.Current!.Value;
        if (state.PlaceTarget >= 0 && state.PlaceTarget != target.Id)
        {
            state.CountMove();
            vrf.MoveCount++;
        }

        state.PlaceTarget = target.Id;
        var address = new MacAddress(state.Mac);
        if (state.IsPublished && _writer.TryGetMac(vrf.Vni, address, out FdbRow row))
        {
            vrf.SeenNeighbors.NeedsSweep |= row.Target != place && vrf.SeenNeighbors.Count > 0;
            if (row.Target == place && row.Origin == origin && row.Flags == flags)
            {
                return;
            }
        }

        if (!_writer.TryWriteMac(vrf.Vni, address, place, origin, flags))
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

        if (winner == MacVrf.SeenAt && !state.IsPublished)
        {
            state.SeenEpoch = _writer.Epoch;
        }

        state.IsPublished = true;
        if (_misses.Count > 0 || _negative.Count > 0)
        {
            NoteKnown(vrf.Vni, address);
        }
    }

    private void Erase(MacVrf vrf, ref MacState state)
    {
        if (state.IsPublished)
        {
            state.IsPublished = false;
            vrf.SeenNeighbors.NeedsSweep |= vrf.SeenNeighbors.Count > 0;
            if (vrf.Spec is not null)
            {
                _ = _writer.RemoveMac(vrf.Vni, new MacAddress(state.Mac));
            }
        }

        state.PlaceTarget = -1;
    }

    /// <summary>Takes a local or learned MAC out: it aged, its place went, or something stronger has it now.</summary>
    private void DropSeen(MacVrf vrf, int mac, bool publish)
    {
        MacState old = vrf.Macs[mac];
        RouteTarget target = vrf.Targets[old.SeenTarget]!;
        uint sequence = vrf.SequenceOf(mac);
        Uncount(vrf, target, mac);
        vrf.RemoveSeen(mac);
        if (target.Port is null && (target.IsUnused || target.IsImplicit))
        {
            MarkDirty(vrf);
        }

        if (old.SeenOrigin == FdbOrigin.Local)
        {
            Tell(new LocalEvent { Kind = LocalEventKind.MacAged, Vni = vrf.Vni, Mac = new MacAddress(old.Mac), Port = target.Port?.Name, Sequence = sequence });
        }

        if (publish)
        {
            Publish(vrf, mac);
        }
    }

    /// <summary>Puts a MAC where a frame was seen: for the first time, or from where it was seen before. The caller publishes it.</summary>
    private void PlaceSeen(MacVrf vrf, int mac, RouteTarget target, FdbOrigin origin, bool isPermanent, uint sequence)
    {
        ref MacState state = ref vrf.Macs[mac];
        RouteTarget? old = state.HasSeen ? vrf.Targets[state.SeenTarget] : null;
        if (old is not null)
        {
            Uncount(vrf, old, mac);
            if (old.Port is { } port && origin != FdbOrigin.Local)
            {
                Tell(new LocalEvent { Kind = LocalEventKind.MacAged, Vni = vrf.Vni, Mac = new MacAddress(state.Mac), Port = port.Name, Sequence = vrf.SequenceOf(mac) });
            }
        }

        vrf.PutSeen(mac, target, origin);
        if (old is { Port: null } && (old.IsUnused || old.IsImplicit))
        {
            MarkDirty(vrf);
        }

        vrf.SetSequence(mac, sequence);
        state.IsPermanent = isPermanent;
        state.SeenTime = state.SeenSince = Now;
        state.SeenEpoch = _writer.Epoch;
        Count(vrf, target, mac);
    }

    private void Count(MacVrf vrf, RouteTarget target, int mac) => Account(vrf, target, mac, +1);

    private void Uncount(MacVrf vrf, RouteTarget target, int mac) => Account(vrf, target, mac, -1);

    private void Account(MacVrf vrf, RouteTarget target, int mac, int by)
    {
        if (vrf.Macs[mac].IsPermanent)
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
