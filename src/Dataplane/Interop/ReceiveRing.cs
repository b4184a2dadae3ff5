using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Overlay.Dataplane.Buffers;

namespace Overlay.Dataplane.Interop;

/// <summary>
/// The <c>mmsghdr</c> array of <c>recvmmsg</c>, prepared once for one slab: message <c>i</c> lands in slot <c>i</c>. Owned by one worker.
/// </summary>
internal sealed unsafe class ReceiveRing
{
    private const int ControlSize = 64;
    private const int ControlHeaderLength = 16;

    private readonly byte[] _slab;
    private readonly Libc.MmsgHdr[] _messages;
    private readonly Libc.Iovec[] _vectors;
    private readonly byte[] _names;
    private readonly byte[] _control;
    private readonly int _size;

    /// <summary>Prepares a ring.</summary>
    /// <param name="slab">Pinned memory.</param>
    /// <param name="firstOffset">Where message 0 begins.</param>
    /// <param name="stride">Octets from one message to the next.</param>
    /// <param name="frameSize">Octets a message may take.</param>
    /// <param name="size">Messages.</param>
    internal ReceiveRing(byte[] slab, int firstOffset, int stride, int frameSize, int size)
    {
        if (firstOffset < 0 || ((long)stride * (size - 1)) + firstOffset + frameSize > slab.Length)
            throw new ArgumentOutOfRangeException(nameof(slab));
        _slab = slab;
        _size = size;
        _messages = GC.AllocateArray<Libc.MmsgHdr>(size, pinned: true);
        _vectors = GC.AllocateArray<Libc.Iovec>(size, pinned: true);
        _names = GC.AllocateArray<byte>(size * SockAddr.Size, pinned: true);
        _control = GC.AllocateArray<byte>(size * ControlSize, pinned: true);
        byte* start = Pinned(slab);
        for (int i = 0; i < size; i++)
        {
            _vectors[i].Base = start + firstOffset + ((long)stride * i);
            _vectors[i].Length = (nuint)frameSize;
            ref Libc.MsgHdr header = ref _messages[i].Header;
            header.Name = Pinned(_names) + (i * SockAddr.Size);
            header.NameLength = SockAddr.Size;
            header.Iov = (Libc.Iovec*)Unsafe.AsPointer(ref _vectors[i]);
            header.IovCount = 1;
            header.Control = Pinned(_control) + (i * ControlSize);
            header.ControlLength = ControlSize;
        }
    }

    /// <summary>True if the ring was prepared for this slab.</summary>
    internal bool IsFor(byte[] slab) => ReferenceEquals(_slab, slab);

    /// <summary>Receives what is waiting. The number of messages, or a negative errno.</summary>
    /// <param name="descriptor">The socket.</param>
    /// <param name="limit">Messages at most; no more than the ring has.</param>
    internal int Receive(int descriptor, int limit)
    {
        uint size = (uint)Math.Clamp(limit, 0, _size);
        int count = Libc.RecvMmsg(
            descriptor, (Libc.MmsgHdr*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_messages)), size, LinuxConstants.MessageDontWait, null);
        return count >= 0 ? count : -Marshal.GetLastSystemError();
    }

    /// <summary>
    /// Reads message <paramref name="index"/> and makes its header ready for the next receive. Its length is 0 if it was longer than its slot; for which
    /// encapsulation it was received is not set.
    /// </summary>
    internal void Take(int index, ref DatagramMessage message)
    {
        ref Libc.MmsgHdr header = ref _messages[index];
        ReadOnlySpan<byte> name = _names.AsSpan(index * SockAddr.Size, (int)Math.Min(header.Header.NameLength, SockAddr.Size));
        _ = SockAddr.TryRead(name, out message.Info.Source, out message.Info.SourcePort);
        message.SegmentLength = 0;
        message.Info.Tos = 0;
        message.Info.InnerSegmentLength = 0;
        ReadControl(_control.AsSpan(index * ControlSize, (int)Math.Min((uint)header.Header.ControlLength, ControlSize)), ref message);
        message.Length = (header.Header.Flags & LinuxConstants.MessageTruncated) != 0 ? 0 : (int)header.Length;
        header.Header.NameLength = SockAddr.Size;
        header.Header.ControlLength = ControlSize;
    }

    private static void ReadControl(ReadOnlySpan<byte> control, ref DatagramMessage message)
    {
        // struct cmsghdr { size_t len; int level; int type; }, data, padding to eight octets.
        while (control.Length > ControlHeaderLength)
        {
            ulong length = MemoryMarshal.Read<ulong>(control);
            if (length <= ControlHeaderLength || length > (ulong)control.Length)
                return;

            // IP_TOS comes as one octet, IPV6_TCLASS and UDP_GRO as an int; little-endian machines agree on where the octet is.
            bool isInt = length >= ControlHeaderLength + sizeof(int);
            switch (MemoryMarshal.Read<int>(control[8..]), MemoryMarshal.Read<int>(control[12..]))
            {
                case (LinuxConstants.LevelIp, LinuxConstants.IpTos):
                    message.Info.Tos = control[ControlHeaderLength];
                    break;
                case (LinuxConstants.LevelIpv6, LinuxConstants.Ipv6TrafficClass) when isInt:
                    message.Info.Tos = (byte)MemoryMarshal.Read<int>(control[ControlHeaderLength..]);
                    break;
                case (LinuxConstants.LevelUdp, LinuxConstants.UdpGro) when isInt:
                    message.SegmentLength = MemoryMarshal.Read<int>(control[ControlHeaderLength..]);
                    break;
                default:
                    break;
            }

            int next = ((int)length + 7) & ~7;
            if (next >= control.Length)
                return;
            control = control[next..];
        }
    }

    private static byte* Pinned(byte[] array) => (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(array));
}
