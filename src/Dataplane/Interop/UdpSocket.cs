using System.Runtime.CompilerServices;
using System.Text;
using Overlay.Encap;
using static Overlay.Dataplane.Interop.LinuxConstants;

namespace Overlay.Dataplane.Interop;

/// <summary>A non-blocking UDP socket of one family. Results are values or a negative errno; set-up is single-threaded, I/O is not.</summary>
internal sealed unsafe class UdpSocket : IDisposable
{
    private const int MemoryInfoCount = 9;
    private const int MemoryInfoDrops = 8;
    private readonly FileDescriptor _descriptor;
    private readonly Lock _replacing = new();
    private uint _dropsBefore;

    private UdpSocket(FileDescriptor descriptor, AddressFamilyKind family)
    {
        _descriptor = descriptor;
        Id = descriptor.Id;
        Family = family;
    }

    /// <summary>Another one when another socket is under the descriptor.</summary>
    internal long Id { get; private set; }

    /// <summary>It was opened by the process before this one.</summary>
    internal bool IsInherited { get; private set; }

    /// <summary>The family.</summary>
    internal AddressFamilyKind Family { get; }

    /// <summary>The descriptor; −1 once closed.</summary>
    internal int Descriptor => _descriptor.Value;

    private bool IsIPv4 => Family == AddressFamilyKind.IPv4;

    /// <summary>Opens a socket. An IPv6 one takes no IPv4 traffic.</summary>
    internal static int TryOpen(AddressFamilyKind family, out UdpSocket? socket)
    {
        int domain = family == AddressFamilyKind.IPv4 ? FamilyInet : FamilyInet6;
        int result = Libc.Result(Libc.Socket(domain, TypeDatagram | TypeNonBlock | TypeCloseOnExec, 0));
        socket = result < 0 ? null : new UdpSocket(new FileDescriptor(result), family);
        if (socket is not null && family == AddressFamilyKind.IPv6)
            _ = socket.Set(LevelIpv6, Ipv6Only, 1);
        return Math.Min(result, 0);
    }

    /// <summary>Takes over a socket that another process opened: a UDP socket of a family, bound to an address, port and device, in the caller's network namespace.</summary>
    /// <param name="descriptor">The socket; owned by the result, if there is one.</param>
    /// <param name="address">The address it should be bound to.</param>
    /// <param name="port">The port.</param>
    /// <param name="isShared">Whether it should be one of those that share the port (SO_REUSEPORT).</param>
    /// <param name="device">The device it should be bound to; null for none.</param>
    /// <param name="fault">Why it is not that; null if it is.</param>
    internal static UdpSocket? Adopt(FileDescriptor descriptor, in UnderlayAddress address, ushort port, bool isShared, string? device, out string? fault)
    {
        int number = descriptor.Value;
        fault = null;
        if (Descriptors.Option(number, LevelSocket, SocketDomain) != (address.IsIPv4 ? FamilyInet : FamilyInet6)
            || Descriptors.Option(number, LevelSocket, LinuxConstants.SocketType) != TypeDatagram
            || Descriptors.Option(number, LevelSocket, SocketProtocol) != ProtocolUdp)
        {
            fault = $"it is no UDP socket of {address.Family}";
            return null;
        }

        var socket = new UdpSocket(descriptor, address.Family) { IsInherited = true };
        if (socket.LocalAddress() is not (var bound, var boundPort) || bound != address || boundPort != port)
            fault = "it is bound to something else";
        else if (Descriptors.Option(number, LevelSocket, SocketReusePort) != (isShared ? 1 : 0))
            fault = isShared ? "it does not share its port" : "it shares its port";
        else if (socket.BoundDeviceName() != (device ?? ""))
            fault = "it is bound to another device";
        else if (IsOfOtherNamespace(number))
            fault = "it is of another network namespace";
        else if (Descriptors.Assert(number) is int result and < 0)
            fault = Errno.Describe(result);
        return fault is null ? socket : null;
    }

