using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Overlay.Encap;

namespace Overlay.Dataplane.Interop;

/// <summary>
/// The <c>mmsghdr</c> array of <c>sendmmsg</c>: messages are appended, each with any number of pieces of memory, and sent in runs. Owned by one thread.
/// </summary>
internal sealed unsafe class SendRing
{
    private const int ControlSize = 112;
    private const int ControlMessageSpace = 24;
    private const int ControlHeaderLength = 16;

    private readonly Libc.MmsgHdr[] _messages;
    private readonly Libc.Iovec[] _vectors;
    private readonly byte[] _names;
    private readonly byte[] _control;
    private int _vectorCount;

    /// <summary>Makes a ring.</summary>
    /// <param name="size">Messages.</param>
    /// <param name="vectors">Pieces of all messages together.</param>
    internal SendRing(int size, int vectors)
    {
        Size = size;
        _messages = GC.AllocateArray<Libc.MmsgHdr>(size, pinned: true);
        _vectors = GC.AllocateArray<Libc.Iovec>(vectors, pinned: true);
        _names = GC.AllocateArray<byte>(size * SockAddr.Size, pinned: true);
        _control = GC.AllocateArray<byte>(size * ControlSize, pinned: true);
        for (int i = 0; i < size; i++)
        {
            ref Libc.MsgHdr header = ref _messages[i].Header;
            header.Name = Pinned(_names) + (i * SockAddr.Size);
            header.Control = Pinned(_control) + (i * ControlSize);
        }
    }

    /// <summary>Messages it can take.</summary>
    internal int Size { get; }

    /// <summary>Messages in it.</summary>
    internal int Count { get; private set; }

    /// <summary>True if there is room for one more message of so many pieces.</summary>
    internal bool HasRoom(int pieces) => Count < Size && pieces <= _vectors.Length - _vectorCount;

    /// <summary>Forgets all messages.</summary>
    internal void Clear()
    {
        Count = 0;
        _vectorCount = 0;
    }

    /// <summary>Appends a message without octets; <see cref="HasRoom"/> said that there is room.</summary>
    /// <param name="address">The destination.</param>
    /// <param name="port">Its UDP port.</param>
    /// <param name="tos">TOS or traffic class; 0 leaves the socket's own.</param>
    /// <param name="ttl">TTL or hop limit; 0 leaves the socket's own.</param>
    /// <param name="segmentSize">UDP_SEGMENT: the kernel sends a datagram for every so many octets of the message; 0 sends it as one datagram.</param>
    internal void Begin(in UnderlayAddress address, ushort port, byte tos, byte ttl, int segmentSize)
    {
        int index = Count++;
        ref Libc.MsgHdr header = ref _messages[index].Header;
        header.NameLength = (uint)SockAddr.Write(_names.AsSpan(index * SockAddr.Size, SockAddr.Size), in address, port);
        header.Iov = (Libc.Iovec*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_vectors)) + _vectorCount;
        header.IovCount = 0;
        bool isIPv4 = address.IsIPv4;
        int level = isIPv4 ? LinuxConstants.LevelIp : LinuxConstants.LevelIpv6;
        byte* control = header.Control;
        int length = 0;
        if (tos != 0)
        {
            WriteControl(control, level, isIPv4 ? LinuxConstants.IpTos : LinuxConstants.Ipv6TrafficClass, tos, sizeof(int));
            length = ControlMessageSpace;
        }

        if (ttl != 0)
        {
            WriteControl(control + length, level, isIPv4 ? LinuxConstants.IpTtl : LinuxConstants.Ipv6HopLimit, ttl, sizeof(int));
            length += ControlMessageSpace;
        }

        if (segmentSize != 0)
        {
            WriteControl(control + length, LinuxConstants.LevelUdp, LinuxConstants.UdpSegment, segmentSize, sizeof(ushort));
            length += ControlMessageSpace;
        }

        header.ControlLength = (nuint)length;
    }

    /// <summary>Makes the last message leave by an interface whatever the routes say, with a source address that the socket is bound to.</summary>
    internal void LeaveBy(int interfaceIndex, in UnderlayAddress source)
    {
        ref Libc.MsgHdr header = ref _messages[Count - 1].Header;
        byte* control = header.Control + header.ControlLength;
        if (source.IsIPv4)
        {
            // struct in_pktinfo { int ifindex; in_addr spec_dst; in_addr addr; }
            const int Size = 12;
            Unsafe.WriteUnaligned(control, (ulong)(ControlHeaderLength + Size));
            Unsafe.WriteUnaligned(control + 8, LinuxConstants.LevelIp);
            Unsafe.WriteUnaligned(control + 12, LinuxConstants.IpPacketInfo);
            Unsafe.WriteUnaligned(control + 16, interfaceIndex);
            BinaryPrimitives.WriteUInt32BigEndian(new Span<byte>(control + 20, sizeof(uint)), source.IPv4Value);
            Unsafe.WriteUnaligned(control + 24, 0ul);
            header.ControlLength += ControlHeaderLength + 16;
            return;
        }

        // struct in6_pktinfo { in6_addr addr; int ifindex; }; no address leaves the socket's own.
        const int Size6 = 20;
        Unsafe.WriteUnaligned(control, (ulong)(ControlHeaderLength + Size6));
        Unsafe.WriteUnaligned(control + 8, LinuxConstants.LevelIpv6);
        Unsafe.WriteUnaligned(control + 12, LinuxConstants.Ipv6PacketInfo);
        new Span<byte>(control + 16, 16).Clear();
        Unsafe.WriteUnaligned(control + 32, (ulong)(uint)interfaceIndex);
        header.ControlLength += ControlHeaderLength + 24;
    }

    /// <summary>Appends a piece of pinned memory to the last message.</summary>
    internal void Add(byte[] slab, int offset, int length)
    {
        if ((uint)offset > (uint)slab.Length || (uint)length > (uint)(slab.Length - offset))
            throw new ArgumentOutOfRangeException(nameof(offset));
        ref Libc.Iovec vector = ref _vectors[_vectorCount++];
        vector.Base = Pinned(slab) + offset;
        vector.Length = (nuint)length;
        _messages[Count - 1].Header.IovCount++;
    }

    /// <summary>
    /// Sends messages <paramref name="start"/> to <paramref name="start"/> + <paramref name="count"/> − 1. The number sent (1 or more), or the
    /// negative errno of the first.
    /// </summary>
    internal int Send(int descriptor, int start, int count)
    {
        if ((uint)start > (uint)Count || (uint)count > (uint)(Count - start))
            throw new ArgumentOutOfRangeException(nameof(start));
        var messages = (Libc.MmsgHdr*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_messages));
        int sent = Libc.SendMmsg(descriptor, messages + start, (uint)count, LinuxConstants.MessageDontWait);
        return sent >= 0 ? sent : -Marshal.GetLastSystemError();
    }

    private static void WriteControl(byte* control, int level, int type, int value, int size)
    {
        Unsafe.WriteUnaligned(control, (ulong)(ControlHeaderLength + size));
        Unsafe.WriteUnaligned(control + 8, level);
        Unsafe.WriteUnaligned(control + 12, type);
        Unsafe.WriteUnaligned(control + 16, (ulong)(uint)value);
    }

    private static byte* Pinned(byte[] array) => (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(array));
}
