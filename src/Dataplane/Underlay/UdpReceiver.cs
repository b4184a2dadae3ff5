using System.Collections.Immutable;
using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.HandOver;
using Overlay.Dataplane.Interop;
using Overlay.Dataplane.Steering;
using Overlay.Forwarding.Topology;

namespace Overlay.Dataplane.Underlay;

/// <summary>
/// The receiving sockets of an underlay by worker. A receive call takes many messages, and a message many datagrams of a flow where the kernel joined them
/// (UDP_GRO). <b>Threading:</b> a worker receives from its own sockets only; <see cref="Dispose"/> after the workers have ended.
/// </summary>
internal sealed class UdpReceiver : IDisposable
{
    // Long messages come as fast as short ones, and what is received in one call should still be in the processor's own cache when it is looked at.
    private const int OctetsPerCall = 512 << 10;
    private const int MinMessages = 8;
    private readonly ReceiveSocket[][] _sockets;
    private readonly int[][] _poll;
    private readonly ReceiveRing?[] _rings;
    private readonly int[] _limits;

    /// <summary>Takes over sockets, by worker.</summary>
    internal UdpReceiver(ReceiveSocket[][] sockets)
    {
        _sockets = sockets;
        _poll = Array.ConvertAll(sockets, own => Array.ConvertAll(own, socket => socket.Socket.Descriptor));
        _rings = new ReceiveRing?[sockets.Length];
        _limits = new int[sockets.Length];
        Array.Fill(_limits, MinMessages);
    }

    /// <summary>What is known of the flows in the lane, for each socket of a worker; null for sockets that are no lane.</summary>
    internal ImmutableArray<LaneTable?> Lanes(int worker) => [.. _sockets[worker].Select(socket => socket.Steering?.Lane)];

    /// <summary>Adds a socket to those of a worker. On its thread, or before it starts.</summary>
    /// <returns>The socket's index for <see cref="Receive"/>.</returns>
    internal int Add(int worker, in ReceiveSocket socket)
    {
        ReceiveSocket[] own = _sockets[worker];
        int free = Array.FindIndex(own, static place => place.Socket is null);
        int index = free < 0 ? own.Length : free;
        ReceiveSocket[] next = new ReceiveSocket[Math.Max(own.Length, index + 1)];
        own.CopyTo(next, 0);
        next[index] = socket;
        Volatile.Write(ref _sockets[worker], next);
        return index;
    }

    /// <summary>Takes a socket away from a worker; it is not closed. On the worker's thread, or after it has ended.</summary>
    internal void Remove(int worker, UdpSocket socket) =>
        Volatile.Write(ref _sockets[worker], [.. _sockets[worker].Select(place => place.Socket == socket ? default : place)]);

    /// <inheritdoc cref="IUnderlay.PollDescriptors"/>
    internal ReadOnlySpan<int> PollDescriptors(int worker) => _poll[worker];

    /// <inheritdoc cref="IUnderlay.Receive"/>
    internal bool Receive(int worker, int socket, DatagramBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        if (batch.HasPending)
        {
            batch.TakePending();
            return true;
        }

        ref readonly ReceiveSocket from = ref _sockets[worker][socket];
        if (from.Socket is null)
        {
            batch.Accept(0);
            return false;
        }

        ReceiveRing ring = RingFor(worker, batch.Slots);
        int limit = Math.Min(_limits[worker], batch.Slots.Count);
        int count = ring.Receive(from.Socket.Descriptor, limit);
        if (count <= 0)
        {
            batch.Accept(0);

            // A pending error (an address that went away) was taken by this call; more may be waiting behind it.
            return count < 0 && count is not (-Errno.Again or -Errno.BadDescriptor);
        }

        int octets = 0;
        for (int i = 0; i < count; i++)
        {
            ref DatagramMessage message = ref batch.Message(i);
            ring.Take(i, ref message);
            message.Info.Encap = from.Encap;
            if (message.SegmentLength > 0 && message.Length > message.SegmentLength
                && UncutSuperFrame.IsOne(batch.Slab.AsSpan(batch.Slots.FrameOffset(i), message.Length), from.Encap))
            {
                message.Info.InnerSegmentLength = (ushort)message.SegmentLength;
                message.SegmentLength = 0;
            }

            octets += message.Length;
        }

        _limits[worker] = (int)Math.Max(MinMessages, (long)OctetsPerCall * count / Math.Max(octets, 1));
        batch.Accept(count);
        return count >= limit || batch.HasPending;
    }

