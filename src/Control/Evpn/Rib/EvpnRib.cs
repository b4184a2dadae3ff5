using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Overlay.Control.Evpn.Bgp.Session;
using Overlay.Control.Evpn.Bgp.Wire;
using Overlay.Control.Evpn.Options;
using Overlay.Control.Tables;
using Overlay.Encap;

namespace Overlay.Control.Evpn.Rib;

/// <summary>
/// The routes of all peers: every candidate with its attributes, the best of each NLRI, and of those the one in force per MAC, address and VTEP of a VNI, which alone
/// the control loop is given.
/// </summary>
/// <remarks>
/// <b>The parts:</b> sessions, marks and sweeps in <c>.Sessions</c>, routes that come and go in <c>.Routes</c>, the choice among paths in <c>.Choice</c>, among imported
/// routes and what the control loop is told in <c>.Imports</c>, segments in <c>.Segments</c>, rows in <c>.Queries</c>.
/// <para>
/// <b>Threading:</b> one lock; an UPDATE is one turn, and what visits every route goes in slices, so nobody waits long. The sink is called under the lock: one caller at a
/// time, in the order of the decisions; the control loop never calls back.
/// </para>
/// <para><b>Size:</b> flat items in pools, no object a route: 32 octets a path, 72 an NLRI, 52 a MAC, with their indexes; attributes are kept once for all that share them.</para>
/// <para>
/// <b>A lost session removes nothing.</b> Its routes are stale but in force: a live candidate of another session replaces them, and they go when the peer is back and did
/// not give them again: at its End-of-RIB; at the end of a framed refresh, which a peer without End-of-RIB is asked for; or <see cref="EvpnOptions.StalePathTime"/> after it
/// is back if nothing of these comes. That is so whether or not the peer has graceful
/// restart, whatever its restart time, and with F=0 or the family missing in its new OPEN too (RFC 4724 §4.2 would drop them at once): what the peer forwards is seen by
/// the routes it gives, and until then the last word stands. A Hard Reset, or the peer's removal from the configuration, removes at once.
/// </para>
/// </remarks>
internal sealed partial class EvpnRib
{
    private const int Slice = 4096;
    private const int MaxPeers = ushort.MaxValue - 1;
    private const int NameCacheSize = 65_536;

    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly long _started;
    private readonly StructPool<RibEntry> _entries = new();
    private readonly StructPool<RibPath> _paths = new();
    private readonly StructPool<ImportItem> _imports = new();
    private readonly SlotIndex<RibKey, EntryKeys> _entryIndex;
    private readonly SlotIndex<ImportKey, ImportKeys> _importIndex;
    private readonly AttributeTable _attributes;
    private readonly RouteExtras _extras = new();
    private readonly List<RibPeer?> _peers = [null];
    private readonly Stack<ushort> _freePeers = [];
    private readonly Dictionary<string, RibPeer> _peerByName = new(StringComparer.Ordinal);
    private readonly Dictionary<UnderlayAddress, string> _names = [];
    private readonly int[] _routesByType = new int[6];
    private readonly Func<UnderlayAddress, string> _nameOf;
    private RibPolicy _policy;
    private IRouteSink _sink;
    private TimeSpan? _staleHold;

    /// <summary>Sessions lost since the start. A loss changes how routes stand without a word from any of them.</summary>
    private uint _losses;

    public EvpnRib(EvpnOptions options, IRouteSink sink, TimeProvider time, ILogger log, long attributeBudget = AttributeTable.DefaultBudget)
    {
        _attributes = new AttributeTable { Budget = attributeBudget };
        _policy = new RibPolicy(options, [], [], 1);
        _sink = sink;
        _time = time;
        _log = log;
        _started = time.GetTimestamp();
        _entryIndex = new SlotIndex<RibKey, EntryKeys>(new EntryKeys(_entries));
        _importIndex = new SlotIndex<ImportKey, ImportKeys>(new ImportKeys(_imports));
        _nameOf = NameOf;
    }

    /// <summary>How long routes of a lost session stay here; null for ever. The control loop has the same setting.</summary>
    public TimeSpan? StaleHold
    {
        get
        {
            lock (_gate)
            {
                return _staleHold;
            }
        }

        set
        {
            lock (_gate)
            {
                _staleHold = value;
            }
        }
    }

