using System.Runtime.CompilerServices;
using static Overlay.Dataplane.Interop.LinuxConstants;

namespace Overlay.Dataplane.Interop;

/// <summary>
/// A packet socket on one network device (packet(7)): whole frames with a 10-octet virtio-net header, both ways, past the device's queueing discipline.
/// Results are values or a negative errno.
/// </summary>
internal static unsafe class PacketDevice
{
    /// <summary>Octets of <c>struct sockaddr_ll</c>: family(16) | protocol(16, network order) | ifindex(32) | hatype(16) | pkttype(8) | halen(8) | addr(64).</summary>
    private const int AddressSize = 20;
    private const int AddressIndexOffset = 4;

    /// <summary>Opens a socket on a device of the caller's namespace. The descriptor (non-blocking), or a negative errno.</summary>
    /// <param name="index">The device.</param>
    /// <param name="receiveBuffer">Octets that may wait for us, the kernel's bookkeeping included twice.</param>
    /// <param name="sendBuffer">Octets that may be on their way through the device.</param>
    internal static int Open(int index, int receiveBuffer, int sendBuffer)
    {
        // Protocol 0 receives nothing: what arrives before the options are set would come without its virtio-net header.
        int descriptor = Libc.Result(Libc.Socket(FamilyPacket, TypeRaw | TypeNonBlock | TypeCloseOnExec, 0));
        if (descriptor < 0)
            return descriptor;
        int result = Libc.SetInt(descriptor, LevelPacket, PacketVnetHeader, 1);
        if (result >= 0)
            result = Libc.SetInt(descriptor, LevelPacket, PacketAuxiliaryData, 1);
        if (result >= 0)
            result = Libc.SetInt(descriptor, LevelPacket, PacketIgnoreOutgoing, 1);
        _ = Libc.SetInt(descriptor, LevelPacket, PacketQdiscBypass, 1);
        SetBuffer(descriptor, SocketReceiveBufferForce, SocketReceiveBuffer, receiveBuffer);
        SetBuffer(descriptor, SocketSendBufferForce, SocketSendBuffer, sendBuffer);
        if (result >= 0)
            result = BindTo(descriptor, index);
        if (result >= 0)
            result = SetPromiscuous(descriptor, index);
        if (result >= 0)
            return descriptor;
        _ = Libc.Close(descriptor);
        return result;
    }

    /// <summary>The index of the device that the socket is bound to; negative once the device is gone (or has left the namespace).</summary>
    internal static int BoundIndex(int descriptor)
    {
        byte* name = stackalloc byte[AddressSize];
        uint length = AddressSize;
        int result = Libc.Result(Libc.GetSockName(descriptor, name, &length));
        return result < 0 ? result : Unsafe.ReadUnaligned<int>(name + AddressIndexOffset);
    }

    /// <summary>Frames that the kernel dropped since the last call because the receive buffer was full; 0 if it does not say.</summary>
    internal static uint TakeDrops(int descriptor)
    {
        // struct tpacket_stats { u32 tp_packets; u32 tp_drops; }: reading clears it.
        uint* values = stackalloc uint[2];
        uint length = 2 * sizeof(uint);
        return Libc.GetSockOpt(descriptor, LevelPacket, PacketStatistics, values, &length) < 0 ? 0 : values[1];
    }

    private static int BindTo(int descriptor, int index)
    {
        byte* name = stackalloc byte[AddressSize];
        new Span<byte>(name, AddressSize).Clear();
        Unsafe.WriteUnaligned(name, (ushort)FamilyPacket);
        name[3] = (byte)AllProtocols;
        Unsafe.WriteUnaligned(name + AddressIndexOffset, index);
        return Libc.Result(Libc.Bind(descriptor, name, AddressSize));
    }

    private static int SetPromiscuous(int descriptor, int index)
    {
        // struct packet_mreq { int ifindex; u16 type; u16 alen; u8 address[8]; }: ends with the socket.
        byte* request = stackalloc byte[16];
        new Span<byte>(request, 16).Clear();
        Unsafe.WriteUnaligned(request, index);
        Unsafe.WriteUnaligned(request + 4, PacketPromiscuous);
        return Libc.Result(Libc.SetSockOpt(descriptor, LevelPacket, PacketAddMembership, request, 16));
    }

    private static void SetBuffer(int descriptor, int forced, int plain, int octets)
    {
        if (Libc.SetInt(descriptor, LevelSocket, forced, octets) < 0)
            _ = Libc.SetInt(descriptor, LevelSocket, plain, octets);
    }
}
