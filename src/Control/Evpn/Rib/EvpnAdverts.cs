using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Overlay.Control.Evpn.Bgp.Session;
using Overlay.Control.Evpn.Bgp.Wire;
using Overlay.Control.Evpn.Options;
using Overlay.Control.Tables;
using Overlay.Encap;

namespace Overlay.Control.Evpn.Rib;

/// <summary>
/// What we advertise: an inclusive multicast route a VNI (type 3), a MAC route a local MAC, and one for each address of it (type 2). Nothing that a peer told us is ever
/// told to another: we are a leaf, and no route reflector.
/// </summary>
/// <remarks>
/// <b>The order of changes</b> is one list for all sessions: a route that changes goes to its end, and has no other place in it. A session reads the list from its
/// beginning, then End-of-RIB, then what comes behind; so it has at most one announcement of a route before it, a withdraw takes the place of one that was not sent, and a
/// thousand sessions cost one list. What a route says is decided when it is written: announced as it is now, or withdrawn.
/// <para><b>Threading:</b> one lock of its own, so that sending never waits for receiving.</para>
/// </remarks>
internal sealed partial class EvpnAdverts : IDisposable
{
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(10);

    private readonly Lock _gate = new();
    private readonly ITimer _wake;
    private readonly StructPool<LocalRoute> _routes = new();
    private readonly SlotIndex<RibKey, RouteKeys> _index;
    private readonly List<int> _order = [];
    private readonly Queue<int> _gone = [];
    private readonly Dictionary<IBgpSession, AdvertSession> _sessions = [];
    private readonly Dictionary<uint, AdvertVni> _vnis = [];
    private readonly Dictionary<string, MacAddress> _ports = new(StringComparer.Ordinal);
    private readonly RdNumbers _numbers = new();
    private EvpnOptions _options;
    private ImmutableArray<UnderlayAddress> _local = [];
    private UnderlayAddress _nextHop;
    private uint _generation;
    private bool _isSynced;
    private bool _isWaking;