    private uint Now => (uint)(_time.GetElapsedTime(_started).TotalMilliseconds / 100);

    /// <summary>Another run of the plane has another sink. No session is open.</summary>
    public void Use(IRouteSink sink)
    {
        lock (_gate)
        {
            _sink = sink;
        }
    }

    /// <summary>The configuration changed: everything is judged anew. Peers that are gone are the business of the sessions.</summary>
    public void Apply(EvpnOptions options)
    {
        lock (_gate)
        {
            _policy = _policy.With(options: options);
            foreach (RibPeer? peer in _peers)
            {
                if (peer?.Session is not null)
                {
                    peer.MaxPrefixes = LimitOf(options, peer.Facts.Peer);
                    peer.HasWarned = false;
                    CheckLimit(peer);
                }
            }
        }

        Rejudge(null);
    }

    /// <summary>The local VTEP addresses in being.</summary>
    public void SetLocal(ImmutableArray<UnderlayAddress> addresses)
    {
        lock (_gate)
        {
            if (_policy.Local.SequenceEqual(addresses))
            {
                return;
            }

            _policy = _policy.With(local: addresses);
        }

        Rejudge(null);
    }

    /// <summary>VNIs that are configured here.</summary>
    public ImmutableHashSet<uint> Vnis
    {
        get
        {
            lock (_gate)
            {
                return _policy.Vnis;
            }
        }
    }

    /// <summary>VNIs are configured here (true), or no longer.</summary>
    public void SetVnis(IReadOnlyDictionary<uint, bool> changes)
    {
        HashSet<uint> changed;
        lock (_gate)
        {
            ImmutableHashSet<uint>.Builder vnis = _policy.Vnis.ToBuilder();
            changed = [.. changes.Where(c => c.Value ? vnis.Add(c.Key) : vnis.Remove(c.Key)).Select(static c => c.Key)];

            // What follows from attributes alone does not change with it.
            _policy = new RibPolicy(_policy.Options, _policy.Local, vnis.ToImmutable(), _policy.Version);
        }

        if (changed.Count > 0)
        {
            Rejudge(changed);
        }
    }

    /// <summary>Judges the paths of some VNIs, or all, anew, and gives the control loop what follows.</summary>
    private void Rejudge(HashSet<uint>? vnis) => Walk(at =>
    {
        ref RibPath path = ref _paths[at];
        if (vnis is null || vnis.Contains(path.Label))
        {
            int entry = path.Entry;
            Standing? before = StandingOf(entry);
            path.Problem = Judge(_entries[entry].Key, path);
            Settle(entry, before);
        }
    });

    /// <summary>Visits every path in slices. Without the lock; paths that come meanwhile may be visited or not.</summary>
    private void Walk(Action<int> visit)
    {
        for (int at = 0; ;)
        {
            lock (_gate)
            {
                int end = Math.Min(at + Slice, _paths.High);
                for (; at < end; at++)
                {
                    if (_paths[at].Attributes != 0)
                    {
                        visit(at);
                    }
                }

                if (at >= _paths.High)
                {
                    return;
                }
            }
        }
    }

    private string NameOf(UnderlayAddress address)
    {
        if (!_names.TryGetValue(address, out string? name))
        {
            if (_names.Count >= NameCacheSize)
            {
                _names.Clear();
            }

            name = address.ToString();
            _names.Add(address, name);
        }

        return name;
    }

    private RouteAttributes SetOf(int number)
    {
        RouteAttributes set = _attributes[number];
        if (set.PolicyVersion != _policy.Version)
        {
            _policy.Evaluate(set, _nameOf);
        }

        return set;
    }

    private readonly struct EntryKeys(StructPool<RibEntry> entries) : ISlotItems<RibKey>
    {
        public ref readonly RibKey KeyOf(int index) => ref entries[index].Key;
    }

    private readonly struct ImportKeys(StructPool<ImportItem> imports) : ISlotItems<ImportKey>
    {
        public ref readonly ImportKey KeyOf(int index) => ref imports[index].Key;
    }
}
