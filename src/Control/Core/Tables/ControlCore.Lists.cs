using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Control.Tables;

/// <content>Flood list, allow-list and remote learning of a VNI.</content>
internal sealed partial class ControlCore
{
    private static bool IsAllowedByPrefix(MacVrf vrf, UnderlayAddress address)
    {
        if (vrf.Spec is not null)
        {
            foreach (UnderlayPrefix prefix in vrf.Spec.Allow)
            {
                if (prefix.Contains(address))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private void WriteLists(MacVrf vrf)
    {
        VrfPeer[] peers = [.. vrf.Peers.Values.OrderBy(static p => p.Vtep.Endpoint.Name, StringComparer.Ordinal)];
        WriteFloodList(vrf, peers);
        WriteAllowList(vrf, peers);

        bool learns = vrf.Spec!.RemoteLearning ?? vrf.PlaneRoutes == 0;
        if (vrf.RemoteLearning != learns && _writer.SetRemoteLearning(vrf.Vni, learns))
        {
            vrf.RemoteLearning = learns;
        }
    }

    /// <summary>One copy a VTEP, whatever the number of its addresses and of planes that name it.</summary>
    private void WriteFloodList(MacVrf vrf, VrfPeer[] peers)
    {
        var hops = new List<NextHopId>();
        foreach (VrfPeer peer in peers)
        {
            if (peer.Floods.Count > 0 && peer.Main?.Held is { } hop && !hops.Contains(hop))
            {
                hops.Add(hop);
            }
        }

        NextHopId[] list = [.. hops];
        bool isSame = vrf.FloodList is null ? list.Length == 0 : vrf.FloodList.AsSpan().SequenceEqual(list);
        if (!isSame && _writer.SetFloodList(vrf.Vni, list))
        {
            vrf.FloodList = list;
        }
    }

    /// <summary>
    /// Every address of every VTEP that has a flood or MAC route in this VNI, or that a prefix admitted and that something was learned from;
    /// each with the next hop that answers to it. Where two VTEPs claim an address its owner has it.
    /// </summary>
    private void WriteAllowList(MacVrf vrf, VrfPeer[] peers)
    {
        vrf.TargetByNextHop.Clear();
        var sources = new SortedDictionary<UnderlayAddress, NextHopId>();
        foreach (VrfPeer peer in peers)
        {
            if (!peer.IsAdmitted || peer.Main is not { Held: { } hop } main)
            {
                continue;
            }

            vrf.TargetByNextHop[hop.Index] = main;
            foreach (RouteTarget target in peer.Targets)
            {
                if (target.Held is { } other)
                {
                    _ = vrf.TargetByNextHop.TryAdd(other.Index, target);
                }
            }

            IEnumerable<UnderlayAddress> addresses = peer.Vtep.Addresses.Concat(peer.Vtep.AlsoFrom)
                .Concat(peer.Targets.SelectMany(static t => t.Named!.Addresses.Concat(t.Named.AlsoFrom).Append(t.Key.NextHop.Address)));
            foreach (UnderlayAddress address in addresses)
            {
                if (address.IsUnicast && (!sources.ContainsKey(address) || _vteps.OwnerOf(address) == peer.Vtep))
                {
                    sources[address] = hop;
                }
            }
        }

        SourceAdmission[] list = [.. sources.Select(static s => new SourceAdmission(s.Key, s.Value))];
        UnderlayPrefix[] prefixes = [.. vrf.Spec!.Allow];
        bool isSame = vrf.AllowList is null
            ? list.Length == 0 && prefixes.Length == 0
            : vrf.AllowList.AsSpan().SequenceEqual(list) && vrf.AllowPrefixes.AsSpan().SequenceEqual(prefixes);
        if (!isSame && _writer.SetAllowList(vrf.Vni, list, prefixes))
        {
            vrf.AllowList = list;
            vrf.AllowPrefixes = prefixes;
        }
    }
}
