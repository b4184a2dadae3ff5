using System.Collections.Immutable;
using Overlay.Dataplane.Interop;
using Overlay.Dataplane.Workers;
using Overlay.Encap;
using Overlay.Forwarding.Topology;

namespace Overlay.Dataplane.Underlay.Groups;

/// <summary>
/// Membership in one multicast group on one device, for however many VNIs flood to it: a receiving socket for each encapsulation, bound to the group and to the device, which
/// one worker reads. The kernel gives a multicast datagram to every socket that fits, so a socket a worker would deliver it once a worker.
/// </summary>
/// <remarks>
/// <b>Threading:</b> under the lock of <see cref="GroupTable"/>. Sockets belong to the network namespace of the thread that opens them: the caller of a reload, or the monitor's,
/// which is of the same. A device that was made again has another index: its sockets are opened anew.
/// </remarks>
internal sealed class GroupMembership(UnderlaySpec spec, UnderlayAddress group, string device, Action<string>? warn = null) : IDisposable
{
    // Calls of IsDue between two attempts at most: a minute.
    private const int LongestPause = 60;
    private ImmutableArray<ReceiveSocket> _sockets = [];
    private DecapWorker? _worker;
    private UdpReceiver? _receiver;
    private int _index;
    private long _dropsBefore;
    private (int Index, bool IsUp, bool HasSource)? _seen;
    private int _pause = 1;
    private int _untilDue = 1;

    /// <summary>The group.</summary>
    internal UnderlayAddress Group => group;

    /// <summary>The device.</summary>
    internal string Device => device;

    /// <summary>Why it is not joined; null if it is.</summary>
    internal string? Problem { get; private set; } = "not joined yet";

    /// <summary>Datagrams that the kernel dropped at its sockets, at those too that are closed.</summary>
    internal long KernelDrops => _dropsBefore + _sockets.Sum(static socket => (long)socket.Socket.Drops());

    /// <summary>How often its sockets were opened, or tried to be.</summary>
    internal long Attempts { get; private set; }

    /// <summary>Gives the sockets, those of now and of later, to a worker.</summary>
    internal void Attach(DecapWorker worker, UdpReceiver receiver)
    {
        _worker = worker;
        _receiver = receiver;
        foreach (ReceiveSocket socket in _sockets)
            _ = worker.Attach(receiver, socket);
    }

    /// <summary>
    /// Joins, joins again or waits, by what the device is like now. A membership outlives its link's going down; but who comes back, or gets an address to speak from, may sit at another
    /// switch, which has to hear of it. What is as it was is left alone: trying again is for <see cref="Retry"/>.
    /// </summary>
    /// <param name="index">The device's index; 0 if there is none.</param>
    /// <param name="isUp">It is up and has carrier.</param>
    /// <param name="hasSource">A local address of the group's family is there.</param>
    internal void Follow(int index, bool isUp, bool hasSource)
    {
        (int Index, bool IsUp, bool HasSource) now = (index, isUp, hasSource);
        if (now == _seen)
            return;

        bool isBack = _seen is { } before && index == before.Index && ((isUp && !before.IsUp) || (hasSource && !before.HasSource));
        _seen = now;
        _pause = _untilDue = 1;
        Act(isBack);
    }

    /// <summary>Whether what failed is to be tried again. To be asked once a second.</summary>
    internal bool IsDue() => Problem is not null && _seen is { Index: not 0 } && (_untilDue == 0 || --_untilDue == 0);

    /// <summary>Tries again what failed; the next time comes after twice the time.</summary>
    internal void Retry()
    {
        Act(isBack: false);
        _pause = _untilDue = Math.Min(_pause * 2, LongestPause);
    }

    private void Act(bool isBack)
    {
        int index = _seen!.Value.Index;
        if (index != _index)
            Close();

        if (index == 0)
            Problem = $"there is no device '{device}'";
        else if (_sockets.IsEmpty)
            Open(index);
        else if (isBack || Problem is not null)
            JoinAgain();
    }

    /// <inheritdoc/>
    public void Dispose() => Close();

    private void Open(int index)
    {
        Attempts++;
        var opener = new UdpUnderlayOpener(spec);
        ImmutableArray<ReceiveSocket> sockets = opener.OpenGroup(group.WithScope((uint)index), device);
        Problem = opener.Errors.FirstOrDefault();
        foreach (ReceiveSocket socket in sockets)
        {
            int result = Problem is null ? socket.Socket.JoinGroup(in group, index) : 0;
            if (result < 0)
                Problem = Errno.Describe(result);
        }

        if (Problem is not null)
        {
            // Tried again from the beginning.
            foreach (ReceiveSocket socket in sockets)
                socket.Socket.Dispose();

            return;
        }

        // A warning here is that somebody else has the group too.
        foreach (string warning in opener.Warnings)
            warn?.Invoke(warning);

        _index = index;
        _sockets = sockets;
        if (_worker is not null)
            Attach(_worker, _receiver!);
    }

    private void JoinAgain()
    {
        Problem = null;
        foreach (ReceiveSocket socket in _sockets)
        {
            _ = socket.Socket.LeaveGroup(in group, _index);
            int result = socket.Socket.JoinGroup(in group, _index);
            if (result < 0)
                Problem = Errno.Describe(result);
        }
    }

    // A worker may be about to read from them: they are closed when it has let them go.
    private void Close()
    {
        _dropsBefore = KernelDrops;
        foreach (ReceiveSocket socket in _sockets)
        {
            UdpSocket closing = socket.Socket;
            _ = closing.LeaveGroup(in group, _index);
            if (_worker is null)
                closing.Dispose();
            else
                _ = _worker.Detach(_receiver!, closing).ContinueWith(_ => closing.Dispose(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }

        _sockets = [];
        _index = 0;
    }
}