    /// <summary>Tells a socket from all others of the kernel; null if the kernel does not say.</summary>
    internal ulong? Cookie() => Descriptors.LongOption(Descriptor, LevelSocket, SocketCookie);

    /// <summary>Sets an integer option.</summary>
    internal int Set(int level, int option, int value) => Libc.SetInt(Descriptor, level, option, value);

    /// <summary>Reads an integer option.</summary>
    internal int Get(int level, int option)
    {
        int value = 0;
        uint length = sizeof(int);
        int result = Libc.Result(Libc.GetSockOpt(Descriptor, level, option, &value, &length));
        return result < 0 ? result : value;
    }

    /// <summary>Lets the socket be bound to an address that does not exist (yet, or any more).</summary>
    internal int SetFreeBind() => IsIPv4 ? Set(LevelIp, IpFreeBind, 1) : Set(LevelIpv6, Ipv6FreeBind, 1);

    /// <summary>Asks for the TOS or traffic class of what is received.</summary>
    internal int SetReceiveTos() => IsIPv4 ? Set(LevelIp, IpRecvTos, 1) : Set(LevelIpv6, Ipv6RecvTrafficClass, 1);

    /// <summary>Lets the kernel hand over consecutive datagrams of a flow as one message (Linux 5.0; udp(7), UDP_GRO).</summary>
    internal int SetReceiveOffload() => Set(LevelUdp, UdpGro, 1);

    /// <summary>Asks for an error queue.</summary>
    internal int SetReceiveErrors() => IsIPv4 ? Set(LevelIp, IpRecvErr, 1) : Set(LevelIpv6, Ipv6RecvErr, 1);

    /// <summary>Sets the default TTL or hop limit.</summary>
    internal int SetTtl(int ttl) => IsIPv4 ? Set(LevelIp, IpTtl, ttl) : Set(LevelIpv6, Ipv6UnicastHops, ttl);

    /// <summary>Whether what is sent to a group comes back to sockets of this host that joined it.</summary>
    internal int SetMulticastLoop(bool on) => IsIPv4 ? Set(LevelIp, IpMulticastLoop, on ? 1 : 0) : Set(LevelIpv6, Ipv6MulticastLoop, on ? 1 : 0);

    /// <summary>Takes only what is sent to groups that this very socket joined, not to those that others on this host did.</summary>
    internal int SetOwnGroupsOnly() => IsIPv4 ? Set(LevelIp, IpMulticastAll, 0) : Set(LevelIpv6, Ipv6MulticastAll, 0);

    /// <summary>Joins a multicast group on an interface; the kernel says so to the network (IGMP, MLD).</summary>
    internal int JoinGroup(in UnderlayAddress group, int interfaceIndex) => Membership(MulticastJoinGroup, in group, interfaceIndex);

    /// <summary>Leaves a group that was joined on an interface, which may have gone.</summary>
    internal int LeaveGroup(in UnderlayAddress group, int interfaceIndex) => Membership(MulticastLeaveGroup, in group, interfaceIndex);

    /// <summary>Sets Don't Fragment (refuse what does not fit the device) or lets the kernel fragment.</summary>
    /// <remarks>
    /// PROBE and not DO: with DO the kernel refuses by its own cache of path MTUs, which anybody's forged ICMP can lower to 552 octets, and nothing we decide could undo that.
    /// With PROBE it goes by the device alone, and what ICMP says comes to the error queue all the same.
    /// </remarks>
    internal int SetDontFragment(bool on)
    {
        int mode = on ? PathMtuDiscoveryProbe : PathMtuDiscoveryDont;
        return IsIPv4 ? Set(LevelIp, IpMtuDiscover, mode) : Set(LevelIpv6, Ipv6MtuDiscover, mode);
    }

    /// <summary>Sends with a zero UDP checksum.</summary>
    internal int SetNoChecksumOnSend() => IsIPv4 ? Set(LevelSocket, SocketNoCheck, 1) : Set(LevelUdp, UdpNoCheck6Tx, 1);

