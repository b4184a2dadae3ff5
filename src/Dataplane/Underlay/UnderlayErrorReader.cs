using System.Collections.Concurrent;
using System.Collections.Immutable;
using Overlay.Dataplane.Interop;
using Overlay.Encap;

namespace Overlay.Dataplane.Underlay;

/// <summary>
/// Reads the error queues of the sending sockets on a thread of its own: path MTUs are kept by destination, everything else is counted. Bounded in memory
/// (destinations) and in work (a pause after each round: what overflows the kernel's queue meanwhile is lost without harm).
/// </summary>
internal sealed class UnderlayErrorReader : IDisposable
{
    private const int MaxDestinations = 4096;
    private const int EventCount = 32;
    private const int MaxErrorsARound = 1024;
    private const int IPv4MinPathMtu = 552;
    private const int IPv6MinPathMtu = 1280;
    private const int PauseMilliseconds = 10;
    private const ulong StopTag = ulong.MaxValue;
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    private readonly UdpSocket[] _sockets;
    private readonly TimeProvider _time;
    private readonly Action<Exception>? _fault;
    private readonly Action<UnderlayAddress, int>? _told;
    private readonly Epoll _epoll = new(EventCount);
    private readonly Epoll _stopOnly = new(1);
    private readonly EventFd _wake = new();
    private readonly SocketErrorQueue _queue = new();
    private readonly ConcurrentDictionary<UnderlayAddress, (int Mtu, long Stamp)> _pathMtus = new();
    private readonly ConcurrentDictionary<int, long> _counts = new();
    private readonly Thread _thread;
    private volatile bool _stopping;

    internal UnderlayErrorReader(UdpSocket[] sockets, TimeProvider time, Action<Exception>? fault, Action<UnderlayAddress, int>? told = null)
    {
        _told = told;
        _sockets = sockets;
        _time = time;
        _fault = fault;
        _ = _epoll.Add(_wake.Descriptor, LinuxConstants.EpollIn, StopTag);
        _ = _stopOnly.Add(_wake.Descriptor, LinuxConstants.EpollIn, StopTag);
        for (int i = 0; i < sockets.Length; i++)
        {
            // Errors are reported whether asked for or not. Edge-triggered: a pending error that a sender will take must not keep us awake.
            _ = _epoll.Add(sockets[i].Descriptor, LinuxConstants.EpollEdge, (ulong)i);
        }

        _thread = new Thread(Run) { IsBackground = true, Name = "overlay-icmp" };
        _thread.Start();
    }

    internal ImmutableArray<PathMtu> PathMtus() =>
    [
        .. _pathMtus.Select(pair => new PathMtu(pair.Key, pair.Value.Mtu, _time.GetElapsedTime(pair.Value.Stamp))).Where(path => path.Age < Lifetime),
    ];

    internal int? PathMtuOf(UnderlayAddress destination) =>
        _pathMtus.TryGetValue(destination, out (int Mtu, long Stamp) path) && _time.GetElapsedTime(path.Stamp) < Lifetime ? path.Mtu : null;

    /// <summary>Forgets all path MTUs: the paths are others now.</summary>
    internal void Forget() => _pathMtus.Clear();

    internal ImmutableSortedDictionary<int, long> Counts() => _counts.ToImmutableSortedDictionary();

    public void Dispose()
    {
        if (_stopping)
            return;
        _stopping = true;
        _wake.Set();
        _thread.Join();
        _epoll.Dispose();
        _stopOnly.Dispose();
        _wake.Dispose();
    }

    private void Run()
    {
        while (!_stopping)
        {
            int count = _epoll.Wait(-1);
            try
            {
                for (int i = 0; i < count; i++)
                {
                    ulong tag = _epoll.Tag(i);
                    if (tag < (ulong)_sockets.Length)
                        Drain(_sockets[(int)tag]);
                }
            }
            catch (Exception exception)
            {
                _fault?.Invoke(exception);
            }

            if (count > 0)
                _ = _stopOnly.Wait(PauseMilliseconds);
        }
    }

    private void Drain(UdpSocket socket)
    {
        for (int i = 0; i < MaxErrorsARound && _queue.TryTake(socket.Descriptor, out UnderlayAddress destination, out int error, out uint info); i++)
            Note(destination, error, info);

        _ = socket.TakeError();
    }

    private void Note(UnderlayAddress destination, int error, uint info)
    {
        if (error != Errno.MessageTooLong)
        {
            _ = _counts.AddOrUpdate(error, 1, static (_, count) => count + 1);
            return;
        }

        if (info is 0 or > ushort.MaxValue || destination.IsUnspecified)
            return;
        if (_pathMtus.Count >= MaxDestinations && !_pathMtus.ContainsKey(destination))
        {
            foreach ((UnderlayAddress old, (int _, long stamp)) in _pathMtus)
            {
                if (_time.GetElapsedTime(stamp) >= Lifetime)
                    _ = _pathMtus.TryRemove(old, out _);
            }

            if (_pathMtus.Count >= MaxDestinations)
                return;
        }

        // Anybody on the way can say any number. The kernel takes no smaller one for the route either (net.ipv4.route.min_pmtu; RFC 8200 §5).
        int mtu = Math.Max((int)info, destination.IsIPv4 ? IPv4MinPathMtu : IPv6MinPathMtu);
        _pathMtus[destination] = (mtu, _time.GetTimestamp());
        _told?.Invoke(destination, mtu);
    }
}
