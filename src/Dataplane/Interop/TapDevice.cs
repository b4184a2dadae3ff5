using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Overlay.Dataplane.Buffers;
using Overlay.Encap;

namespace Overlay.Dataplane.Interop;

/// <summary>One queue of a TAP device. Results are octets, or a negative errno.</summary>
internal static unsafe class TapDevice
{
    private const string Path = "/dev/net/tun";
    private const int NameSize = 16;
    private const int RequestSize = 40;

    /// <summary>Opens a queue of a device, making the device if there is none. The descriptor (non-blocking), or a negative errno.</summary>
    /// <param name="name">A validated device name.</param>
    /// <param name="multiQueue">Ask for IFF_MULTI_QUEUE.</param>
    /// <param name="vnetHeaderSize">Octets of the virtio-net header before every frame, both ways.</param>
    internal static int Open(string name, bool multiQueue, int vnetHeaderSize)
    {
        int descriptor = Libc.Open(Path, LinuxConstants.OpenReadWrite | LinuxConstants.OpenNonBlock | LinuxConstants.OpenCloseOnExec);
        if (descriptor < 0)
            return descriptor;
        byte* request = stackalloc byte[RequestSize];
        InterfaceControl.WriteName(new Span<byte>(request, RequestSize), name);
        int flags = LinuxConstants.TunTap | LinuxConstants.TunNoPacketInfo | LinuxConstants.TunVnetHeader;
        Unsafe.WriteUnaligned(request + NameSize, (ushort)(multiQueue ? flags | LinuxConstants.TunMultiQueue : flags));
        int result = Libc.Result(Libc.IoCtl(descriptor, LinuxConstants.TunSetIff, request));
        if (result >= 0)
            result = Libc.Result(Libc.IoCtl(descriptor, LinuxConstants.TunSetVnetHeaderSize, &vnetHeaderSize));

        if (result >= 0)
            result = SetOffloads(descriptor);
        if (result >= 0)
            return descriptor;
        _ = Libc.Close(descriptor);
        return result;
    }

    /// <summary>Lets a device stay when nobody has it open any more, or not. 0, or a negative errno.</summary>
    /// <param name="descriptor">Any queue of the device.</param>
    /// <param name="stays">Whether it stays.</param>
    internal static int SetPersistent(int descriptor, bool stays) => Libc.Result(Libc.IoCtl(descriptor, LinuxConstants.TunSetPersist, (void*)(nint)(stays ? 1 : 0)));

    /// <summary>The device that a descriptor is a queue of, and its IFF_ flags; null if it is no queue of a device that is there.</summary>
    internal static (string Name, int Flags)? Describe(int descriptor)
    {
        byte* request = stackalloc byte[RequestSize];
        new Span<byte>(request, RequestSize).Clear();
        if (Libc.IoCtl(descriptor, LinuxConstants.TunGetIff, request) < 0)
            return null;
        var name = new ReadOnlySpan<byte>(request, NameSize);
        int end = name.IndexOf((byte)0);
        return (System.Text.Encoding.ASCII.GetString(end < 0 ? name : name[..end]), Unsafe.ReadUnaligned<ushort>(request + NameSize));
    }

    /// <summary>The network namespace that the device of a queue is in, as a descriptor that the caller owns; or a negative errno.</summary>
    internal static int OpenNamespace(int descriptor) => Libc.Result(Libc.IoCtl(descriptor, LinuxConstants.TunGetNamespace, null));

    /// <summary>Makes a queue that another process opened what <see cref="Open"/> would have made it. 0, or a negative errno.</summary>
    /// <param name="descriptor">A queue of a TAP device with virtio-net headers.</param>
    /// <param name="vnetHeaderSize">Octets of the virtio-net header before every frame, both ways.</param>
    internal static int Assert(int descriptor, int vnetHeaderSize)
    {
        int result = Descriptors.Assert(descriptor);
        if (result >= 0)
            result = Libc.Result(Libc.IoCtl(descriptor, LinuxConstants.TunSetVnetHeaderSize, &vnetHeaderSize));
        return result < 0 ? result : SetOffloads(descriptor);
    }