    /// <summary>Whether the kernel cuts one long message into datagrams (UDP_SEGMENT). It refuses to where it was told to leave the checksum out.</summary>
    internal bool CanSegment() =>
        Get(LevelUdp, UdpSegment) >= 0 && Get(LevelSocket, SocketNoCheck) == 0 && (IsIPv4 || Get(LevelUdp, UdpNoCheck6Tx) == 0);

    /// <summary>Accepts a zero UDP checksum on IPv6 (RFC 6936 section 4); IPv4 always does.</summary>
    internal int SetNoChecksumOnReceive(bool accept) => IsIPv4 ? 0 : Set(LevelUdp, UdpNoCheck6Rx, accept ? 1 : 0);

    /// <summary>Asks for a buffer of so many octets, past the administrator's limit where we may. Gives the octets obtained.</summary>
    internal int SetReceiveBuffer(int octets) => SetBuffer(SocketReceiveBufferForce, SocketReceiveBuffer, octets);

    /// <inheritdoc cref="SetReceiveBuffer"/>
    internal int SetSendBuffer(int octets) => SetBuffer(SocketSendBufferForce, SocketSendBuffer, octets);

    /// <summary>Binds to a device.</summary>
    internal int BindDevice(string device)
    {
        byte* name = stackalloc byte[16];
        var span = new Span<byte>(name, 16);
        span.Clear();
        int length = Encoding.ASCII.GetBytes(device, span[..15]);
        return Libc.Result(Libc.SetSockOpt(Descriptor, LevelSocket, SocketBindToDevice, name, (uint)length + 1));
    }

    /// <summary>The index of the device it is bound to, which may be gone; 0 if it is bound to none, a negative errno before Linux 5.1.</summary>
    internal int BoundDevice() => Get(LevelSocket, SocketBindToIndex);

    /// <summary>
    /// Puts another socket in the place of this one, under this one's descriptor; what waits in this one is lost. An epoll forgets the descriptor by that.
    /// 0, or a negative errno and nothing has changed.
    /// </summary>
    /// <param name="other">Taken over; closed if it replaces this one.</param>
    internal int Replace(UdpSocket other)
    {
        lock (_replacing)
        {
            uint drops = Drops();
            int result = Libc.Result(Libc.Dup3(other.Descriptor, Descriptor, TypeCloseOnExec));
            if (result < 0)
                return result;
            _dropsBefore = drops;
            Id = other.Id;
            IsInherited = false;
            other.Dispose();
            return 0;
        }
    }

    /// <summary>Makes the kernel drop everything that arrives: the socket only sends. Its error queue still works.</summary>
    internal int DropAllInput()
    {
        // struct sock_filter { u16 code; u8 jt, jf; u32 k; }: BPF_RET | BPF_K with 0 octets accepted.
        ulong instruction = 0x06;
        byte* program = stackalloc byte[16];
        Unsafe.WriteUnaligned(program, 1ul);
        Unsafe.WriteUnaligned(program + 8, (nint)(&instruction));
        return Libc.Result(Libc.SetSockOpt(Descriptor, LevelSocket, SocketAttachFilter, program, 16));
    }

    /// <summary>Lets a program choose among the sockets that share this one's address and port (SO_REUSEPORT).</summary>
    internal int AttachReusePort(int program) => Set(LevelSocket, SocketAttachReusePortProgram, program);

    /// <summary>Binds to an address and port.</summary>
    internal int Bind(in UnderlayAddress address, ushort port)
    {
        byte* name = stackalloc byte[SockAddr.Size];
        int length = SockAddr.Write(new Span<byte>(name, SockAddr.Size), in address, port);
        return Libc.Result(Libc.Bind(Descriptor, name, (uint)length));
    }

