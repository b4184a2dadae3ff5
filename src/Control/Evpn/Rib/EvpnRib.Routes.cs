using Overlay.Control.Evpn.Bgp.Session;
using Overlay.Control.Evpn.Bgp.Wire;
using Overlay.Control.Evpn.Options;
using Overlay.Encap;

namespace Overlay.Control.Evpn.Rib;

/// <content>Routes that come and go. Under the lock.</content>
internal sealed partial class EvpnRib
{
    /// <summary>Ethernet tag of an A-D route per segment (RFC 7432 §8.2.1).</summary>
    private const uint MaxTag = uint.MaxValue;
    private const int WarnPercent = 75;
    private const int RoomPercent = 90;

    /// <summary>Why routes of attributes are not taken from a peer at all; null if they are.</summary>
    private string? LoopIn(RibPeer peer, PathAttributes attributes)
    {
        foreach (AsSegment segment in attributes.AsPath)
        {
            // RFC 4271 §9.1.2: of our own AS, whether that of the speaker or the one this peer knows.
            if (segment.Numbers.Contains(peer.Facts.LocalAs) || segment.Numbers.Contains(_policy.Options.As))
            {
                return "as-loop";
            }
        }

        if (peer.IsInternal)
        {
            // RFC 4456 §8.
            if (attributes.OriginatorId == peer.Facts.LocalRouterId)
            {
                return "originator-loop";
            }

            if (attributes.ClusterList.Contains(peer.Facts.LocalRouterId))
            {
                return "cluster-loop";
            }
        }

        return null;
    }

    /// <summary>Takes a route of a peer, new or changed.</summary>
    /// <param name="peer">The peer.</param>
    /// <param name="nlri">The route.</param>
    /// <param name="attributes">Number of its attributes.</param>
    private void Announce(RibPeer peer, in EvpnNlri nlri, int attributes)
    {
        PathAttributes shared = _attributes[attributes].Attributes;
        if (nlri.Type == EvpnRouteType.InclusiveMulticast && shared.Pmsi is null)
        {
            // RFC 7432 §11.2: it MUST carry the attribute. RFC 7606 §3d: then it is as if it were withdrawn.
            peer.CountFault("pmsi-missing");
            Withdraw(peer, nlri);
            return;
        }

        int keyExtra = RibKey.HasSegment(nlri.Type) ? _extras.Acquire(new RouteExtra(nlri.Esi)) : 0;
        RibKey key = RibKey.Of(nlri, keyExtra);
        int at = -1;
        if (_entryIndex.TryGet(key, out int entry))
        {
            _extras.Release(keyExtra);
            at = PathOf(entry, peer.Id);
        }

        if (at < 0 && _paths.Count >= _policy.Options.RouteLimit)
        {
            if (entry < 0)
            {
                _extras.Release(keyExtra);
            }

            peer.CountFault("route-limit");
            peer.HasRefused = true;
            _refused++;
            return;
        }

        if (entry < 0)
        {
            entry = _entries.Allocate();
            _entries[entry] = new RibEntry { Key = key, Head = -1, Best = -1, Main = ImportLink.None, Neighbor = ImportLink.None };
            _entryIndex.Add(entry);
        }

        Standing? before = StandingOf(entry);
        int extra = _extras.Acquire(new RouteExtra(nlri.Esi, nlri.Gateway, nlri.Label2));
        uint label = nlri.Type == EvpnRouteType.InclusiveMulticast ? shared.Pmsi!.Value.Label : nlri.Label;
        bool isNew = at < 0;
        if (isNew)
        {
            at = _paths.Allocate();
            ref RibPath added = ref _paths[at];
            added.Entry = entry;
            added.Next = _entries[entry].Head;
            added.Peer = peer.Id;
            added.Since = Now;
            _entries[entry].Head = at;
            peer.Routes++;
            _routesByType[(int)nlri.Type]++;
        }

        ref RibPath path = ref _paths[at];
        bool counts = isNew;
        if (!isNew)
        {
            counts = peer.IsStale(path);
            peer.StaleRoutes -= counts ? 1 : 0;
            path.Since = path.Attributes != attributes || path.Label != label || path.Extra != extra ? Now : path.Since;
            _extras.Release(path.Extra);
        }

        bool isElsewhere = isNew || _attributes[path.Attributes].Attributes.NextHop != shared.NextHop;
        if (!isNew && isElsewhere)
        {
            CountSegment(path, key, -1);
        }

        _attributes.Hold(attributes);
        int old = path.Attributes;
        path.Attributes = attributes;
        _attributes.Release(old);
        path.Extra = extra;
        path.Label = label;
        path.Generation = peer.Generation;
        if (isElsewhere)
        {
            CountSegment(path, key, +1);
        }

        path.Problem = Judge(key, path);
        _announced++;
        Settle(entry, before);
        if (counts)
        {
            CheckLimit(peer);
        }
    }

    /// <summary>Whether what was refused would be taken by now, and some more: who is asked for it gives everything again.</summary>
    private bool HasRoom => _attributes.HasRoom && _paths.Count < (long)_policy.Options.RouteLimit * RoomPercent / 100;

    /// <summary>Takes a route of a peer back; by its key alone.</summary>
    private void Withdraw(RibPeer peer, in EvpnNlri nlri)
    {
        int extra = RibKey.HasSegment(nlri.Type) ? _extras.Find(new RouteExtra(nlri.Esi)) : 0;
        if (extra >= 0 && _entryIndex.TryGet(RibKey.Of(nlri, extra), out int entry) && PathOf(entry, peer.Id) is >= 0 and int at)
        {
            _withdrawn++;
            Remove(at);
        }
    }

