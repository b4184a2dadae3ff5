using System.Collections.Immutable;
using Overlay.Control.Loop;
using Overlay.Control.Queries;
using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Control.Tables;

/// <content>
/// Neighbours: which MAC answers for which address. Given by planes, or learned from traffic; what is given is stronger, and what is learned holds only while its MAC
/// stays where it was. One binding an address stands in the forwarding tables, where workers answer from it (RFC 9161).
/// </content>
internal sealed partial class ControlCore
{
    /// <summary>RFC 9161 §3.7: an address that changes its MAC so often within this time is claimed twice.</summary>
    private const int DuplicateMoves = 5;
    private const uint DuplicateWindow = 180 * TenthsASecond;
    private int _seenNeighbors;

    /// <summary>A worker saw a MAC claim an address.</summary>
    private void NeighborHint(in LearnHint hint)
    {
        if (!_vrfs.TryGetValue(hint.Vni.Value, out MacVrf? vrf) || vrf.Spec is null || !(hint.Source.IsIPv4 ? vrf.Spec.ArpSuppress : vrf.Spec.NdSuppress) ||
            (!hint.Seen.IsPort && vrf.RemoteLearning != true) || !TryGetPlace(vrf, hint.Mac, out FdbTarget place) || !IsSamePlace(vrf, place, hint.Seen) ||
            TryGetGiven(vrf, hint.Source, out _, out _))
        {
            return;
        }

        SeenNeighbors seen = vrf.SeenNeighbors;
        uint now = Now;
        bool isNew = !seen.TryFind(hint.Source, out int index);
        bool isElsewhere = isNew || seen.Items[index].Place != place.Raw;
        if (isElsewhere && !HasNeighborRoom(vrf, isNew, place.Raw))
        {
            return;
        }

        if (isNew)
        {
            index = seen.Add(hint.Source, hint.Mac.Value, place.Raw);
            _seenNeighbors++;
        }
        else if (isElsewhere)
        {
            seen.Move(index, place.Raw);
        }

        ref SeenNeighbor neighbor = ref seen.Items[index];
        bool isMove = neighbor.Mac != hint.Mac.Value;
        if (isMove)
        {
            NoteMove(vrf, ref neighbor, now);
        }

        bool isWanted = isNew || isMove || isElsewhere || neighbor.IsRouter != hint.IsRouter || (neighbor.HeldUntil != 0 && now >= neighbor.HeldUntil);
        neighbor.Since = isNew || isMove ? now : neighbor.Since;
        neighbor.Mac = hint.Mac.Value;
        neighbor.IsRouter = hint.IsRouter;
        neighbor.Time = now;
        neighbor.Epoch = _writer.Epoch;
        if (!isWanted || now < neighbor.HeldUntil)
        {
            return;
        }

        neighbor.HeldUntil = 0;
        PublishNeighbor(vrf, hint.Source);
        if (place.IsPort && (isNew || isMove))
        {
            TellNeighbor(vrf, isMove ? LocalEventKind.NeighborMoved : LocalEventKind.NeighborLearned, neighbor);
        }
    }

    /// <summary>An address that two hosts claim in turn is answered for neither, until it has been quiet for a while.</summary>
    private void NoteMove(MacVrf vrf, ref SeenNeighbor neighbor, uint now)
    {
        if (neighbor.Moves == 0 || now - neighbor.FirstMove > DuplicateWindow)
        {
            neighbor.FirstMove = now;
            neighbor.Moves = 0;
        }

        if (++neighbor.Moves < DuplicateMoves)
        {
            return;
        }

        neighbor.Moves = 0;
        neighbor.HeldUntil = now + DuplicateWindow;
        vrf.NeighborsHeldUntil = neighbor.HeldUntil;
        _ = _writer.RemoveNeighbor(vrf.Vni, neighbor.Address);

        // A tenant may go on like that for ever, with as many addresses as it likes: the first is named, the others are counted.
        if (RaiseAlarm(AlarmKind.DuplicateAddress, vrf))
        {
            ControlLog.DuplicateAddress(_log, neighbor.Address.ToString(), vrf.Vni);
        }
    }

