using Overlay.Control.Evpn.Bgp.Wire;
using Overlay.Control.Evpn.Options;
using Overlay.Encap;

namespace Overlay.Control.Evpn.Rib;

/// <content>From facts to routes. Under the lock.</content>
internal sealed partial class EvpnAdverts
{
    /// <summary>The MAC an address is bound to.</summary>
    private readonly Dictionary<(uint Vni, UnderlayAddress Address), MacAddress> _addressOwners = [];

    private void PutMac(uint vni, MacAddress mac, uint sequence)
    {
        if (!_vnis.TryGetValue(vni, out AdvertVni? of))
        {
            return;
        }

        int at = GetOrAdd(of, EvpnRouteType.MacIp, mac, null, out _);
        ref LocalRoute route = ref _routes[at];
        route.Generation = _generation;
        if (route.IsLive && route.Sequence == sequence)
        {
            return;
        }

        route.IsLive = true;
        route.Sequence = sequence;
        Touch(at);
        TouchKin(at);
    }

    private void DropMac(uint vni, MacAddress mac)
    {
        if (_vnis.TryGetValue(vni, out AdvertVni? of) && _index.TryGet(KeyOf(of.Rd, EvpnRouteType.MacIp, mac, null), out int at) && _routes[at].IsLive)
        {
            _routes[at].IsLive = false;
            Touch(at);
            TouchKin(at);
        }
    }

    private void PutNeighbor(uint vni, MacAddress mac, UnderlayAddress address)
    {
        if (!_vnis.TryGetValue(vni, out AdvertVni? of) || !address.IsUnicast || mac.IsZero)
        {
            return;
        }

        if (_addressOwners.TryGetValue((vni, address), out MacAddress before) && before != mac)
        {
            DropNeighbor(vni, before, address);
        }

        int owner = GetOrAdd(of, EvpnRouteType.MacIp, mac, null, out bool isNewOwner);
        int at = GetOrAdd(of, EvpnRouteType.MacIp, mac, address, out bool isNew);
        ref LocalRoute route = ref _routes[at];
        if (isNew)
        {
            route.Kin = owner;
            route.Next = _routes[owner].Kin;
            if (route.Next >= 0)
            {
                _routes[route.Next].Previous = at;
            }

            _routes[owner].Kin = at;
        }

        if (isNewOwner)
        {
            // Its place in the order: it is no fact by itself yet, and goes with its last address.
            Touch(owner);
        }

        route.Generation = _generation;
        if (!route.IsLive)
        {
            route.IsLive = true;
            _addressOwners[(vni, address)] = mac;
            Touch(at);
        }
    }

    /// <summary>An address is bound to a MAC no longer.</summary>
    private void DropNeighbor(uint vni, MacAddress mac, UnderlayAddress address)
    {
        if (!_vnis.TryGetValue(vni, out AdvertVni? of) || !_addressOwners.TryGetValue((vni, address), out MacAddress owner) || mac != owner)
        {
            return;
        }

        _ = _addressOwners.Remove((vni, address));
        if (_index.TryGet(KeyOf(of.Rd, EvpnRouteType.MacIp, owner, address), out int at) && _routes[at].IsLive)
        {
            _routes[at].IsLive = false;
            Touch(at);
        }
    }

    private void Attach(uint vni)
    {
        if (!_vnis.TryGetValue(vni, out AdvertVni? of))
        {
            of = new AdvertVni(vni);
            if (!TryNumber(of, out AdvertVni? loser))
            {
                return;
            }

            if (loser is not null)
            {
                Renumber([loser]);
            }

            _vnis.Add(vni, of);
        }

        of.Generation = _generation;
        PutFlood(of);
    }

    private void Detach(uint vni)
    {
        if (_vnis.Remove(vni, out AdvertVni? of))
        {
            _numbers.Return(vni);
            Kill(of.Vni, static _ => true);
            foreach ((uint Vni, UnderlayAddress) key in _addressOwners.Keys.Where(k => k.Vni == vni).ToArray())
            {
                _ = _addressOwners.Remove(key);
            }
        }
    }

    /// <summary>The inclusive multicast route of a VNI: one by its originator, the next hop.</summary>
    private void PutFlood(AdvertVni vni)
    {
        if (_nextHop == default)
        {
            return;
        }

        int at = GetOrAdd(vni, EvpnRouteType.InclusiveMulticast, default, _nextHop, out _);
        ref LocalRoute route = ref _routes[at];
        route.Generation = _generation;
        if (!route.IsLive)
        {
            route.IsLive = true;
            Touch(at);
        }
    }

    private void PutPort(string port, MacAddress mac)
    {
        if (_ports.TryGetValue(port, out MacAddress old) && old == mac)
        {
            return;
        }

        _ports[port] = mac;
        foreach (AdvertVni vni in _vnis.Values)
        {
            // A gateway's own MACs are announced as such.
            if (OptionsOf(vni.Vni).IsGateway)
            {
                TouchMac(vni, old);
                TouchMac(vni, mac);
            }
        }
    }

    private void TouchMac(AdvertVni vni, MacAddress mac)
    {
        if (!mac.IsZero && _index.TryGet(KeyOf(vni.Rd, EvpnRouteType.MacIp, mac, null), out int at))
        {
            Touch(at);
            TouchKin(at);
        }
    }

    /// <summary>Which of our addresses is the next hop, by the configuration and by what is in being; routes follow.</summary>
    private void Renew()
    {
        UnderlayAddress next = NextHopOf(_options, _local);
        if (next == _nextHop)
        {
            return;
        }

        _nextHop = next;
        _cache.Clear();
        for (int at = 0; at < _routes.High; at++)
        {
            ref LocalRoute route = ref _routes[at];
            if (route.Key.Type == EvpnRouteType.InclusiveMulticast && route.IsLive && route.Key.Address != next)
            {
                route.IsLive = false;
            }
        }

        foreach (AdvertVni vni in _vnis.Values)
        {
            PutFlood(vni);
        }

        TouchAll();
    }