    /// <summary>Takes a path out, and what hangs on it.</summary>
    private void Remove(int at)
    {
        RibPath old = _paths[at];
        RibPeer peer = _peers[old.Peer]!;
        int entry = old.Entry;
        Standing? before = StandingOf(entry);
        ref RibEntry owner = ref _entries[entry];
        if (owner.Head == at)
        {
            owner.Head = old.Next;
        }
        else
        {
            int previous = owner.Head;
            while (_paths[previous].Next != at)
            {
                previous = _paths[previous].Next;
            }

            _paths[previous].Next = old.Next;
        }

        _routesByType[(int)owner.Key.Type]--;
        peer.Routes--;
        peer.StaleRoutes -= peer.IsStale(old) ? 1 : 0;
        CountSegment(old, owner.Key, -1);
        _paths.Release(at);
        Settle(entry, before);

        // Only now: what the control loop was told is compared by their numbers.
        _attributes.Release(old.Attributes);
        _extras.Release(old.Extra);
    }

    private int PathOf(int entry, ushort peer)
    {
        int at = _entries[entry].Head;
        while (at >= 0 && _paths[at].Peer != peer)
        {
            at = _paths[at].Next;
        }

        return at;
    }

    private PathProblem Judge(in RibKey key, in RibPath path)
    {
        RouteAttributes set = SetOf(path.Attributes);
        if (key.Type is not (EvpnRouteType.MacIp or EvpnRouteType.InclusiveMulticast))
        {
            return PathProblem.TypeNotImported;
        }

        if (set.Problem != PathProblem.None)
        {
            return set.Problem;
        }

        if (key.Type == EvpnRouteType.InclusiveMulticast && set.TunnelProblem != PathProblem.None)
        {
            return set.TunnelProblem;
        }

        if (key.Type == EvpnRouteType.MacIp && (key.Mac.IsZero || key.Mac.IsMulticast))
        {
            return PathProblem.MacInvalid;
        }

        if (!_policy.Vnis.Contains(path.Label))
        {
            return PathProblem.VniUnknown;
        }

        EvpnVniOptions vni = _policy.OfVni(path.Label);
        if (!vni.IsEnabled)
        {
            return PathProblem.VniDisabled;
        }

        if (!RibPolicy.Imports(path.Label, vni, set.Attributes))
        {
            return PathProblem.RouteTarget;
        }

        return path.Extra != 0 && IsSegmentWithdrawn(set.Attributes.NextHop, _extras[path.Extra].Esi) ? PathProblem.SegmentWithdrawn : PathProblem.None;
    }

    /// <summary>Ends the session of a peer that gives more than it may (RFC 4271 §6.7, RFC 4486 §4); says so before.</summary>
    private void CheckLimit(RibPeer peer)
    {
        if (peer.MaxPrefixes <= 0 || peer.Session is null)
        {
            return;
        }

        // What a session before this one gave is not this one's: a peer that is back with other keys must not be ended for the sum.
        int given = peer.Routes - peer.StaleRoutes;
        if (given > peer.MaxPrefixes)
        {
            if (!peer.IsOverLimit)
            {
                peer.IsOverLimit = true;
                RibLog.MaxPrefixes(_log, peer.Name, peer.MaxPrefixes);
                peer.CountFault("max-prefixes");
                peer.Session.End(new BgpError(BgpErrorCode.Cease, 1, MaxPrefixData(peer.MaxPrefixes)));
            }
        }
        else if (!peer.HasWarned && given >= (long)peer.MaxPrefixes * WarnPercent / 100)
        {
            peer.HasWarned = true;
            RibLog.NearMaxPrefixes(_log, peer.Name, given, peer.MaxPrefixes);
        }
    }

    /// <summary>AFI, SAFI and the limit (RFC 4486 §4).</summary>
    private static byte[] MaxPrefixData(int limit) => [0, 25, 70, (byte)(limit >> 24), (byte)(limit >> 16), (byte)(limit >> 8), (byte)limit];

    private static int LimitOf(EvpnOptions options, UnderlayAddress peer)
    {
        foreach (EvpnNeighborOptions neighbor in options.Neighbors)
        {
            if (neighbor.Address == peer || (neighbor.Address.Hi == peer.Hi && neighbor.Address.Lo == peer.Lo))
            {
                return neighbor.MaxPrefixes;
            }
        }

        EvpnDynamicOptions? longest = null;
        foreach (EvpnDynamicOptions dynamic in options.Dynamic)
        {
            if (Covers(dynamic, peer) && (longest is null || dynamic.PrefixLength > longest.PrefixLength))
            {
                longest = dynamic;
            }
        }

        return longest?.MaxPrefixes ?? 0;
    }

    /// <summary>Whether an address is in a prefix of neighbours.</summary>
    public static bool Covers(EvpnDynamicOptions dynamic, UnderlayAddress peer)
    {
        if (dynamic.Prefix.Family != peer.Family)
        {
            return false;
        }

        int bits = dynamic.PrefixLength + (peer.IsIPv4 ? 96 : 0);
        UInt128 difference = new UInt128(dynamic.Prefix.Hi, dynamic.Prefix.Lo) ^ new UInt128(peer.Hi, peer.Lo);
        return bits == 0 || difference >> (128 - bits) == 0;
    }
}
