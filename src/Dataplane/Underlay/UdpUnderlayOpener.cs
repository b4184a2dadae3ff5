using System.Collections.Immutable;
using Overlay.Dataplane.HandOver;
using Overlay.Dataplane.Interop;
using Overlay.Dataplane.Steering;
using Overlay.Encap;
using Overlay.Forwarding.Topology;
using static Overlay.Dataplane.Interop.LinuxConstants;

namespace Overlay.Dataplane.Underlay;

/// <summary>Opens the sockets of an underlay and collects what went wrong. Used once.</summary>
internal sealed class UdpUnderlayOpener(UnderlaySpec spec, ulong portSeed = 0, InheritedDescriptors? inherited = null)
{
    internal const int ReceiveBuffer = 8 << 20;
    private const int SendBuffer = 4 << 20;
    private readonly Dictionary<(EncapKind Encap, UnderlayAddress Address), UdpSocket[]> _adopted = [];
    private bool _withLane;
    private int _count;

    internal ImmutableArray<string>.Builder Errors { get; } = ImmutableArray.CreateBuilder<string>();

    internal ImmutableArray<string>.Builder Warnings { get; } = ImmutableArray.CreateBuilder<string>();

    /// <summary>Why the kernel refused to steer datagrams to the lane; 0 if it did not.</summary>
    internal int LaneError { get; private set; }

    /// <summary>Receiving sockets by worker. Incomplete when there are <see cref="Errors"/> or a <see cref="LaneError"/>.</summary>
    /// <param name="workers">Workers.</param>
    /// <param name="withLane">Whether there is one more, that of the lane.</param>
    internal ReceiveSocket[][] OpenReceivers(int workers, bool withLane)
    {
        _withLane = withLane;
        _count = withLane ? workers + 1 : workers;
        var sockets = new List<ReceiveSocket>[withLane ? workers + 1 : workers];
        for (int worker = 0; worker < sockets.Length; worker++)
            sockets[worker] = [];
        AdoptReceivers();
        OpenReceivers(sockets, EncapKind.Vxlan, spec.VxlanPort);
        OpenReceivers(sockets, EncapKind.Geneve, spec.GenevePort);
        return Array.ConvertAll(sockets, list => list.ToArray());
    }

    /// <summary>
    /// Sockets to take the place of those of all workers for an address and encapsulation. The kernel lets a socket join those that share its port only when it is bound to
    /// the port: one whose device has another index now has to be made anew.
    /// </summary>
    /// <param name="old">The sockets, as they were bound.</param>
    /// <returns>The new ones; null if there are <see cref="Errors"/>.</returns>
    internal UdpSocket[]? Reopen(ReceiveSocket[] old)
    {
        var sockets = new List<UdpSocket>();
        foreach (ReceiveSocket socket in old)
        {
            if (OpenReceiver(socket.Address, socket.Port, socket.Encap, reusePort: true, quiet: true) is UdpSocket opened)
                sockets.Add(opened);
        }

        if (Errors.Count == 0 && old[^1].Steering is SocketSteering steering && steering.TryAttach(sockets[^1], old.Length - 1) is int result and < 0)
            Errors.Add($"{old[0].Address} UDP port {old[0].Port}: no priority lane: {Bpf.Describe(result)}");
        if (Errors.Count == 0)
            return [.. sockets];
        sockets.ForEach(socket => socket.Dispose());
        return null;
    }

    /// <summary>Sending sockets of a family; none if no local address has it. Incomplete when there are <see cref="Errors"/>.</summary>
    internal UdpSocket[] OpenSenders(AddressFamilyKind family)
    {
        UnderlayAddress? source = spec.Local.Where(local => local.Family == family).Select(local => (UnderlayAddress?)local).FirstOrDefault();
        if (source is not UnderlayAddress address)
            return [];
        var sockets = new List<UdpSocket>();
        int range = spec.SourcePortLast - spec.SourcePortFirst + 1;
        int wanted = Math.Min(spec.SourcePortCount, range);
        var skipped = new List<int>();
        for (int i = 0; i < wanted; i++)
        {
            int first = spec.SourcePortFirst + (int)((long)i * range / wanted);
            int end = spec.SourcePortFirst + (int)((i + 1L) * range / wanted);
            UdpSocket? socket = OpenSender(in address, first, end, OffsetOf(family, i, end - first), skipped);
            if (socket is not null)
                sockets.Add(socket);
            if (Errors.Count != 0)
                break;
        }

        if (skipped.Count != 0)
            Warnings.Add($"{family} source ports in use were skipped: {string.Join(", ", skipped.Take(16))}{(skipped.Count > 16 ? " …" : "")}");
        if (sockets.Count == 0 && Errors.Count == 0)
            Errors.Add($"{family}: every source port from {spec.SourcePortFirst} to {spec.SourcePortLast} is in use");
        return [.. sockets];
    }

