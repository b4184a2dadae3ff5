using System.Collections.Concurrent;
using System.Collections.Immutable;
using Overlay.Dataplane.Interop;
using Overlay.Encap;

namespace Overlay.Dataplane.Underlay;

/// <summary>
/// Reads the error queues of the sending sockets on a thread of its own: path MTUs go to the <see cref="PathMtuTable"/>, everything else is counted. Bounded in memory
/// and in work (a look-up an error, a pause after each round: what overflows the kernel's queue meanwhile is lost without harm).
/// </summary>
internal sealed class UnderlayErrorReader : IDisposable
{
    private const int EventCount = 32;
    private const int MaxErrorsARound = 1024;
    private const int PauseMilliseconds = 10;
    private const ulong StopTag = ulong.MaxValue;

    private readonly UdpSocket[] _sockets;
    private readonly Action<Exception>? _fault;
    private readonly PathMtuTable? _paths;
    private readonly Epoll _epoll = new(EventCount);
    private readonly Epoll _stopOnly = new(1);
    private readonly EventFd _wake = new();
    private readonly SocketErrorQueue _queue = new();
    private readonly ConcurrentDictionary<int, long> _counts = new();
    private readonly Thread _thread;
    private volatile bool _stopping;

    internal UnderlayErrorReader(UdpSocket[] sockets, Action<Exception>? fault, PathMtuTable? paths)
    {
        _paths = paths;
        _sockets = sockets;
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
        for (int i = 0; i < MaxErrorsARound && _queue.TryTake(socket.Descriptor, out UnderlayAddress destination, out int error, out uint info, out bool isLocal); i++)
            Note(in destination, error, info, isLocal);

        _ = socket.TakeError();
    }

    private void Note(in UnderlayAddress destination, int error, uint info, bool isLocal)
    {
        if (error != Errno.MessageTooLong)
            _ = _counts.AddOrUpdate(error, 1, static (_, count) => count + 1);
        else if (info != 0)
            _paths?.Note(in destination, (int)Math.Min(info, ushort.MaxValue), isLocal ? PathMtuSource.Kernel : PathMtuSource.Network);
    }
}