    /// <summary>Takes a queue of a multi-queue device into use or out of it. What waits in a queue that is taken out is lost. 0, or a negative errno.</summary>
    /// <param name="descriptor">The queue.</param>
    /// <param name="inUse">Whether the kernel may choose it.</param>
    internal static int SetQueue(int descriptor, bool inUse)
    {
        byte* request = stackalloc byte[RequestSize];
        new Span<byte>(request, RequestSize).Clear();
        Unsafe.WriteUnaligned(request + NameSize, inUse ? LinuxConstants.TunAttachQueue : LinuxConstants.TunDetachQueue);
        return Libc.Result(Libc.IoCtl(descriptor, LinuxConstants.TunSetQueue, request));
    }

    /// <summary>Lets a program choose the queue of a frame; it stays with the device until that is gone. 0, or a negative errno.</summary>
    /// <param name="descriptor">Any queue of the device.</param>
    /// <param name="program">The program.</param>
    internal static int SetSteering(int descriptor, int program) => Libc.Result(Libc.IoCtl(descriptor, LinuxConstants.TunSetSteering, &program));

    /// <summary>Reads one frame with its virtio-net header.</summary>
    /// <param name="descriptor">The queue.</param>
    /// <param name="slab">Pinned memory.</param>
    /// <param name="offset">Where the virtio-net header goes.</param>
    /// <param name="size">Octets that may be written from there.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int Read(int descriptor, byte[] slab, int offset, int size)
    {
        CheckRange(slab, offset, size);
        nint read = Libc.Read(descriptor, Pointer(slab, offset), (nuint)size);
        return read >= 0 ? (int)read : -Marshal.GetLastSystemError();
    }

    /// <summary>Pieces of one frame at most: what a kernel takes as segments of one super-frame, and room to spare.</summary>
    internal const int MaxPieces = 256;

    /// <summary>Writes one frame with its virtio-net header, gathered from its pieces.</summary>
    /// <param name="descriptor">The queue.</param>
    /// <param name="batch">Where the frame is.</param>
    /// <param name="index">Which one.</param>
    [SkipLocalsInit]
    internal static int Write(int descriptor, PortTxBatch batch, int index)
    {
        ref readonly TxFrame frame = ref batch.Frames[index];
        byte* header = stackalloc byte[VnetHeader.LengthWithBuffers];
        frame.Vnet.WriteTo(new Span<byte>(header, VnetHeader.LengthWithBuffers));
        Libc.Iovec* vectors = stackalloc Libc.Iovec[MaxPieces + 1];
        vectors[0].Base = header;
        vectors[0].Length = VnetHeader.LengthWithBuffers;
        byte[] slab = batch.Slab;
        CheckRange(slab, frame.Offset, frame.Length);
        vectors[1].Base = Pointer(slab, frame.Offset);
        vectors[1].Length = (nuint)frame.Length;
        int count = 2;
        for (int next = frame.Next; next >= 0 && count <= MaxPieces; count++)
        {
            ref readonly TxPiece piece = ref batch.Pieces[next];
            CheckRange(slab, piece.Offset, piece.Length);
            vectors[count].Base = Pointer(slab, piece.Offset);
            vectors[count].Length = (nuint)piece.Length;
            next = piece.Next;
        }

        nint written = Libc.WriteV(descriptor, vectors, count);
        return written >= 0 ? (int)written : -Marshal.GetLastSystemError();
    }

    // What a kernel does not know it refuses as a whole: UDP segmentation came with Linux 6.2. Without any, it finishes checksums and cuts segments itself.
    private static int SetOffloads(int descriptor)
    {
        const nuint Tcp = LinuxConstants.TunChecksum | LinuxConstants.TunTso4 | LinuxConstants.TunTso6 | LinuxConstants.TunTsoEcn;
        const nuint Udp = LinuxConstants.TunUso4 | LinuxConstants.TunUso6;
        int result = Libc.Result(Libc.IoCtl(descriptor, LinuxConstants.TunSetOffload, (void*)(Tcp | Udp)));
        if (result == -Errno.Invalid)
            result = Libc.Result(Libc.IoCtl(descriptor, LinuxConstants.TunSetOffload, (void*)Tcp));
        return result == -Errno.Invalid ? Libc.Result(Libc.IoCtl(descriptor, LinuxConstants.TunSetOffload, null)) : result;
    }

    private static byte* Pointer(byte[] slab, int offset) => (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(slab)) + offset;

    private static void CheckRange(byte[] slab, int offset, int length)
    {
        if ((uint)offset > (uint)slab.Length || (uint)length > (uint)(slab.Length - offset))
            throw new ArgumentOutOfRangeException(nameof(offset));
    }
}