    // An ICMP error is believed by the port it quotes: which one of its share a socket has must not be known to who did not see its datagrams.
    private int OffsetOf(AddressFamilyKind family, int socket, int count)
    {
        if (portSeed == 0)
            return 0;

        ulong mixed = (portSeed + ((ulong)family << 32) + (uint)socket + 1) * 0x9E37_79B9_7F4A_7C15;
        mixed = (mixed ^ (mixed >> 31)) * 0xBF58_476D_1CE4_E5B9;
        return (int)((mixed ^ (mixed >> 29)) % (ulong)count);
    }

    /// <summary>Receiving sockets of a multicast group, one an encapsulation, not joined yet. Incomplete when there are <see cref="Errors"/>.</summary>
    /// <param name="group">The group, scoped to the device's index if its scope is the link.</param>
    /// <param name="device">The device.</param>
    internal ImmutableArray<ReceiveSocket> OpenGroup(in UnderlayAddress group, string device)
    {
        var sockets = ImmutableArray.CreateBuilder<ReceiveSocket>();
        foreach ((EncapKind encap, ushort? port) in new[] { (EncapKind.Vxlan, spec.VxlanPort), (EncapKind.Geneve, spec.GenevePort) })
        {
            if (port is { } number && OpenReceiver(in group, number, encap, reusePort: false, quiet: true, device) is { } socket)
                sockets.Add(new ReceiveSocket(socket, group, number, encap));
        }

        return sockets.ToImmutable();
    }

    /// <summary>What was adopted was closed, and is not used: before sockets are opened once more.</summary>
    internal void GiveUpAdopted()
    {
        foreach ((EncapKind encap, UnderlayAddress address) in _adopted.Keys)
        {
            ushort port = (encap == EncapKind.Vxlan ? spec.VxlanPort : spec.GenevePort) ?? 0;
            for (int index = 0; index < _count; index++)
                inherited!.Note(NameOf(encap, in address, port, index), "the kernel does not steer to a lane");
        }

        _adopted.Clear();
        inherited?.Settle();
    }

    private void OpenReceivers(List<ReceiveSocket>[] sockets, EncapKind encap, ushort? port)
    {
        if (port is not ushort number)
            return;
        foreach (UnderlayAddress address in spec.Local)
        {
            if (_adopted.TryGetValue((encap, address), out UdpSocket[]? adopted))
            {
                for (int worker = 0; worker < sockets.Length; worker++)
                    sockets[worker].Add(new ReceiveSocket(adopted[worker], address, number, encap));
                if (_withLane && !TrySteer(sockets[^1], sockets.Length - 1, isInUse: true))
                    return;
                continue;
            }

            // SO_REUSEPORT would let a second daemon take half of our traffic unseen: a bind without it must succeed first.
            if (sockets.Length > 1)
            {
                using UdpSocket? probe = OpenReceiver(in address, number, encap, reusePort: false, quiet: true);
                if (probe is null)
                    return;
            }

            for (int worker = 0; worker < sockets.Length; worker++)
            {
                UdpSocket? socket = OpenReceiver(in address, number, encap, reusePort: sockets.Length > 1, quiet: worker > 0);
                if (socket is null)
                    return;
                sockets[worker].Add(new ReceiveSocket(socket, address, number, encap));
            }

            if (_withLane && !TrySteer(sockets[^1], sockets.Length - 1))
                return;
        }
    }

