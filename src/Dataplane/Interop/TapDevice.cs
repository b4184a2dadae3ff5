using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

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

        // No offload: the kernel finishes checksums and cuts segments before we see a frame. The header is still there, and is carried.
        if (result >= 0)
            result = Libc.Result(Libc.IoCtl(descriptor, LinuxConstants.TunSetOffload, null));
        if (result >= 0)
            return descriptor;
        _ = Libc.Close(descriptor);
        return result;
    }

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

    /// <summary>Writes one frame with its virtio-net header.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int Write(int descriptor, byte[] slab, int offset, int length)
    {
        CheckRange(slab, offset, length);
        nint written = Libc.Write(descriptor, Pointer(slab, offset), (nuint)length);
        return written >= 0 ? (int)written : -Marshal.GetLastSystemError();
    }

    private static byte* Pointer(byte[] slab, int offset) => (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(slab)) + offset;

    private static void CheckRange(byte[] slab, int offset, int length)
    {
        if ((uint)offset > (uint)slab.Length || (uint)length > (uint)(slab.Length - offset))
            throw new ArgumentOutOfRangeException(nameof(offset));
    }
}