    /// <summary>The port it is bound to; 0 if it is not.</summary>
    internal ushort LocalPort()
    {
        byte* name = stackalloc byte[SockAddr.Size];
        uint length = SockAddr.Size;
        if (Libc.GetSockName(Descriptor, name, &length) < 0)
            return 0;
        return SockAddr.TryRead(new ReadOnlySpan<byte>(name, (int)length), out _, out ushort port) ? port : (ushort)0;
    }

    private (UnderlayAddress Address, ushort Port)? LocalAddress()
    {
        byte* name = stackalloc byte[SockAddr.Size];
        uint length = SockAddr.Size;
        if (Libc.GetSockName(Descriptor, name, &length) < 0)
            return null;
        return SockAddr.TryRead(new ReadOnlySpan<byte>(name, (int)length), out UnderlayAddress address, out ushort port) ? (address, port) : null;
    }

    private string BoundDeviceName()
    {
        byte* name = stackalloc byte[16];
        uint length = 16;
        return Libc.GetSockOpt(Descriptor, LevelSocket, SocketBindToDevice, name, &length) < 0 || length == 0 ? "" : Encoding.ASCII.GetString(name, (int)length - 1);
    }

    // A kernel before 5.14 does not say.
    private static bool IsOfOtherNamespace(int descriptor)
    {
        ulong? theirs = Descriptors.LongOption(descriptor, LevelSocket, SocketNamespaceCookie);
        int own = Libc.Result(Libc.Socket(FamilyInet, TypeDatagram | TypeCloseOnExec, 0));
        if (own < 0)
            return false;
        using var here = new FileDescriptor(own);
        return theirs is not null && Descriptors.LongOption(own, LevelSocket, SocketNamespaceCookie) is ulong ours && ours != theirs;
    }

    /// <summary>
    /// Datagrams the kernel dropped at this socket, and at those it replaced, since it was opened. The number that SO_RXQ_OVFL hands out with datagrams, read when somebody
    /// asks instead of with each datagram; so drops after the last datagram are in it too.
    /// </summary>
    internal uint Drops()
    {
        uint* values = stackalloc uint[MemoryInfoCount];
        uint length = MemoryInfoCount * sizeof(uint);
        lock (_replacing)
        {
            int result = Libc.GetSockOpt(Descriptor, LevelSocket, SocketMemoryInfo, values, &length);
            return _dropsBefore + (result < 0 || length < MemoryInfoCount * sizeof(uint) ? 0 : values[MemoryInfoDrops]);
        }
    }

    /// <summary>Octets of memory that what waits here takes.</summary>
    internal uint Waiting()
    {
        uint* values = stackalloc uint[MemoryInfoCount];
        uint length = MemoryInfoCount * sizeof(uint);
        return Libc.GetSockOpt(Descriptor, LevelSocket, SocketMemoryInfo, values, &length) < 0 ? 0 : values[0];
    }

    /// <summary>Takes the pending error off the socket.</summary>
    internal int TakeError() => Get(LevelSocket, SocketError);

    /// <inheritdoc/>
    public void Dispose() => _descriptor.Dispose();

    private int Membership(int option, in UnderlayAddress group, int interfaceIndex)
    {
        // struct group_req { u32 interface; (aligned) struct sockaddr_storage group; }
        const int GroupOffset = 8;
        const int Size = GroupOffset + 128;
        byte* request = stackalloc byte[Size];
        new Span<byte>(request, Size).Clear();
        Unsafe.WriteUnaligned(request, interfaceIndex);
        _ = SockAddr.Write(new Span<byte>(request + GroupOffset, SockAddr.Size), in group, 0);
        return Libc.Result(Libc.SetSockOpt(Descriptor, IsIPv4 ? LevelIp : LevelIpv6, option, request, Size));
    }

    private int SetBuffer(int forced, int plain, int octets)
    {
        if (Set(LevelSocket, forced, octets) < 0)
            _ = Set(LevelSocket, plain, octets);

        // The kernel reports twice what was asked for: the other half is its bookkeeping.
        return Get(LevelSocket, plain) / 2;
    }
}