    private bool TrySteer(List<ReceiveSocket> lane, int workers, bool isInUse = false)
    {
        int result = SocketSteering.TryAttach(lane[^1].Socket, workers, out SocketSteering? steering, isInUse);
        if (result < 0)
            LaneError = result;
        else
            lane[^1] = lane[^1] with { Steering = steering };
        return result >= 0;
    }

    // All that share an address and port or none: the kernel numbers them as they were bound, and what comes to one that nobody reads is lost.
    private void AdoptReceivers()
    {
        if (inherited is not { IsEmpty: false } handed)
            return;
        foreach ((EncapKind encap, ushort? port) in new[] { (EncapKind.Vxlan, spec.VxlanPort), (EncapKind.Geneve, spec.GenevePort) })
        {
            if (port is not ushort number)
                continue;
            foreach (UnderlayAddress address in spec.Local)
            {
                if (!handed.Has(DescriptorNames.Udp(encap, in address, number, 0)))
                    continue;
                var sockets = new List<UdpSocket>();
                for (int index = 0; index < _count && Adopt(handed, encap, in address, number, index) is UdpSocket socket; index++)
                    sockets.Add(socket);
                bool hasMore = handed.Has(DescriptorNames.Udp(encap, in address, number, _withLane ? _count - 1 : _count)) || (!_withLane && handed.Has(DescriptorNames.Udp(encap, in address, number, DescriptorNames.Lane)));
                if (sockets.Count == _count && !hasMore)
                {
                    _adopted[(encap, address)] = [.. sockets];
                    continue;
                }

                for (int index = 0; index < sockets.Count; index++)
                {
                    handed.Note(NameOf(encap, in address, number, index), "those that share its port are not all there, or more than are wanted");
                    sockets[index].Dispose();
                }
            }
        }

        handed.RefuseRest(DescriptorNames.Prefix + "udp.", "it is not wanted any more");
        handed.Settle();
    }

    private string NameOf(EncapKind encap, in UnderlayAddress address, ushort port, int index) =>
        DescriptorNames.Udp(encap, in address, port, _withLane && index == _count - 1 ? DescriptorNames.Lane : index);

    private UdpSocket? Adopt(InheritedDescriptors handed, EncapKind encap, in UnderlayAddress address, ushort port, int index)
    {
        string name = NameOf(encap, in address, port, index);
        if (handed.Take(name) is not FileDescriptor descriptor)
            return null;
        UdpSocket? socket = UdpSocket.Adopt(descriptor, in address, port, isShared: _count > 1, spec.Device, out string? fault);
        if (socket?.Cookie() is ulong cookie && !handed.IsNew(cookie))
            (socket, fault) = (null, "it is there under another name already");
        if (socket is null)
        {
            handed.Refuse(name, descriptor, fault!);
            return null;
        }

        // What a socket is asked to do for us may be configured otherwise now; that it waits in its buffer is what it was kept for.
        _ = socket.SetFreeBind();
        _ = socket.SetReceiveTos();
        _ = socket.SetReceiveOffload();
        _ = socket.SetNoChecksumOnReceive(spec.Checksum == ChecksumPolicy.ZeroBoth);
        return socket;
    }

    private UdpSocket? OpenReceiver(in UnderlayAddress address, ushort port, EncapKind encap, bool reusePort, bool quiet, string? groupDevice = null)
    {
        UdpSocket? socket = OpenCommon(in address);
        if (socket is null)
            return null;
        if (reusePort)
            Require(socket.Set(LevelSocket, SocketReusePort, 1), "SO_REUSEPORT");
        if (groupDevice is not null)
        {
            Require(socket.SetOwnGroupsOnly(), "IP_MULTICAST_ALL");
            Require(socket.BindDevice(groupDevice), $"device '{groupDevice}'");
        }

        Require(socket.SetReceiveTos(), "IP_RECVTOS");

        // A kernel without it hands over every datagram as a message of its own.
        _ = socket.SetReceiveOffload();
        if (spec.Checksum == ChecksumPolicy.ZeroBoth)
            Require(socket.SetNoChecksumOnReceive(true), "UDP_NO_CHECK6_RX");
        int obtained = socket.SetReceiveBuffer(ReceiveBuffer);
        if (obtained < ReceiveBuffer && !quiet)
            Warnings.Add($"receive buffer of {address} port {port} is {obtained} of {ReceiveBuffer} octets; run: sysctl -w net.core.rmem_max={ReceiveBuffer}");
        int result = groupDevice is null ? socket.Bind(in address, port) : BindShared(socket, in address, port, groupDevice);

        // What was handed over and refused may not be closed by everybody yet.
        while (result == -Errno.AddressInUse && groupDevice is null && inherited?.AwaitClose() == true)
            result = socket.Bind(in address, port);
        if (result == -Errno.AddressInUse)
        {
            string who = "another daemon or a kernel vxlan device holds it (see: ss -ulpn)";
            Errors.Add($"{address} UDP port {port} ({encap}): address already in use; {who}");
        }
        else if (result < 0)
        {
            Errors.Add($"{address} UDP port {port} ({encap}): {Errno.Describe(result)}");
        }

        if (Errors.Count == 0)
            return socket;
        socket.Dispose();
        return null;
    }

