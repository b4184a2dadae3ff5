using Overlay.Control.Evpn.Bgp.Wire;
using Overlay.Encap;

namespace Overlay.Control.Evpn.Rib;

/// <content>
/// From the best path of each NLRI to what the control loop is given: under one key of the seam stand routes of any number of route distinguishers and addresses, of which
/// one is in force. Under the lock.
/// </content>
internal sealed partial class EvpnRib
{
    /// <summary>Chooses anew after the paths of an entry, or what they are judged by, changed; an entry without paths is forgotten.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="before">How its best stood before; null if it was not imported, or that is not known.</param>
    private void Settle(int entry, Standing? before)
    {
        int best = BestOf(entry);
        ref RibEntry item = ref _entries[entry];
        item.Best = best;
        bool isImported = best >= 0 && _paths[best].Problem == PathProblem.None;
        if (item.Key.Type == EvpnRouteType.InclusiveMulticast)
        {
            ImportKey key = isImported ? ImportKey.Of(ImportKind.Flood, _paths[best].Label, SetOf(_paths[best].Attributes).Attributes.Pmsi!.Value.Endpoint) : default;
            Place(entry, ref item.Main, isMain: true, isImported ? key : null, before);
        }
        else if (item.Key.Type == EvpnRouteType.MacIp)
        {
            uint vni = isImported ? _paths[best].Label : 0;
            Place(entry, ref item.Main, isMain: true, isImported ? ImportKey.OfMac(vni, item.Key.Mac) : null, before);
            if (item.Key.HasAddress)
            {
                UnderlayAddress address = item.Key.Address;
                bool isBinding = isImported && address.IsUnicast && !address.IsLoopback;
                Place(entry, ref item.Neighbor, isMain: false, isBinding ? ImportKey.Of(ImportKind.Neighbor, vni, address) : null, before);
            }
        }

        if (item.Head < 0)
        {
            _entryIndex.Remove(entry);
            _extras.Release(item.Key.Extra);
            _entries.Release(entry);
        }
    }

    /// <summary>How the best path of an entry stands; null if it is not imported.</summary>
    private Standing? StandingOf(int entry)
    {
        ref RibEntry item = ref _entries[entry];
        return item.Main.At < 0 ? null : StandingOf(_paths[item.Best]);
    }

    private Standing StandingOf(in RibPath path)
    {
        RouteAttributes set = SetOf(path.Attributes);
        return new Standing(IsStale(path), set.IsSticky, set.Sequence, set.Attributes.NextHop);
    }

    /// <summary>Puts an entry under a key, or under none, and settles what that changes there.</summary>
    private void Place(int entry, ref ImportLink link, bool isMain, ImportKey? key, Standing? before)
    {
        int old = link.At;
        int at = -1;
        if (key is { } wanted && !(old >= 0 && _imports[old].Key.IsSame(wanted)))
        {
            if (!_importIndex.TryGet(wanted, out at))
            {
                at = _imports.Allocate();
                ref ImportItem added = ref _imports[at];
                added.Key = wanted;
                added.Head = added.Best = -1;
                added.ComparedAt = _losses;
                _importIndex.Add(at);
            }
        }
        else if (key is not null)
        {
            Reconsider(old, entry, isMain, before);
            return;
        }

        if (old >= 0)
        {
            Unlink(old, ref link, isMain);
            if (_imports[old].Best == entry)
            {
                // What is left is compared without what it stood for before, if that may be out of date.
                _imports[old].Best = Scan(old, isMain, _imports[old].ComparedAt == _losses ? before : null);
                _imports[old].ComparedAt = _losses;
            }
            else
            {
                _ = IsCompared(old, isMain);
            }
        }

        if (at >= 0)
        {
            Link(at, entry, ref link, isMain);
            int rival = _imports[at].Best;
            if (rival < 0 || (IsCompared(at, isMain) && IsBetter(entry, rival)))
            {
                _imports[at].Best = entry;
            }

            Push(at);
        }

        if (old >= 0)
        {
            Push(old);
        }
    }

    /// <summary>An entry that stands where it stood has changed.</summary>
    private void Reconsider(int at, int entry, bool isMain, Standing? before)
    {
        int best = _imports[at].Best;
        if (!IsCompared(at, isMain))
        {
            Push(at);
            return;
        }

        if (best < 0 || (best != entry && IsBetter(entry, best)))
        {
            _imports[at].Best = entry;
        }
        else if (best == entry && (before is not { } was || StandingOf(_paths[_entries[entry].Best]).CompareTo(was, out _) > 0))
        {
            int found = Scan(at, isMain, before);
            if (found != entry && IsBetter(found, entry))
            {
                _imports[at].Best = found;
            }
        }

        Push(at);
    }

    /// <summary>
    /// After a loss what was best may be so no longer, without a word from anybody: whoever comes to a list first compares the whole of it, once. Of equals what was best
    /// stays.
    /// </summary>
    /// <returns>True if that was done before.</returns>
    private bool IsCompared(int at, bool isMain)
    {
        if (_imports[at].ComparedAt == _losses)
        {
            return true;
        }

        _imports[at].ComparedAt = _losses;
        int found = Scan(at, isMain, null);
        int best = _imports[at].Best;
        if (best < 0 || (found >= 0 && found != best && IsBetter(found, best)))
        {
            _imports[at].Best = found;
        }

        return false;
    }

