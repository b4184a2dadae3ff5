using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Overlay.Dataplane.Interop;
using Overlay.Encap;

namespace Overlay.Dataplane.Underlay;

/// <summary>
/// Watches links, addresses and routes of a network namespace by rtnetlink and says when the local side of the underlay changed. When the kernel's
/// messages overflow (ENOBUFS) everything is read again. <b>Threading:</b> one thread of its own calls back; <see cref="Current"/> is safe from any.
/// </summary>
public sealed class UnderlayMonitor : IDisposable
{
    private const uint Groups = 0x1 | 0x10 | 0x100 | 0x40 | 0x400; // RTMGRP_LINK, IPV4_IFADDR, IPV6_IFADDR, IPV4_ROUTE, IPV6_ROUTE
    private const ushort GetLink = 18;
    private const ushort GetAddress = 22;
    private const ushort GetRoute = 26;
    private const ushort FlagRequest = 0x1;
    private const ushort FlagDump = 0x300;
    private const ushort AttributeDestination = 1;
    private const ulong NetlinkTag = 1;
    private const int BufferSize = 64 * 1024;
    private const uint MatchFib = 0x2000; // RTM_F_FIB_MATCH
    private const int MaxPeers = 64;
    private const int MaxRoutes = 1024;
    private const int RoutesPauseMilliseconds = 1000;
    private const int DumpTimeoutMilliseconds = 2000;
    private const int CoalesceMilliseconds = 50;
    private const int RefreshMilliseconds = 10_000;

    private readonly ImmutableArray<UnderlayAddress> _local;
    private readonly Func<IReadOnlyCollection<UnderlayAddress>> _peers;
    private readonly Action<UnderlayChange> _changed;
    private readonly Action<Exception>? _fault;
    private readonly byte[] _buffer = new byte[BufferSize];
    private readonly byte[] _answer = new byte[BufferSize];
    private readonly Epoll _answered = new(1);
    private readonly EventFd _wake = new();
    private readonly Epoll _epoll = new(2);
    private readonly Epoll _stopOnly = new(1);
    private NetlinkSocket? _events;
    private NetlinkSocket? _requests;
    private Thread? _thread;
    private UnderlayView _view;
    private bool _isStale;
    private UnderlayChange _current;
    private IReadOnlyDictionary<UnderlayAddress, int> _routeMtus = ImmutableDictionary<UnderlayAddress, int>.Empty;
    private long _routesReadAt;
    private bool _routesAreDue;
    private uint _sequence;
    private volatile bool _stopping;
    private volatile Watched _devices = new([]);

    /// <summary>Makes a monitor; nothing is opened yet.</summary>
    /// <param name="local">The configured local addresses.</param>
    /// <param name="peers">Underlay addresses of peers, asked for when a local address is on a loopback device. Called on any thread.</param>
    /// <param name="changed">Told about every change, on the monitor's thread.</param>
    /// <param name="fault">Told what a call back or a look at the kernel threw; the monitor goes on.</param>
    public UnderlayMonitor(
        ImmutableArray<UnderlayAddress> local,
        Func<IReadOnlyCollection<UnderlayAddress>> peers,
        Action<UnderlayChange> changed,
        Action<Exception>? fault = null)
    {
        _local = local;
        _view = new UnderlayView(local);
        _peers = peers;
        _changed = changed;
        _fault = fault;
        _current = _view.Evaluate(_ => 0, []);
    }

    /// <summary>The last snapshot.</summary>
    public UnderlayChange Current => Volatile.Read(ref _current);

    /// <summary>
    /// What the routes to peers take, in octets with the outer IP header, where that is less than the local addresses' devices do, or the route's own: by the route's MTU, by the MTU that IPv6
    /// has on the device (router advertisements set it), or by the device, which may be another than the local address is on (a tunnel). The kernel's cache of what ICMP told it is not in it. At most 1,024 peers; looked at every ten seconds, and when routes or peers change.
    /// </summary>
    public IReadOnlyDictionary<UnderlayAddress, int> RouteMtus => Volatile.Read(ref _routeMtus);

    /// <summary>How often everything was read again because messages were lost.</summary>
    public long OverflowCount { get; private set; }

    /// <summary>
    /// Reads the present state and starts watching, in the namespace of the calling thread. <see cref="Current"/> is right when this returns.
    /// </summary>
    /// <returns>Why it cannot watch; null if it does.</returns>
    public string? Start()
    {
        int result = NetlinkSocket.TryOpen(Groups, out _events);
        if (result >= 0)
            result = NetlinkSocket.TryOpen(0, out _requests);
        if (result < 0)
            return $"rtnetlink: {Errno.Describe(result)}";
        _ = _epoll.Add(_wake.Descriptor, LinuxConstants.EpollIn, 0);
        _ = _epoll.Add(_events!.Descriptor, LinuxConstants.EpollIn, NetlinkTag);
        _ = _stopOnly.Add(_wake.Descriptor, LinuxConstants.EpollIn, 0);
        _ = _answered.Add(_requests!.Descriptor, LinuxConstants.EpollIn, 0);
        ReadAll();
        Volatile.Write(ref _current, _view.Evaluate(RoutedMtu, _devices.Names));
        _thread = new Thread(Run) { IsBackground = true, Name = "overlay-rtnl" };
        _thread.Start();
        return null;
    }

