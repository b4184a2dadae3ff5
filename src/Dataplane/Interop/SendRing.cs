using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Overlay.Encap;

namespace Overlay.Dataplane.Interop;

/// <summary>
/// The <c>mmsghdr</c> array of <c>sendmmsg</c>: filled message by message, sent in runs to different sockets. Owned by one thread.
/// </summary>
internal sealed unsafe class SendRing
{
    private const int ControlSize = 64;
    private const int ControlMessageSpace = 24;
    private const int ControlMessageLength = 20;

    private readonly Libc.MmsgHdr[] _messages;
    private readonly Libc.Iovec[] _vectors;
    private readonly byte[] _names;
    private readonly byte[] _control;

    /// <summary>Makes a ring.</summary>
    /// <param name="size">Messages.</param>
    internal SendRing(int size)
    {
        Size = size;
        _messages = GC.AllocateArray<Libc.MmsgHdr>(size, pinned: true);
        _vectors = GC.AllocateArray<Libc.Iovec>(size * 2, pinned: true);
        _names = GC.AllocateArray<byte>(size * SockAddr.Size, pinned: true);
        _control = GC.AllocateArray<byte>(size * ControlSize, pinned: true);
        for (int i = 0; i < size; i++)
        {
            ref Libc.MsgHdr header = ref _messages[i].Header;
            header.Name = Pinned(_names) + (i * SockAddr.Size);
            header.Iov = (Libc.Iovec*)Unsafe.AsPointer(ref _vectors[i * 2]);
        }
    }

    /// <summary>Messages it can take.</summary>
    internal int Size { get; }

    /// <summary>Sets the destination and ancillary data of a message; a zero TOS or TTL leaves the socket's own.</summary>
    internal void SetDestination(int index, in UnderlayAddress address, ushort port, byte tos, byte ttl)
    {
        ref Libc.MsgHdr header = ref _messages[index].Header;
        header.NameLength = (uint)SockAddr.Write(_names.AsSpan(index * SockAddr.Size, SockAddr.Size), in address, port);
        if ((tos | ttl) == 0)
        {
            header.Control = null;
            header.ControlLength = 0;
            return;
        }

        bool isIPv4 = address.IsIPv4;
        int level = isIPv4 ? LinuxConstants.LevelIp : LinuxConstants.LevelIpv6;
        byte* control = Pinned(_control) + (index * ControlSize);
        int length = 0;
        if (tos != 0)
        {
            WriteControl(control, level, isIPv4 ? LinuxConstants.IpTos : LinuxConstants.Ipv6TrafficClass, tos);
            length = ControlMessageSpace;
        }

        if (ttl != 0)
        {
            WriteControl(control + length, level, isIPv4 ? LinuxConstants.IpTtl : LinuxConstants.Ipv6HopLimit, ttl);
            length += ControlMessageSpace;
        }

        header.Control = control;
        header.ControlLength = (nuint)length;
    }

    /// <summary>Sets the octets of a message, in one piece.</summary>
    internal void SetPayload(int index, byte[] slab, int offset, int length)
    {
        CheckRange(slab, offset, length);
        ref Libc.Iovec vector = ref _vectors[index * 2];
        vector.Base = Pinned(slab) + offset;
        vector.Length = (nuint)length;
        _messages[index].Header.IovCount = 1;
    }

    /// <summary>Sets the octets of a message, in two pieces.</summary>
    internal void SetPayload(int index, byte[] headers, int headerOffset, int headerLength, byte[] slab, int offset, int length)
    {
        CheckRange(headers, headerOffset, headerLength);
        CheckRange(slab, offset, length);
        ref Libc.Iovec vector = ref _vectors[index * 2];
        vector.Base = Pinned(headers) + headerOffset;
        vector.Length = (nuint)headerLength;
        vector = ref _vectors[(index * 2) + 1];
        vector.Base = Pinned(slab) + offset;
        vector.Length = (nuint)length;
        _messages[index].Header.IovCount = 2;
    }

    /// <summary>
    /// Sends messages <paramref name="start"/> to <paramref name="start"/> + <paramref name="count"/> − 1. The number sent (1 or more), or the
    /// negative errno of the first.
    /// </summary>
    internal int Send(int descriptor, int start, int count)
    {
        if ((uint)start > (uint)Size || (uint)count > (uint)(Size - start))
            throw new ArgumentOutOfRangeException(nameof(start));
        var messages = (Libc.MmsgHdr*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_messages));
        int sent = Libc.SendMmsg(descriptor, messages + start, (uint)count, LinuxConstants.MessageDontWait);
        return sent >= 0 ? sent : -Marshal.GetLastSystemError();
    }

    private static void WriteControl(byte* control, int level, int type, int value)
    {
        Unsafe.WriteUnaligned(control, (ulong)ControlMessageLength);
        Unsafe.WriteUnaligned(control + 8, level);
        Unsafe.WriteUnaligned(control + 12, type);
        Unsafe.WriteUnaligned(control + 16, value);
        Unsafe.WriteUnaligned(control + 20, 0);
    }

    private static byte* Pinned(byte[] array) => (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(array));

    private static void CheckRange(byte[] slab, int offset, int length)
    {
        if ((uint)offset > (uint)slab.Length || (uint)length > (uint)(slab.Length - offset))
            throw new ArgumentOutOfRangeException(nameof(offset));
    }
}