    /// <summary>The first configured address of the preferred family that is in being, else of the other; the addresses in being themselves where none is configured.</summary>
    private static UnderlayAddress NextHopOf(EvpnOptions options, IReadOnlyCollection<UnderlayAddress> local)
    {
        UnderlayAddress second = default;
        foreach (UnderlayAddress address in options.VtepAddresses.IsDefaultOrEmpty ? local : options.VtepAddresses)
        {
            if (!address.IsUnicast || address.IsLinkLocal || !local.Contains(address))
            {
                continue;
            }

            if (address.Family == options.PreferredFamily)
            {
                return address;
            }

            second = second == default ? address : second;
        }

        return second;
    }

    /// <summary>Everything in being was told: what was not is no more.</summary>
    private void SweepFacts()
    {
        foreach (AdvertVni vni in _vnis.Values.Where(v => v.Generation != _generation).ToArray())
        {
            Detach(vni.Vni);
        }

        uint current = _generation;
        Kill(null, at => _routes[at].Generation != current && _routes[at].Key.Type != EvpnRouteType.InclusiveMulticast);
    }

    private void Kill(uint? vni, Func<int, bool> which)
    {
        for (int at = 0; at < _routes.High; at++)
        {
            if (_routes[at].IsLive && (vni is null || _routes[at].Vni == vni) && which(at))
            {
                _routes[at].IsLive = false;
                Touch(at);
                if (_routes[at].Key.Type == EvpnRouteType.MacIp)
                {
                    if (_routes[at].Key.HasAddress)
                    {
                        (uint, UnderlayAddress) bound = (_routes[at].Vni, _routes[at].Key.Address);
                        if (_addressOwners.TryGetValue(bound, out MacAddress owner) && owner == _routes[at].Key.Mac)
                        {
                            _ = _addressOwners.Remove(bound);
                        }
                    }
                    else
                    {
                        TouchKin(at);
                    }
                }
            }
        }
    }

    /// <summary>The routes of a MAC with its addresses say what its own says.</summary>
    private void TouchKin(int mac)
    {
        for (int at = _routes[mac].Kin; at >= 0; at = _routes[at].Next)
        {
            Touch(at);
        }
    }

    private int GetOrAdd(AdvertVni vni, EvpnRouteType type, MacAddress mac, UnderlayAddress? address, out bool isNew)
    {
        RibKey key = KeyOf(vni.Rd, type, mac, address);
        isNew = !_index.TryGet(key, out int at);
        if (isNew)
        {
            at = _routes.Allocate();
            _routes[at] = new LocalRoute { Key = key, Vni = vni.Vni, Position = -1, Generation = _generation, Kin = -1, Next = -1, Previous = -1 };
            _index.Add(at);
        }
        else if (_routes[at].Vni != vni.Vni)
        {
            // The route distinguisher was another VNI's: its routes are dead already, and these take their place.
            _routes[at].Vni = vni.Vni;
            _routes[at].IsLive = false;
        }

        return at;
    }

    /// <summary>Gives a VNI its route distinguisher.</summary>
    /// <param name="vni">The VNI.</param>
    /// <param name="loser">Who had to give its number up, and needs another one; null as a rule.</param>
    /// <returns>False if there is none left: it keeps what it had.</returns>
    private bool TryNumber(AdvertVni vni, out AdvertVni? loser)
    {
        loser = null;
        vni.ConfiguredRd = _options.Vnis.GetValueOrDefault(new Vni(vni.Vni))?.Rd;
        if (vni.ConfiguredRd is { } rd)
        {
            vni.Rd = rd.Value;
            return true;
        }

        if (_numbers.Take(vni.Vni, out uint? evicted) is not { } number)
        {
            return false;
        }

        vni.Rd = RouteDistinguisher.OfIPv4(_options.RouterId, number).Value;
        loser = evicted is { } other ? _vnis.GetValueOrDefault(other) : null;
        return true;
    }

    /// <summary>
    /// VNIs get other route distinguishers: their routes become others, the old ones are withdrawn. All that goes is taken out before anything is put in: two VNIs may give
    /// theirs to each other, and the route of one then has the key that the route of the other had.
    /// </summary>
    private void Renumber(List<AdvertVni> vnis)
    {
        var before = new Dictionary<uint, ulong>(vnis.Count);
        foreach (AdvertVni vni in vnis)
        {
            _numbers.Return(vni.Vni);
        }

        for (int i = 0; i < vnis.Count; i++)
        {
            _ = before.TryAdd(vnis[i].Vni, vnis[i].Rd);
            if (TryNumber(vnis[i], out AdvertVni? loser) && loser is not null)
            {
                vnis.Add(loser);
            }
        }

        var moving = new List<LocalRoute>();
        for (int at = 0; at < _routes.High; at++)
        {
            ref LocalRoute route = ref _routes[at];
            if (route.IsLive && before.TryGetValue(route.Vni, out ulong old) && route.Key.Rd == old && _vnis[route.Vni].Rd != old)
            {
                moving.Add(route);
                route.IsLive = false;
                Touch(at);
            }
        }

        foreach (LocalRoute route in moving)
        {
            if (route.Key.Type == EvpnRouteType.InclusiveMulticast)
            {
                PutFlood(_vnis[route.Vni]);
            }
            else if (route.Key.HasAddress)
            {
                PutNeighbor(route.Vni, route.Key.Mac, route.Key.Address);
            }
            else
            {
                PutMac(route.Vni, route.Key.Mac, route.Sequence);
            }
        }
    }
}