    public EvpnAdverts(EvpnOptions options, TimeProvider time)
    {
        _options = options;
        _index = new SlotIndex<RibKey, RouteKeys>(new RouteKeys(_routes));
        _wake = time.CreateTimer(_ => WakeAll(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Takes a fact of our side.</summary>
    public void Tell(in LocalEvent fact)
    {
        lock (_gate)
        {
            switch (fact.Kind)
            {
                case LocalEventKind.Resync:
                    _generation++;
                    break;
                case LocalEventKind.ResyncEnd:
                    SweepFacts();
                    _isSynced = true;
                    Announce();
                    break;
                case LocalEventKind.MacLearned or LocalEventKind.MacMoved:
                    PutMac(fact.Vni.Value, fact.Mac, fact.Sequence);
                    break;
                case LocalEventKind.MacAged:
                    DropMac(fact.Vni.Value, fact.Mac);
                    break;
                case LocalEventKind.NeighborLearned or LocalEventKind.NeighborMoved:
                    PutNeighbor(fact.Vni.Value, fact.Mac, fact.Address);
                    break;
                case LocalEventKind.NeighborAged:
                    DropNeighbor(fact.Vni.Value, fact.Mac, fact.Address);
                    break;
                case LocalEventKind.VniAttached:
                    Attach(fact.Vni.Value);
                    break;
                case LocalEventKind.VniDetached:
                    Detach(fact.Vni.Value);
                    break;
                case LocalEventKind.LocalVtepChanged:
                    _local = fact.LocalAddresses.IsDefault ? [] : fact.LocalAddresses;
                    Renew();
                    break;
                case LocalEventKind.PortUp when !fact.Mac.IsZero && fact.Port is { } port:
                    PutPort(port, fact.Mac);
                    break;
                default:
                    // A port that goes down takes its MACs along, each by an event of its own; a miss is answered by what peers said already.
                    break;
            }

            ReleaseUnheard();
        }
    }

    /// <summary>The configuration changed.</summary>
    public void Apply(EvpnOptions options)
    {
        lock (_gate)
        {
            bool isSameRouter = _options.RouterId == options.RouterId;
            bool saysSame = SaysSame(_options, options);
            HashSet<uint> changed = [.. _vnis.Keys.Where(vni => !SaysSame(_options, options, vni))];
            _options = options;
            _cache.Clear();
            Renumber([.. _vnis.Values.Where(vni => !isSameRouter || options.Vnis.GetValueOrDefault(new Vni(vni.Vni))?.Rd != vni.ConfiguredRd)]);
            Renew();
            if (!saysSame || changed.Count > 0)
            {
                TouchAll(saysSame ? changed : null);
            }

            ReleaseUnheard();
        }
    }

    /// <summary>Routes that are announced, by type.</summary>
    public (int Macs, int Floods) Count()
    {
        lock (_gate)
        {
            int macs = 0;
            int floods = 0;
            for (int at = 0; at < _routes.High; at++)
            {
                if (IsAnnounced(at))
                {
                    macs += _routes[at].Key.Type == EvpnRouteType.MacIp ? 1 : 0;
                    floods += _routes[at].Key.Type == EvpnRouteType.InclusiveMulticast ? 1 : 0;
                }
            }

            return (macs, floods);
        }
    }

    /// <summary>Routes in memory, those that sessions have yet to withdraw among them; and places in the order of changes.</summary>
    public (int Routes, int Places) Size
    {
        get
        {
            lock (_gate)
            {
                return (_routes.Count, _order.Count);
            }
        }
    }

    public void Dispose() => _wake.Dispose();

    private static EvpnNlri NlriOf(in LocalRoute route) => new()
    {
        Type = route.Key.Type,
        Rd = new RouteDistinguisher(route.Key.Rd),
        Mac = route.Key.Mac,
        HasAddress = route.Key.HasAddress,
        Address = route.Key.Address,
        Label = route.Key.Type == EvpnRouteType.MacIp ? route.Vni : 0,
    };

    private static RibKey KeyOf(ulong rd, EvpnRouteType type, MacAddress mac, UnderlayAddress? address) => RibKey.Of(
        new EvpnNlri { Type = type, Rd = new RouteDistinguisher(rd), Mac = mac, HasAddress = address is not null, Address = address ?? default }, 0);

    private EvpnVniOptions OptionsOf(uint vni) => _options.Vnis.GetValueOrDefault(new Vni(vni)) ?? DefaultVni;

    private static EvpnVniOptions DefaultVni { get; } = new();

    /// <summary>Whether routes say the same by two configurations; the next hop, route distinguishers and what is of a VNI apart.</summary>
    private static bool SaysSame(EvpnOptions a, EvpnOptions b) => a.As == b.As && a.RouteTargets == b.RouteTargets && a.Encaps.SequenceEqual(b.Encaps);

    private static bool SaysSame(EvpnOptions a, EvpnOptions b, uint vni)
    {
        EvpnVniOptions one = a.Vnis.GetValueOrDefault(new Vni(vni)) ?? DefaultVni;
        EvpnVniOptions two = b.Vnis.GetValueOrDefault(new Vni(vni)) ?? DefaultVni;
        return one.IsEnabled == two.IsEnabled && one.AdvertiseMacs == two.AdvertiseMacs && one.IsGateway == two.IsGateway && one.Export.SequenceEqual(two.Export);
    }

    /// <summary>Whether a route is announced now; otherwise it is withdrawn.</summary>
    private bool IsAnnounced(int at)
    {
        ref LocalRoute route = ref _routes[at];
        if (!route.IsLive || _nextHop == default || !_vnis.TryGetValue(route.Vni, out AdvertVni? vni) || vni.Rd != route.Key.Rd)
        {
            return false;
        }

        EvpnVniOptions options = OptionsOf(route.Vni);
        if (!options.IsEnabled)
        {
            return false;
        }

        return route.Key.Type == EvpnRouteType.InclusiveMulticast
            ? route.Key.Address == _nextHop
            : options.AdvertiseMacs && (!route.Key.HasAddress || _routes[route.Kin].IsLive);
    }

    /// <summary>Moves a route to the end of the order of changes.</summary>
    private void Touch(int at)
    {
        if (_order.Count > 1024 && _order.Count > 2 * _routes.Count)
        {
            Compact();
        }

        ref LocalRoute route = ref _routes[at];
        route.Position = _order.Count;
        _order.Add(at);
        if (!route.IsLive && !route.IsQueued)
        {
            route.IsQueued = true;
            _gone.Enqueue(at);
        }

        Announce();
    }

    /// <param name="vnis">Those of these VNIs; null for all.</param>
    private void TouchAll(HashSet<uint>? vnis = null)
    {
        for (int at = 0; at < _routes.High; at++)
        {
            if (_routes[at].Key.Word != 0 && (vnis is null || vnis.Contains(_routes[at].Vni)))
            {
                Touch(at);
            }
        }
    }

    /// <summary>Wakes the sessions when what happens together is together.</summary>
    private void Announce()
    {
        if (!_isWaking && _sessions.Count > 0)
        {
            _isWaking = true;
            _ = _wake.Change(Gathering, Timeout.InfiniteTimeSpan);
        }
    }

    private void WakeAll()
    {
        IBgpSession[] sessions;
        lock (_gate)
        {
            _isWaking = false;
            sessions = [.. _sessions.Keys];
        }

        foreach (IBgpSession session in sessions)
        {
            session.Wake();
        }
    }

    /// <summary>Leaves out the places that routes no longer have.</summary>
    private void Compact()
    {
        AdvertSession[] sessions = [.. _sessions.Values];
        var marks = new List<(int Position, Action<int> Set)>();
        foreach (AdvertSession session in sessions)
        {
            marks.Add((session.Cursor, p => session.Cursor = p));
            marks.Add((session.Born, p => session.Born = p));
            marks.Add((session.DumpEnd, p => session.DumpEnd = p));
        }

        marks.Sort(static (a, b) => a.Position.CompareTo(b.Position));
        int mark = 0;
        int kept = 0;
        Span<int> order = CollectionsMarshal.AsSpan(_order);
        for (int position = 0; position < order.Length; position++)
        {
            while (mark < marks.Count && marks[mark].Position == position)
            {
                marks[mark++].Set(kept);
            }

            int at = order[position];
            if (_routes[at].Key.Word != 0 && _routes[at].Position == position)
            {
                _routes[at].Position = kept;
                order[kept++] = at;
            }
        }

        while (mark < marks.Count)
        {
            marks[mark++].Set(kept);
        }

        _order.RemoveRange(kept, _order.Count - kept);
    }

    /// <summary>Without a session there is nobody to withdraw a route from. Not in the midst of a change, which goes on with the routes it touched.</summary>
    private void ReleaseUnheard()
    {
        if (_sessions.Count == 0)
        {
            ReleaseGone();
        }
    }

    /// <summary>Forgets routes that every session has withdrawn.</summary>
    private void ReleaseGone()
    {
        int passed = int.MaxValue;
        foreach (AdvertSession session in _sessions.Values)
        {
            passed = Math.Min(passed, session.Cursor);
        }

        while (_gone.TryPeek(out int at) && _routes[at].Position < passed)
        {
            _ = _gone.Dequeue();
            ref LocalRoute route = ref _routes[at];
            route.IsQueued = false;
            if (route.IsLive)
            {
                continue;
            }

            if (route.Key.HasAddress && route.Key.Type == EvpnRouteType.MacIp)
            {
                Disown(at);
            }
            else if (route.Kin >= 0)
            {
                // It goes with the last of its addresses.
                continue;
            }

            _index.Remove(at);
            _routes.Release(at);
        }
    }

    /// <summary>Takes a route with an address out of its MAC's list, and the MAC's route with it if that waited for nothing else.</summary>
    private void Disown(int at)
    {
        ref LocalRoute route = ref _routes[at];
        int mac = route.Kin;
        if (route.Previous >= 0)
        {
            _routes[route.Previous].Next = route.Next;
        }
        else
        {
            _routes[mac].Kin = route.Next;
        }

        if (route.Next >= 0)
        {
            _routes[route.Next].Previous = route.Previous;
        }

        ref LocalRoute owner = ref _routes[mac];
        if (owner is { IsLive: false, IsQueued: false, Kin: < 0 })
        {
            owner.IsQueued = true;
            _gone.Enqueue(mac);
        }
    }

    private readonly struct RouteKeys(StructPool<LocalRoute> routes) : ISlotItems<RibKey>
    {
        public ref readonly RibKey KeyOf(int index) => ref routes[index].Key;
    }

    /// <summary>A VNI that is configured here.</summary>
    private sealed class AdvertVni(uint vni)
    {
        public uint Vni { get; } = vni;

        public ulong Rd { get; set; }

        public RouteDistinguisher? ConfiguredRd { get; set; }

        public uint Generation { get; set; }
    }
}
