using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Overlay.Encap;

namespace Overlay.Dataplane.Interop;

/// <summary>
/// The <c>mmsghdr</c> array of <c>recvmmsg</c> on a packet socket: each message has room for the longest frame, its virtio-net header right before it.
/// Owned by whoever reads the socket.
/// </summary>
internal sealed unsafe class PacketReceiveRing
{
    // struct cmsghdr (16 octets) and struct tpacket_auxdata: status(32) | len(32) | snaplen(32) | mac(16) | net(16) | vlan_tci(16) | vlan_tpid(16).
    private const int ControlSize = 40;
    private const int ControlLength = 36;
    private const int StatusOffset = 16;
    private const int TagOffset = 32;
    private const int TagTypeOffset = 34;
    private const ushort DefaultTagType = 0x8100;

    private readonly Libc.MmsgHdr[] _messages;
    private readonly Libc.Iovec[] _vectors;
    private readonly byte[] _control;

    /// <summary>Prepares a ring.</summary>
    /// <param name="size">Messages.</param>
    internal PacketReceiveRing(int size)
    {
        Size = size;
        _messages = GC.AllocateArray<Libc.MmsgHdr>(size, pinned: true);
        _vectors = GC.AllocateArray<Libc.Iovec>(size, pinned: true);
        _control = GC.AllocateArray<byte>(size * ControlSize, pinned: true);
        for (int i = 0; i < size; i++)
        {
            ref Libc.MsgHdr header = ref _messages[i].Header;
            header.Iov = (Libc.Iovec*)Unsafe.AsPointer(ref _vectors[i]);
            header.IovCount = 1;
            header.Control = Pinned(_control) + (i * ControlSize);
        }
    }

    /// <summary>Messages it can take.</summary>
    internal int Size { get; }

    /// <summary>Receives what is waiting. The number of messages, or a negative errno.</summary>
    /// <param name="descriptor">The socket.</param>
    /// <param name="slab">Pinned memory.</param>
    /// <param name="offset">Where the first frame goes; its virtio-net header lies before it.</param>
    /// <param name="stride">Octets from one frame to the next.</param>
    /// <param name="frameSize">Octets a frame may take.</param>
    /// <param name="count">Messages at most, 1–<see cref="Size"/>.</param>
    internal int Receive(int descriptor, byte[] slab, int offset, int stride, int frameSize, int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)Size, nameof(count));
        if (offset < VnetHeader.Length || stride < 0 || frameSize < 0 || (stride * (long)(count - 1)) + offset + frameSize > slab.Length)
            throw new ArgumentOutOfRangeException(nameof(offset));
        byte* place = Pinned(slab) + offset - VnetHeader.Length;
        for (int i = 0; i < count; i++)
        {
            _vectors[i].Base = place;
            _vectors[i].Length = (nuint)(VnetHeader.Length + frameSize);
            _messages[i].Header.ControlLength = ControlSize;
            place += stride;
        }

        var messages = (Libc.MmsgHdr*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_messages));
        int received = Libc.RecvMmsg(descriptor, messages, (uint)count, LinuxConstants.MessageDontWait, null);
        return received >= 0 ? received : -Marshal.GetLastSystemError();
    }

    /// <summary>Octets of the frame of a message that was received; negative for one that was longer than its place, or has no whole virtio-net header.</summary>
    internal int LengthOf(int index)
    {
        ref readonly Libc.MmsgHdr message = ref _messages[index];
        return (message.Header.Flags & LinuxConstants.MessageTruncated) != 0 ? -1 : (int)message.Length - VnetHeader.Length;
    }

    /// <summary>The outermost VLAN tag, which the kernel takes out of every frame; false if the frame had none.</summary>
    internal bool TryGetTag(int index, out ushort type, out ushort tci)
    {
        ReadOnlySpan<byte> control = _control.AsSpan(index * ControlSize, ControlSize);
        type = DefaultTagType;
        tci = 0;
        if (_messages[index].Header.ControlLength < ControlLength || MemoryMarshal.Read<int>(control[8..]) != LinuxConstants.LevelPacket ||
            MemoryMarshal.Read<int>(control[12..]) != LinuxConstants.PacketAuxiliaryData)
        {
            return false;
        }

        uint status = MemoryMarshal.Read<uint>(control[StatusOffset..]);
        if ((status & LinuxConstants.PacketStatusVlanValid) == 0)
            return false;
        tci = MemoryMarshal.Read<ushort>(control[TagOffset..]);
        if ((status & LinuxConstants.PacketStatusVlanTypeValid) != 0)
            type = MemoryMarshal.Read<ushort>(control[TagTypeOffset..]);
        return true;
    }

    private static byte* Pinned(byte[] array) => (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(array));
}