    private bool HasNeighborRoom(MacVrf vrf, bool isNew, uint place)
    {
        SeenNeighbors seen = vrf.SeenNeighbors;
        bool isFull = seen.CountAt(place) >= _options.NeighborPlaceLimit ||
            (isNew && (seen.Count >= _options.NeighborLimit || _seenNeighbors >= _options.NeighborTotalLimit));
        if (isFull)
        {
            RaiseAlarm(AlarmKind.NeighborLimit, vrf);
        }

        return !isFull;
    }

    private bool HasNeighborAlarm(MacVrf vrf) =>
        vrf.SeenNeighbors.Count >= _options.NeighborLimit || _seenNeighbors >= _options.NeighborTotalLimit || vrf.SeenNeighbors.AnyAt(_options.NeighborPlaceLimit);

    /// <summary>Writes the binding of an address that is in force, or removes it.</summary>
    private void PublishNeighbor(MacVrf vrf, in UnderlayAddress address)
    {
        if (vrf.Spec is null)
        {
            return;
        }

        if (TryGetGiven(vrf, address, out NeighborEntry given, out _))
        {
            _ = _writer.WriteNeighbor(vrf.Vni, address, new NeighborBinding(given.Mac, given.IsRouter));
        }
        else if (vrf.SeenNeighbors.TryFind(address, out int index) && vrf.SeenNeighbors.Items[index] is { HeldUntil: 0 } seen)
        {
            _ = _writer.WriteNeighbor(vrf.Vni, address, new NeighborBinding(new MacAddress(seen.Mac), seen.IsRouter, true, new FdbTarget(seen.Place)));
        }
        else
        {
            _ = _writer.RemoveNeighbor(vrf.Vni, address);
        }
    }

    /// <summary>A plane gave a binding: what was learned about the address is of no more use.</summary>
    private void NeighborGiven(MacVrf vrf, in UnderlayAddress address)
    {
        if (vrf.SeenNeighbors.TryFind(address, out int index))
        {
            DropNeighbor(vrf, index);
        }

        PublishNeighbor(vrf, address);
    }

    /// <summary>The best binding that planes give for an address.</summary>
    private bool TryGetGiven(MacVrf vrf, in UnderlayAddress address, out NeighborEntry best, out SourceState? by)
    {
        best = default;
        by = null;
        (int Stale, int Rank) least = default;
        for (int id = 1; vrf.Neighbors.Count > 0 && id < _sources.Count; id++)
        {
            if (_sources[id] is not { } source || !vrf.Neighbors.TryGetValue((address, source.Id), out NeighborEntry entry))
            {
                continue;
            }

            (int, int) standing = (source.IsStale(entry.Generation) ? 1 : 0, _precedence.Rank(source.Origin));
            if (by is null || standing.CompareTo(least) < 0)
            {
                (best, by, least) = (entry, source, standing);
            }
        }

        return by is not null;
    }

    /// <summary>A configured VNI has a new table: what planes gave for it before goes in.</summary>
    private void PublishNeighbors(MacVrf vrf)
    {
        foreach (UnderlayAddress address in vrf.Neighbors.Keys.Select(static key => key.Address).Distinct().ToArray())
        {
            PublishNeighbor(vrf, address);
        }
    }

    private void DropNeighbor(MacVrf vrf, int index)
    {
        SeenNeighbor old = vrf.SeenNeighbors.Items[index];
        vrf.SeenNeighbors.Remove(index);
        _seenNeighbors--;
        PublishNeighbor(vrf, old.Address);
        if (new FdbTarget(old.Place).IsPort)
        {
            TellNeighbor(vrf, LocalEventKind.NeighborAged, old);
        }
    }

    private void DropNeighbors(MacVrf vrf, Func<SeenNeighbor, bool> which)
    {
        for (int index = 0; index < vrf.SeenNeighbors.Items.High; index++)
        {
            if (vrf.SeenNeighbors.Items[index].Mac != 0 && which(vrf.SeenNeighbors.Items[index]))
            {
                DropNeighbor(vrf, index);
            }
        }
    }

    /// <summary>A MAC left the table or moved. Workers have stopped to answer for it already: they compare the place.</summary>
    private void SweepNeighbors()
    {
        foreach (MacVrf vrf in _vrfs.Values)
        {
            if (vrf.SeenNeighbors.NeedsSweep)
            {
                vrf.SeenNeighbors.NeedsSweep = false;
                DropNeighbors(vrf, seen => !TryGetPlace(vrf, new MacAddress(seen.Mac), out FdbTarget place) || place.Raw != seen.Place);
            }
        }
    }