    /// <summary>The best entry of a list. None can be better than what was best: the first as good ends the search, so that a MAC with a hundred thousand addresses costs no more.</summary>
    private int Scan(int at, bool isMain, Standing? before)
    {
        int best = -1;
        Standing standing = default;
        for (int entry = _imports[at].Head; entry >= 0; entry = isMain ? _entries[entry].Main.Next : _entries[entry].Neighbor.Next)
        {
            Standing rival = StandingOf(_paths[_entries[entry].Best]);
            if (best < 0 || rival.CompareTo(standing, out _) < 0)
            {
                best = entry;
                standing = rival;
                if (rival == before)
                {
                    break;
                }
            }
        }

        return best;
    }

    private bool IsBetter(int entry, int than) => StandingOf(_paths[_entries[entry].Best]).CompareTo(StandingOf(_paths[_entries[than].Best]), out _) < 0;

    private void Link(int at, int entry, ref ImportLink link, bool isMain)
    {
        ref ImportItem import = ref _imports[at];
        link.At = at;
        link.Previous = -1;
        link.Next = import.Head;
        if (import.Head >= 0)
        {
            LinkOf(import.Head, isMain).Previous = entry;
        }

        import.Head = entry;
    }

    private void Unlink(int at, ref ImportLink link, bool isMain)
    {
        if (link.Previous >= 0)
        {
            LinkOf(link.Previous, isMain).Next = link.Next;
        }
        else
        {
            _imports[at].Head = link.Next;
        }

        if (link.Next >= 0)
        {
            LinkOf(link.Next, isMain).Previous = link.Previous;
        }

        link = ImportLink.None;
    }

    private ref ImportLink LinkOf(int entry, bool isMain) => ref isMain ? ref _entries[entry].Main : ref _entries[entry].Neighbor;

    /// <summary>
    /// Gives the control loop the route in force under a key, if that differs from what it has, or if the peer resynchronises. The new one is given before the old one is
    /// taken back, so that nothing is without a route in between.
    /// </summary>
    private void Push(int at)
    {
        ref ImportItem import = ref _imports[at];
        ImportKey key = import.Key;
        ushort oldPeer = import.PushedPeer;
        if (import.Best < 0)
        {
            TakeBack(key, oldPeer, import.PushedMark);
            _attributes.Release(import.PushedAttributes);
            _importIndex.Remove(at);
            _imports.Release(at);
            return;
        }

        ref RibEntry entry = ref _entries[import.Best];
        ref RibPath path = ref _paths[entry.Best];
        RibPeer peer = _peers[path.Peer]!;
        bool isUnmarked = peer.IsResyncing && import.PushedMark != peer.Mark && path.Generation >= Math.Max(peer.StaleBelow, peer.RefreshBelow);
        RouteAttributes attributes = SetOf(path.Attributes);
        bool isSame = oldPeer == path.Peer && import.PushedAttributes == path.Attributes && import.PushedEncap == attributes.Encap &&
            (key.Kind != ImportKind.Neighbor || import.PushedMac == entry.Key.Mac.Value);
        if (isSame && !isUnmarked)
        {
            return;
        }

        Give(key, attributes, entry.Key.Mac, peer.Name);
        uint oldMark = import.PushedMark;
        int oldAttributes = import.PushedAttributes;
        _attributes.Hold(path.Attributes);
        import.PushedAttributes = path.Attributes;
        import.PushedPeer = path.Peer;
        import.PushedMac = entry.Key.Mac.Value;
        import.PushedMark = peer.Mark;
        import.PushedEncap = attributes.Encap;
        if (oldPeer != path.Peer)
        {
            TakeBack(key, oldPeer, oldMark);
        }

        _attributes.Release(oldAttributes);
    }

    private void Give(in ImportKey key, RouteAttributes set, MacAddress mac, string session)
    {
        switch (key.Kind)
        {
            case ImportKind.Mac:
                _sink.Upsert(new MacRoute(key.Vni, mac, HopTo(set.NextHopName, set.Attributes.NextHop, set.Encap), set.Sequence, set.IsSticky), session);
                break;
            case ImportKind.Neighbor:
                UnderlayAddress address = key.Address;

                // RFC 9161 §3.3: unless the route says otherwise, an answer for an IPv6 host says that it may be a router. Said of a host that is harmless; not said of a
                // router it would cost others their way out (RFC 4861 §7.2.5).
                _sink.Upsert(new NeighborRoute(key.Vni, address, mac, set.IsRouter ?? address.IsIPv6), session);
                break;
            default:
                _sink.Upsert(new FloodRoute(key.Vni, HopTo(set.TunnelName, key.Address, set.Encap)), session);
                break;
        }
    }

    private void TakeBack(in ImportKey key, ushort peerId, uint mark)
    {
        if (peerId == 0)
        {
            return;
        }

        RibPeer peer = _peers[peerId]!;
        if (peer.IsSweeping && mark != peer.Mark)
        {
            // It was not given since the beginning, so the control loop sweeps it, and may ask an operator before.
            return;
        }

        switch (key.Kind)
        {
            case ImportKind.Mac:
                _sink.WithdrawMac(key.Vni, key.Mac, peer.Name);
                break;
            case ImportKind.Neighbor:
                _sink.WithdrawNeighbor(key.Vni, key.Address, peer.Name);
                break;
            default:
                _sink.WithdrawFlood(key.Vni, NextHopRef.To(new VtepEndpoint(NameOf(key.Address))), peer.Name);
                break;
        }
    }

    /// <summary>A VTEP is known by its address; where the configuration names one of that address, it is the same one to the control loop.</summary>
    private static NextHopRef HopTo(string name, UnderlayAddress address, EncapKind encap) => new(new VtepEndpoint(name), address, encap, 0, 0);
}
