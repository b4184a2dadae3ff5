using System.Runtime.InteropServices;
using Overlay.Control.Vteps;
using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Control.Tables;

/// <content>Flood list, allow-list and remote learning of a VNI.</content>
internal sealed partial class ControlCore
{
    // Used while a list is made, and kept for the next: thousands of VNIs settle at a time.
    private readonly List<VrfPeer> _listedPeers = [];
    private readonly List<NextHopId> _listedHops = [];
    private readonly HashSet<NextHopId> _listedOnce = [];
    private readonly List<SourceAdmission> _listedSources = [];
    private readonly Dictionary<UnderlayAddress, int> _sourceAt = [];

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
        _listedPeers.Clear();
        _listedPeers.AddRange(vrf.Peers.Values);
        _listedPeers.Sort(static (a, b) => string.CompareOrdinal(a.Vtep.Endpoint.Name, b.Vtep.Endpoint.Name));
        WriteFloodList(vrf);
        WriteAllowList(vrf);
        _listedPeers.Clear();

        bool learns = vrf.Spec!.RemoteLearning ?? vrf.PlaneRoutes == 0;
        if (vrf.RemoteLearning != learns && _writer.SetRemoteLearning(vrf.Vni, learns))
        {
            vrf.RemoteLearning = learns;
        }
    }

    /// <summary>One copy a VTEP, whatever the number of its addresses and of planes that name it.</summary>
    private void WriteFloodList(MacVrf vrf)
    {
        _listedHops.Clear();
        _listedOnce.Clear();
        foreach (VrfPeer peer in _listedPeers)
        {
            if (peer.Floods.Count > 0 && peer.Main?.Held is { } hop && _listedOnce.Add(hop))
            {
                _listedHops.Add(hop);
            }
        }

        ReadOnlySpan<NextHopId> list = CollectionsMarshal.AsSpan(_listedHops);
        bool isSame = vrf.FloodList is null ? list.IsEmpty : list.SequenceEqual(vrf.FloodList);
        if (!isSame && _writer.SetFloodList(vrf.Vni, list))
        {
            vrf.FloodList = list.ToArray();
        }
    }

    /// <summary>
    /// Every address of every VTEP that has a flood or MAC route in this VNI, or that a prefix admitted and that something was learned from;
    /// each with the next hop that answers to it. Where two VTEPs claim an address its owner has it.
    /// </summary>
    private void WriteAllowList(MacVrf vrf)
    {
        vrf.TargetByNextHop.Clear();
        _listedSources.Clear();
        _sourceAt.Clear();
        foreach (VrfPeer peer in _listedPeers)
        {
            if (!peer.IsAdmitted || peer.Main is not { Held: { } hop } main)
            {
                continue;
            }

            vrf.TargetByNextHop[hop.Index] = main;
            Admit(peer, peer.Vtep, hop);
            foreach (RouteTarget target in peer.Targets)
            {
                if (target.Held is { } other)
                {
                    _ = vrf.TargetByNextHop.TryAdd(other.Index, target);
                }

                if (target.Named != peer.Vtep)
                {
                    Admit(peer, target.Named!, hop);
                }

                Admit(peer, target.Key.NextHop.Address, hop);
            }
        }

        _listedSources.Sort(static (a, b) => a.Address.CompareTo(b.Address));
        ReadOnlySpan<SourceAdmission> list = CollectionsMarshal.AsSpan(_listedSources);
        ReadOnlySpan<UnderlayPrefix> prefixes = vrf.Spec!.Allow.AsSpan();
        bool isSame = vrf.AllowList is null
            ? list.IsEmpty && prefixes.IsEmpty
            : list.SequenceEqual(vrf.AllowList) && prefixes.SequenceEqual(vrf.AllowPrefixes);
        if (!isSame && _writer.SetAllowList(vrf.Vni, list, prefixes))
        {
            vrf.AllowList = list.ToArray();
            vrf.AllowPrefixes = prefixes.ToArray();
        }
    }

    private void Admit(VrfPeer peer, VtepIdentity named, NextHopId hop)
    {
        foreach (UnderlayAddress address in named.Addresses)
        {
            Admit(peer, address, hop);
        }

        foreach (UnderlayAddress address in named.AlsoFrom)
        {
            Admit(peer, address, hop);
        }
    }

    private void Admit(VrfPeer peer, UnderlayAddress address, NextHopId hop)
    {
        if (!address.IsUnicast)
        {
            return;
        }

        if (_sourceAt.TryAdd(address, _listedSources.Count))
        {
            _listedSources.Add(new SourceAdmission(address, hop));
        }
        else if (_vteps.OwnerOf(address) == peer.Vtep)
        {
            _listedSources[_sourceAt[address]] = new SourceAdmission(address, hop);
        }
    }
}
