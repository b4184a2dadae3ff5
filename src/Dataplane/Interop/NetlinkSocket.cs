using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static Overlay.Dataplane.Interop.LinuxConstants;

namespace Overlay.Dataplane.Interop;

/// <summary>A non-blocking rtnetlink socket (rtnetlink(7)). Results are octets, or a negative errno.</summary>
internal sealed unsafe class NetlinkSocket : IDisposable
{
    private const int AddressLength = 12;
    private const int BufferSize = 1 << 20;
    private readonly FileDescriptor _descriptor;

    private NetlinkSocket(int descriptor) => _descriptor = new FileDescriptor(descriptor);

    /// <summary>The descriptor.</summary>
    internal int Descriptor => _descriptor.Value;

    /// <summary>Opens a socket in the caller's namespace that hears the given multicast groups (RTMGRP_*).</summary>
    internal static int TryOpen(uint groups, out NetlinkSocket? socket)
    {
        socket = null;
        int descriptor = Libc.Result(Libc.Socket(FamilyNetlink, TypeRaw | TypeNonBlock | TypeCloseOnExec, 0));
        if (descriptor < 0)
            return descriptor;
        var opened = new NetlinkSocket(descriptor);
        byte* name = stackalloc byte[AddressLength];
        new Span<byte>(name, AddressLength).Clear();
        Unsafe.WriteUnaligned(name, (ushort)FamilyNetlink);
        Unsafe.WriteUnaligned(name + 8, groups);
        int result = Libc.Result(Libc.Bind(descriptor, name, AddressLength));
        if (result < 0)
        {
            opened.Dispose();
            return result;
        }

        if (Libc.SetInt(descriptor, LevelSocket, SocketReceiveBufferForce, BufferSize) < 0)
            _ = Libc.SetInt(descriptor, LevelSocket, SocketReceiveBuffer, BufferSize);
        socket = opened;
        return 0;
    }

    /// <summary>Sends a request to the kernel.</summary>
    internal int Send(ReadOnlySpan<byte> request)
    {
        byte* name = stackalloc byte[AddressLength];
        new Span<byte>(name, AddressLength).Clear();
        Unsafe.WriteUnaligned(name, (ushort)FamilyNetlink);
        fixed (byte* p = request)
            return Libc.Result(Libc.SendTo(Descriptor, p, (nuint)request.Length, 0, name, AddressLength));
    }

    /// <summary>Receives one datagram of messages; −EMSGSIZE if it did not fit.</summary>
    internal int Receive(Span<byte> buffer)
    {
        byte* name = stackalloc byte[AddressLength];
        fixed (byte* p = buffer)
        {
            Libc.Iovec vector = new() { Base = p, Length = (nuint)buffer.Length };
            Libc.MsgHdr header = new() { Name = name, NameLength = AddressLength, Iov = &vector, IovCount = 1 };
            nint received = Libc.RecvMsg(Descriptor, &header, MessageDontWait);
            if (received < 0)
                return -Marshal.GetLastSystemError();

            // Only the kernel (port id 0) may tell us about links; another process may send to our port id.
            bool fromKernel = header.NameLength == AddressLength && Unsafe.ReadUnaligned<uint>(name + 4) == 0;
            return (header.Flags & MessageTruncated) != 0 ? -Errno.MessageTooLong : fromKernel ? (int)received : 0;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _descriptor.Dispose();
}