    /// <summary>RFC 9161 §3.5: what was not confirmed within the age is removed. Read as often as the MACs of the VNI.</summary>
    private void AgeNeighbors(MacVrf vrf, uint now, uint period, uint age)
    {
        for (int index = 0; index < vrf.SeenNeighbors.Items.High; index++)
        {
            ref SeenNeighbor seen = ref vrf.SeenNeighbors.Items[index];
            if (seen.Mac == 0)
            {
                continue;
            }

            if (_writer.TryGetNeighborUse(vrf.Vni, seen.Address, out ushort use) && use != seen.Epoch)
            {
                seen.Epoch = use;
                uint ago = (ushort)(_writer.Epoch - use) * period;
                seen.Time = Math.Max(seen.Time, now > ago ? now - ago : 0);
            }

            if (now - seen.Time >= age && now >= seen.HeldUntil)
            {
                DropNeighbor(vrf, index);
            }
        }
    }

    /// <summary>Where a MAC is by the forwarding table.</summary>
    private bool TryGetPlace(MacVrf vrf, MacAddress mac, out FdbTarget place)
    {
        bool isKnown = _writer.TryGetMac(vrf.Vni, mac, out FdbRow row);
        place = row.Target;
        return isKnown;
    }

    /// <summary>Whether two targets are one port or one VTEP.</summary>
    private static bool IsSamePlace(MacVrf vrf, FdbTarget left, FdbTarget right) =>
        left == right || (!left.IsPort && !right.IsPort && vrf.TargetByNextHop.TryGetValue(left.Index, out RouteTarget? one) &&
            vrf.TargetByNextHop.TryGetValue(right.Index, out RouteTarget? other) && one.Peer is not null && one.Peer == other.Peer);

    private void TellNeighbor(MacVrf vrf, LocalEventKind kind, in SeenNeighbor seen) => Tell(EventOf(vrf, kind, seen));

    private LocalEvent EventOf(MacVrf vrf, LocalEventKind kind, in SeenNeighbor seen) => new()
    {
        Kind = kind,
        Vni = vrf.Vni,
        Mac = new MacAddress(seen.Mac),
        Address = seen.Address,
        Port = PortById.GetValueOrDefault(new FdbTarget(seen.Place).Index)?.Name,
    };

    public ImmutableArray<NeighborRow> Neighbors(Vni? only)
    {
        (NeighborKey[] keys, _) = NeighborKeys(only, int.MaxValue);
        return NeighborRows([.. keys.Distinct().Order()]);
    }

    private NeighborRow NeighborRowOf(MacVrf vrf, UnderlayAddress address)
    {
        if (TryGetGiven(vrf, address, out NeighborEntry given, out SourceState? by))
        {
            (string? port, string? peer, _) = PlaceNamesOf(vrf, given.Mac);
            return new NeighborRow(vrf.Vni, address, given.Mac, given.IsRouter, by!.Origin, by.Plane.Name)
            {
                Port = port,
                Peer = peer,
                IsAnswered = vrf.Spec is not null && (port ?? peer) is not null,
            };
        }

        _ = vrf.SeenNeighbors.TryFind(address, out int index);
        SeenNeighbor seen = vrf.SeenNeighbors.Items[index];
        (string? at, string? behind, uint place) = PlaceNamesOf(vrf, new MacAddress(seen.Mac));
        FdbOrigin origin = new FdbTarget(seen.Place).IsPort ? FdbOrigin.Local : FdbOrigin.Learned;
        return new NeighborRow(vrf.Vni, address, new MacAddress(seen.Mac), seen.IsRouter, origin, null)
        {
            Port = at,
            Peer = behind,
            Age = Span(Now - seen.Time),
            IsAnswered = seen.HeldUntil == 0 && (at ?? behind) is not null && place == seen.Place,
            IsDuplicate = seen.HeldUntil != 0,
        };
    }

    private (string? Port, string? Peer, uint Place) PlaceNamesOf(MacVrf vrf, MacAddress mac)
    {
        if (!TryGetPlace(vrf, mac, out FdbTarget place) || !vrf.TryFind(mac, out int index) || vrf.WinnerOf(index) == -1)
        {
            return default;
        }

        RouteTarget target = vrf.TargetOf(index, vrf.WinnerOf(index));
        return (target.Port?.Name, PeerNameOf(target), place.Raw);
    }
}