    /// <summary>Tells of these devices too from now on, and no more of those named before; soon, and whenever one changes.</summary>
    /// <param name="names">Device names.</param>
    public void Watch(ImmutableArray<string> names)
    {
        if (_devices.Names.AsSpan().SequenceEqual(names.AsSpan()))
            return;
        _devices = new Watched(names);
        _wake.Set();
    }

    /// <summary>Looks at the routes to the peers again soon.</summary>
    public void Refresh() => _wake.Set();

    /// <inheritdoc/>
    public void Dispose()
    {
        _stopping = true;
        _wake.Set();
        _thread?.Join();
        _thread = null;
        _events?.Dispose();
        _requests?.Dispose();
        _epoll.Dispose();
        _stopOnly.Dispose();
        _answered.Dispose();
        _wake.Dispose();
    }

    private void Run()
    {
        while (!_stopping)
        {
            int count = _epoll.Wait(_routesAreDue ? RoutesPauseMilliseconds : RefreshMilliseconds);
            if (_stopping)
                return;
            try
            {
                Look();
            }
            catch (Exception exception)
            {
                _fault?.Invoke(exception);
            }

            // A flapping routing protocol sends thousands of messages a second; one look at all of them together is enough.
            if (count > 0)
                _ = _stopOnly.Wait(CoalesceMilliseconds);
        }
    }

    private void Look()
    {
        _wake.Clear();
        ReadEvents();
        UnderlayChange next = _view.Evaluate(RoutedMtu, _devices.Names);
        if (next != _current)
        {
            Volatile.Write(ref _current, next);
            _changed(next);
        }

        // A question a peer: not more often than every second, however fast routes change.
        _routesAreDue = Environment.TickCount64 - _routesReadAt < RoutesPauseMilliseconds;
        if (_routesAreDue)
            return;
        Volatile.Write(ref _routeMtus, ReadRouteMtus());
        _routesReadAt = Environment.TickCount64;
    }

    private void ReadEvents()
    {
        bool isComplete = !_isStale;
        while (!_stopping)
        {
            int length = _events!.Receive(_buffer);
            if (length is -Errno.NoBuffers or -Errno.MessageTooLong)
            {
                OverflowCount++;
                isComplete = false;
            }
            else if (length >= 0 && isComplete)
            {
                Apply(_buffer.AsSpan(0, length));
            }
            else if (length < 0 && isComplete)
            {
                return;
            }
            else if (length < 0)
            {
                // ENOBUFS overtakes what is still queued. That is older than what a dump says and would undo it: the queue is emptied first.
                ReadAll();
                if (_isStale)
                    return;
                isComplete = true;
            }
        }
    }

    private void Apply(ReadOnlySpan<byte> datagram)
    {
        var reader = new RtnetlinkReader(datagram);
        while (reader.TryRead(out RtnetlinkMessage message))
            _view.Apply(in message);
    }

    // What was known stays until all of it has been read anew; if that fails, the next look tries again.
    private void ReadAll()
    {
        var fresh = new UnderlayView(_local);
        _isStale = !Dump(GetLink, fresh) || !Dump(GetAddress, fresh);
        if (!_isStale)
            _view = fresh;
    }

    private bool Dump(ushort type, UnderlayView view)
    {
        // struct rtgenmsg with AF_UNSPEC, padded to the longest fixed header of the three.
        Span<byte> body = stackalloc byte[16];
        body.Clear();
        return Ask(type, FlagRequest | FlagDump, body, message => view.Apply(in message));
    }

    private int RoutedMtu(AddressFamilyKind family)
    {
        int smallest = 0;
        foreach (UnderlayAddress peer in _peers().Where(peer => peer.Family == family).Take(MaxPeers))
        {
            int mtu = MtuTowards(peer);
            if (mtu > 0 && (smallest == 0 || mtu < smallest))
                smallest = mtu;
        }

        return smallest;
    }

    private int MtuTowards(in UnderlayAddress peer)
    {
        // The route that is chosen names the device, of several too; its MTU may be what an ICMP message said. That of the table's route is what was configured.
        int device = _view.MtuOf(RouteTo(in peer, 0).Index);
        int route = RouteTo(in peer, MatchFib).Mtu;
        return route > 0 ? route : device;
    }