    // Another daemon of this host may be in the group too: each of us gets what comes from the wire, but nothing that the other sends, for the sending sockets do not loop it back
    // (nor does a kernel vxlan device). Whoever comes second finds out: a bind that shares nothing fails for it.
    private int BindShared(UdpSocket socket, in UnderlayAddress group, ushort port, string device)
    {
        int result = socket.Bind(in group, port);
        bool isShared = result == -Errno.AddressInUse;
        Require(socket.Set(LevelSocket, SocketReuseAddress, 1), "SO_REUSEADDR");
        if (!isShared)
            return result;
        result = socket.Bind(in group, port);
        if (result >= 0)
            Warnings.Add($"multicast group {group} on {device}, UDP port {port}: another program of this network namespace receives it too; if it is an overlayd in the same VNI, neither hears the other through the group: put them into namespaces of their own, or use flood.mode: head-end");
        return result;
    }

    private UdpSocket? OpenSender(in UnderlayAddress address, int first, int end, int offset, List<int> skipped)
    {
        UdpSocket? socket = OpenCommon(in address);
        if (socket is null)
            return null;

        // Before the bind, or what arrives in between would stay in the queue for ever.
        Require(socket.DropAllInput(), "SO_ATTACH_FILTER");
        Require(socket.SetReceiveErrors(), "IP_RECVERR");
        Require(socket.SetDontFragment(spec.DontFragment), "IP_MTU_DISCOVER");
        Require(socket.SetMulticastLoop(false), "IP_MULTICAST_LOOP");
        if (spec.Ttl != 0)
            Require(socket.SetTtl(spec.Ttl), "IP_TTL");
        bool zero = spec.Checksum == ChecksumPolicy.ZeroBoth || (spec.Checksum == ChecksumPolicy.ZeroIPv4 && address.IsIPv4);
        if (zero)
            Require(socket.SetNoChecksumOnSend(), "SO_NO_CHECK");
        _ = socket.SetSendBuffer(SendBuffer);
        for (int i = 0; i < end - first && Errors.Count == 0; i++)
        {
            int port = first + ((offset + i) % (end - first));
            int result = socket.Bind(in address, (ushort)port);
            if (result >= 0)
                return socket;
            if (result == -Errno.AddressInUse)
                skipped.Add(port);
            else
                Errors.Add($"{address} UDP source port {port}: {Errno.Describe(result)}");
        }

        socket.Dispose();
        return null;
    }

    private UdpSocket? OpenCommon(in UnderlayAddress address)
    {
        int result = UdpSocket.TryOpen(address.Family, out UdpSocket? socket);
        if (socket is null)
        {
            Errors.Add($"{address.Family} socket: {Errno.Describe(result)}");
            return null;
        }

        Require(socket.SetFreeBind(), "IP_FREEBIND");
        if (spec.Device is string device)
        {
            result = socket.BindDevice(device);
            if (result < 0)
                Errors.Add($"device '{device}': {Errno.Describe(result)}");
        }

        return socket;
    }

    private void Require(int result, string option)
    {
        if (result < 0)
            Errors.Add($"{option}: {Errno.Describe(result)}");
    }
}
