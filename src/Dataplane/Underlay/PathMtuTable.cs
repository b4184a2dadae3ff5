using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Overlay.Dataplane.Forwarding;
using Overlay.Encap;

namespace Overlay.Dataplane.Underlay;

/// <summary>
/// What the paths to next hops take, by what our kernel and the network say, and the only writer of <see cref="NextHop.PathMtu"/>. <b>Threading:</b> a lock, slow path only.
/// </summary>
/// <remarks>
/// <para>An ICMP error is unauthenticated: who guesses a source port and a peer's address can send one. So it only lowers what is known, never under a limit
/// (<c>listen.path_mtu_min</c>), for destinations that a next hop has, and is forgotten ten minutes after it was last said (RFC 1191 §6.3, RFC 8201 §4). Ports follow it only when it
/// has stood for a minute (<see cref="SteadyOf"/>). What our own kernel says is believed.</para>
/// <para>Bounded: an entry for each address that next hops have. An error costs one look-up; the next hops are listed anew for an unknown destination ten times a second at most.</para>
/// </remarks>
public sealed class PathMtuTable
{
    /// <summary>How long a path MTU is believed after it was last told.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    /// <summary>How long one that the network told has to stand before ports follow it.</summary>
    public static readonly TimeSpan SteadyAfter = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan ListPause = TimeSpan.FromMilliseconds(100);
    private readonly Func<IReadOnlyList<NextHop>> _hops;
    private readonly TimeProvider _time;
    private readonly int _floor;
    private readonly Action<UnderlayAddress, int>? _refused;
    private readonly Lock _lock = new();
    private readonly Dictionary<UnderlayAddress, Entry> _entries = [];
    private readonly Dictionary<UnderlayAddress, NextHop[]> _known = [];
    private IReadOnlyDictionary<UnderlayAddress, int> _routes = ImmutableDictionary<UnderlayAddress, int>.Empty;
    private long? _listedAt;
    private bool _isLimiting;
    private int _round;
    private int _version;

    /// <summary>Makes an empty table.</summary>
    /// <param name="hops">Lists the next hops in being. Called on any thread.</param>
    /// <param name="time">Clock.</param>
    /// <param name="floor">The least path MTU in octets that an ICMP message is believed, 68–65535.</param>
    /// <param name="refused">Told a destination and what the network said of it, where that is under the floor; once until it is forgotten.</param>
    public PathMtuTable(Func<IReadOnlyList<NextHop>> hops, TimeProvider time, int floor, Action<UnderlayAddress, int>? refused = null)
    {
        ArgumentNullException.ThrowIfNull(hops);
        ArgumentNullException.ThrowIfNull(time);
        _hops = hops;
        _time = time;
        _floor = floor;
        _refused = refused;
    }

    /// <summary>ICMP messages that named less than the floor. Any thread.</summary>
    public long RefusedCount { get; private set; }

    /// <summary>Changes whenever <see cref="SteadyOf"/> may give something else for some destination. Any thread.</summary>
    public int Version => Volatile.Read(ref _version);

    /// <summary>Messages about destinations that no next hop has. Any thread.</summary>
    public long StrangeCount { get; private set; }

    /// <summary>Somebody says what the path to a destination takes.</summary>
    /// <param name="destination">The outer destination. A link-local one without scope, as the kernel reports it of itself, is any with that address.</param>
    /// <param name="mtu">Octets, outer IP header included.</param>
    /// <param name="source">Who says so.</param>
    public void Note(in UnderlayAddress destination, int mtu, PathMtuSource source)
    {
        bool isRefused = false;
        lock (_lock)
        {
            if (Find(in destination) is not { } hops)
            {
                StrangeCount++;
                return;
            }

            if (source == PathMtuSource.Network && mtu < _floor)
                RefusedCount++;
            foreach (NextHop hop in hops)
            {
                ref Entry? entry = ref CollectionsMarshal.GetValueRefOrAddDefault(_entries, hop.Spec.Address, out _);
                entry ??= new Entry();
                isRefused |= Apply(entry, mtu, source);
                hop.SetPathMtu(EffectiveOf(hop.Spec.Address, out _));
            }

            _isLimiting = true;
        }

        if (isRefused)
            _refused?.Invoke(destination, mtu);
    }

    /// <summary>Gives the next hops in being what is known, forgets what is old or about nobody. Every second or so.</summary>
    /// <param name="routes">What the kernel's routes to destinations take, where that is less than the device.</param>
    public void Follow(IReadOnlyDictionary<UnderlayAddress, int> routes)
    {
        ArgumentNullException.ThrowIfNull(routes);
        lock (_lock)
        {
            if (!ReferenceEquals(routes, _routes) && !AreSame(routes, _routes))
                _version++;
            _routes = routes;
            if (!_isLimiting && routes.Count == 0)
                return;

            _round++;
            foreach (NextHop hop in _hops())
            {
                if (hop.IsGroup)
                    continue;

                if (_entries.TryGetValue(hop.Spec.Address, out Entry? entry))
                    entry.Round = _round;
                hop.SetPathMtu(EffectiveOf(hop.Spec.Address, out _));
            }

            foreach ((UnderlayAddress destination, Entry entry) in _entries)
            {
                Settle(entry);
                if (entry.Round != _round || (entry.Kernel == 0 && entry.Network == 0 && entry.Refused == 0))
                {
                    _ = _entries.Remove(destination);
                    _version++;
                }
            }

            _isLimiting = _entries.Count != 0 || routes.Count != 0;
        }
    }

    /// <summary>Forgets what was told: the paths are others now.</summary>
    public void Forget()
    {
        lock (_lock)
        {
            _entries.Clear();
            _version++;
        }
    }