    private Dictionary<UnderlayAddress, int> ReadRouteMtus()
    {
        var found = new Dictionary<UnderlayAddress, int>();
        var ofDevices = new Dictionary<int, int>();
        foreach (UnderlayAddress peer in _peers().Take(MaxRoutes))
        {
            (int index, int limit) = peer.ScopeId != 0 ? ((int)peer.ScopeId, 0) : RouteTo(in peer, MatchFib);
            if (index == 0)
                index = RouteTo(in peer, 0).Index;
            if (!peer.IsIPv4)
            {
                if (!ofDevices.TryGetValue(index, out int six))
                    ofDevices.Add(index, six = IPv6MtuOf(index));
                limit = limit == 0 || six == 0 ? Math.Max(limit, six) : Math.Min(limit, six);
            }

            int device = _view.MtuOf(index);
            int taken = limit > 0 && device > 0 ? Math.Min(limit, device) : Math.Max(limit, device);
            bool isOfRoute = limit > 0 && (device == 0 || limit < device);
            if (isOfRoute || (taken > 0 && taken < LeastLocalMtu(peer.Family)))
                found[peer] = taken;
        }

        return found;
    }

    // 0 if there is none of the family.
    private int LeastLocalMtu(AddressFamilyKind family)
    {
        int least = 0;
        foreach (LocalAddressState local in _current.Addresses)
        {
            if (local.Address.Family == family && local.Mtu > 0 && (least == 0 || local.Mtu < least))
                least = local.Mtu;
        }

        return least;
    }

    // Rtnetlink tells it only among some hundred octets of a link's settings for IPv6. The file is that of this thread's namespace.
    private int IPv6MtuOf(int index)
    {
        if (_view.NameOf(index) is not { Length: > 0 } name)
            return 0;
        try
        {
            // Read again every few seconds: a reader of text would leave tens of kilobytes behind each time.
            using SafeFileHandle file = File.OpenHandle($"/proc/sys/net/ipv6/conf/{name}/mtu", FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            Span<byte> text = stackalloc byte[32];
            int length = RandomAccess.Read(file, text, 0);
            return int.TryParse(text[..length], NumberStyles.None | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out int mtu) ? mtu : 0;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    private (int Index, int Mtu) RouteTo(in UnderlayAddress peer, uint flags)
    {
        // struct rtmsg { u8 family, dst_len, src_len, tos, table, protocol, scope, type; u32 flags; } and RTA_DST.
        Span<byte> body = stackalloc byte[12 + 4 + 16];
        body.Clear();
        int length = peer.Length;
        body[0] = (byte)(peer.IsIPv4 ? LinuxConstants.FamilyInet : LinuxConstants.FamilyInet6);
        body[1] = (byte)(length * 8);
        MemoryMarshal.Write(body[8..], flags);
        MemoryMarshal.Write(body[12..], (ushort)(4 + length));
        MemoryMarshal.Write(body[14..], AttributeDestination);
        _ = peer.TryWriteBytes(body[16..], out _);
        (int Index, int Mtu) found = default;
        _ = Ask(GetRoute, FlagRequest, body[..(16 + length)], message =>
        {
            if (message.Kind == RtnetlinkKind.RouteNew)
                found = (message.Index, message.Mtu);
        });
        return found;
    }

    private sealed record Watched(ImmutableArray<string> Names);

    /// <summary>Sends a request and takes the answers to it, until the dump's end, the one answer, or a deadline.</summary>
    private bool Ask(ushort type, int flags, ReadOnlySpan<byte> body, Action<RtnetlinkMessage> take)
    {
        uint sequence = ++_sequence;
        byte[] request = new byte[16 + body.Length];
        MemoryMarshal.Write(request, (uint)request.Length);
        MemoryMarshal.Write(request.AsSpan(4), type);
        MemoryMarshal.Write(request.AsSpan(6), (ushort)flags);
        MemoryMarshal.Write(request.AsSpan(8), sequence);
        body.CopyTo(request.AsSpan(16));
        if (_requests!.Send(request) < 0)
            return false;

        byte[] buffer = _answer;
        while (true)
        {
            int length = _requests.Receive(buffer);
            if (length == -Errno.Again && _answered.Wait(DumpTimeoutMilliseconds) > 0)
                continue;
            if (length < 0)
                return false;
            var reader = new RtnetlinkReader(buffer.AsSpan(0, length));
            while (reader.TryRead(out RtnetlinkMessage message))
            {
                if (message.Sequence != sequence)
                    continue;
                if (message.Kind is RtnetlinkKind.Done)
                    return true;
                if (message.Kind is RtnetlinkKind.Error)
                    return false;
                take(message);
                if ((flags & FlagDump) == 0)
                    return true;
            }
        }
    }
}