    /// <summary>
    /// Binds the sockets that were there at the start to a device that has another index now. Those that share an address and port are replaced, under their descriptors: binding one that has a port already
    /// takes it out of the group, after which the last one gets everything.
    /// </summary>
    /// <param name="device">The device.</param>
    /// <param name="index">Its index; sockets that are bound to it are not touched. Negative if the kernel does not tell: then all are bound as they are.</param>
    /// <param name="spec">What the sockets were opened by.</param>
    /// <param name="errors">What went wrong.</param>
    /// <returns>Whether sockets were replaced: who polls them has to begin anew.</returns>
    internal bool Rebind(string device, int index, UnderlaySpec spec, ICollection<string> errors)
    {
        bool isReplaced = false;
        for (int i = 0; i < _poll[0].Length; i++)
        {
            ReceiveSocket[] group = Array.ConvertAll(_sockets, own => own[i]);
            if (index > 0 && Array.TrueForAll(group, socket => socket.Socket.BoundDevice() == index))
                continue;
            var opener = new UdpUnderlayOpener(spec);
            if (index > 0 && group.Length > 1 && opener.Reopen(group) is UdpSocket[] fresh)
            {
                isReplaced = true;
                for (int worker = 0; worker < group.Length; worker++)
                {
                    if (group[worker].Socket.Replace(fresh[worker]) is int result and < 0)
                        errors.Add($"{group[worker].Address} UDP port {group[worker].Port}: {Errno.Describe(result)}");
                }

                continue;
            }

            foreach (ReceiveSocket socket in group)
            {
                if (socket.Socket.BindDevice(device) is int result and < 0)
                    errors.Add($"device '{device}': {Errno.Describe(result)}");
            }

            foreach (string error in opener.Errors)
                errors.Add($"{error}; one worker receives everything there until a restart");
        }

        return isReplaced;
    }

    /// <summary>What is open, with the names it has in a store. The sockets of groups are not kept.</summary>
    internal IEnumerable<HeldDescriptor> Held(bool hasLane)
    {
        for (int worker = 0; worker < _sockets.Length; worker++)
        {
            int index = hasLane && worker == _sockets.Length - 1 ? DescriptorNames.Lane : worker;
            foreach (ReceiveSocket socket in Volatile.Read(ref _sockets[worker]).Take(_poll[worker].Length))
                yield return new HeldDescriptor(DescriptorNames.Udp(socket.Encap, socket.Address, socket.Port, index), socket.Socket.Descriptor, socket.Socket.Id, socket.Socket.IsInherited);
        }
    }

    /// <summary>Gives all sockets buffers of so many octets, as far as the kernel lets us.</summary>
    internal void SetBuffers(int octets)
    {
        foreach (ReceiveSocket socket in _sockets.SelectMany(static own => Volatile.Read(ref own)).Where(static socket => socket.Socket is not null))
            _ = socket.Socket.SetReceiveBuffer(octets);
    }

    /// <summary>Gives sockets in which less waits than that smaller buffers. Whether all have them.</summary>
    /// <param name="octets">Octets of a buffer.</param>
    /// <param name="force">Whatever waits.</param>
    internal bool ShrinkBuffers(int octets, bool force)
    {
        bool isDone = true;
        foreach (ReceiveSocket socket in _sockets.SelectMany(static own => Volatile.Read(ref own)).Where(static socket => socket.Socket is not null))
        {
            if (force || socket.Socket.Waiting() < octets)
                _ = socket.Socket.SetReceiveBuffer(octets);
            else
                isDone = false;
        }

        return isDone;
    }

    /// <summary>The sockets with what the kernel dropped at them.</summary>
    internal ImmutableArray<UnderlaySocket> Describe()
    {
        var sockets = ImmutableArray.CreateBuilder<UnderlaySocket>();
        for (int worker = 0; worker < _sockets.Length; worker++)
        {
            foreach (ReceiveSocket socket in Volatile.Read(ref _sockets[worker]).Where(socket => socket.Socket is not null))
                sockets.Add(new UnderlaySocket(worker, socket.Address, socket.Port, socket.Encap, socket.Socket.Drops()));
        }

        return sockets.ToImmutable();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (ReceiveSocket socket in _sockets.SelectMany(own => own))
        {
            socket.Socket?.Dispose();
            socket.Steering?.Dispose();
        }
    }

    private ReceiveRing RingFor(int worker, PacketPool pool)
    {
        ReceiveRing? ring = _rings[worker];
        return ring is not null && ring.IsFor(pool.Slab)
            ? ring
            : _rings[worker] = new ReceiveRing(pool.Slab, pool.FrameOffset(0), pool.Stride, pool.FrameSize, pool.Count);
    }
}