    /// <summary>Everything that is known. Any thread.</summary>
    public ImmutableArray<PathMtu> List()
    {
        lock (_lock)
        {
            var list = ImmutableArray.CreateBuilder<PathMtu>();
            foreach (UnderlayAddress destination in _entries.Keys.Union(_routes.Keys))
            {
                int mtu = EffectiveOf(destination, out Entry? entry);
                if (mtu == 0 && entry is not { Refused: not 0 })
                    continue;
                bool isNetwork = mtu != 0 && entry is not null && entry.Network == mtu;
                long? stamp = isNetwork ? entry!.NetworkStamp : entry is not null && entry.Kernel == mtu ? entry.KernelStamp : null;
                TimeSpan age = stamp is { } at ? _time.GetElapsedTime(at) : TimeSpan.Zero;
                list.Add(new PathMtu(destination, mtu, isNetwork ? PathMtuSource.Network : PathMtuSource.Kernel, age, entry?.Refused ?? 0));
            }

            return list.ToImmutable();
        }
    }

    /// <summary>The path MTU towards a destination; null where nobody told one. Any thread.</summary>
    public int? Of(in UnderlayAddress destination)
    {
        lock (_lock)
            return EffectiveOf(destination, out _) is > 0 and var mtu ? mtu : null;
    }

    /// <summary>
    /// The path MTU towards a destination that ports may follow: what our kernel says, and what the network has said for a minute; null where there is none. Any thread.
    /// </summary>
    public int? SteadyOf(in UnderlayAddress destination)
    {
        lock (_lock)
        {
            _ = EffectiveOf(destination, out Entry? entry);
            int mtu = Least(Least(_routes.GetValueOrDefault(destination), entry?.Kernel ?? 0), entry?.Steady ?? 0);
            return mtu == 0 ? null : mtu;
        }
    }

    // True if it is the first message in a while that is not believed.
    private bool Apply(Entry entry, int mtu, PathMtuSource source)
    {
        long now = _time.GetTimestamp();
        Settle(entry);
        if (source == PathMtuSource.Kernel)
        {
            if (mtu != entry.Kernel)
                _version++;
            (entry.Kernel, entry.KernelStamp) = (mtu, now);
            return false;
        }

        bool isFirst = false;
        if (mtu < _floor)
        {
            isFirst = entry.Refused == 0;
            (entry.Refused, entry.RefusedStamp) = (Least(entry.Refused, mtu), now);
            mtu = _floor;
        }

        if (entry.Network != 0 && mtu > entry.Network)
            return isFirst;

        if (mtu != entry.Network)
            entry.NetworkSince = now;
        (entry.Network, entry.NetworkStamp) = (mtu, now);
        return isFirst;
    }

    private void Settle(Entry entry)
    {
        (int Kernel, int Steady) before = (entry.Kernel, entry.Steady);
        if (entry.Kernel != 0 && _time.GetElapsedTime(entry.KernelStamp) >= Lifetime)
            entry.Kernel = 0;
        if (entry.Refused != 0 && _time.GetElapsedTime(entry.RefusedStamp) >= Lifetime)
            entry.Refused = 0;
        if (entry.Network != 0 && _time.GetElapsedTime(entry.NetworkStamp) >= Lifetime)
            (entry.Network, entry.Steady) = (0, 0);
        else if (entry.Network != 0 && _time.GetElapsedTime(entry.NetworkSince) >= SteadyAfter)
            entry.Steady = entry.Network;
        if (before != (entry.Kernel, entry.Steady))
            _version++;
    }

    private static bool AreSame(IReadOnlyDictionary<UnderlayAddress, int> one, IReadOnlyDictionary<UnderlayAddress, int> other)
    {
        if (one.Count != other.Count)
            return false;
        foreach ((UnderlayAddress destination, int mtu) in one)
        {
            if (!other.TryGetValue(destination, out int known) || known != mtu)
                return false;
        }

        return true;
    }

    private int EffectiveOf(in UnderlayAddress destination, out Entry? entry)
    {
        int mtu = _routes.GetValueOrDefault(destination);
        if (!_entries.TryGetValue(destination, out entry))
            return mtu;

        Settle(entry);
        return Least(Least(mtu, entry.Kernel), entry.Network);
    }

    private NextHop[]? Find(in UnderlayAddress destination)
    {
        if (_known.TryGetValue(destination, out NextHop[]? hops) && !Array.Exists(hops, static hop => hop.IsReleased))
            return hops;

        if (_listedAt is { } at && _time.GetElapsedTime(at) < ListPause)
            return hops;

        _listedAt = _time.GetTimestamp();
        _known.Clear();
        foreach (NextHop hop in _hops())
        {
            if (hop.IsGroup)
                continue;

            Add(hop.Spec.Address, hop);
            if (hop.Spec.Address.ScopeId != 0)
                Add(hop.Spec.Address.WithScope(0), hop);
        }

        return _known.GetValueOrDefault(destination);

        void Add(UnderlayAddress address, NextHop hop) =>
            _known[address] = _known.TryGetValue(address, out NextHop[]? others) ? [.. others, hop] : [hop];
    }

    private static int Least(int one, int other) => one == 0 ? other : other == 0 ? one : Math.Min(one, other);

    // Octets, 0 for nothing.
    private sealed class Entry
    {
        internal int Kernel;
        internal long KernelStamp;
        internal int Network;
        internal long NetworkStamp;
        internal long NetworkSince;
        internal int Steady;
        internal int Refused;
        internal long RefusedStamp;
        internal int Round;
    }
}
