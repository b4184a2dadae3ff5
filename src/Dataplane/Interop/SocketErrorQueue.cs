using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Overlay.Encap;

namespace Overlay.Dataplane.Interop;

/// <summary>Reads the error queue of a UDP socket (IP_RECVERR, ip(7)). Owned by one thread; slow path.</summary>
internal sealed unsafe class SocketErrorQueue
{
    private const int ControlSize = 256;
    private const int ControlHeaderLength = 16;
    private const int ExtendedErrorLength = 16;
    private const byte OriginLocal = 1;
    private readonly byte[] _memory = GC.AllocateArray<byte>(ControlSize + SockAddr.Size + 64, pinned: true);

    /// <summary>Takes one error. False when there is none.</summary>
    /// <param name="descriptor">The socket.</param>
    /// <param name="destination">Where the datagram was going.</param>
    /// <param name="error">The errno it stands for.</param>
    /// <param name="info">For EMSGSIZE, the path MTU in octets, outer IP header included.</param>
    /// <param name="isLocal">Our own kernel says so (SO_EE_ORIGIN_LOCAL); otherwise it is an ICMP message, of whomever.</param>
    internal bool TryTake(int descriptor, out UnderlayAddress destination, out int error, out uint info, out bool isLocal)
    {
        destination = default;
        error = 0;
        info = 0;
        isLocal = false;
        byte* start = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_memory));
        Libc.Iovec vector = new() { Base = start + ControlSize + SockAddr.Size, Length = 64 };
        Libc.MsgHdr header = new()
        {
            Control = start,
            ControlLength = ControlSize,
            Name = start + ControlSize,
            NameLength = SockAddr.Size,
            Iov = &vector,
            IovCount = 1,
        };
        if (Libc.RecvMsg(descriptor, &header, LinuxConstants.MessageErrorQueue | LinuxConstants.MessageDontWait) < 0)
            return false;
        _ = SockAddr.TryRead(new ReadOnlySpan<byte>(header.Name, (int)Math.Min(header.NameLength, SockAddr.Size)), out destination, out _);
        Parse(new ReadOnlySpan<byte>(start, (int)Math.Min((uint)header.ControlLength, ControlSize)), ref error, ref info, ref isLocal);
        return true;
    }

    private static void Parse(ReadOnlySpan<byte> control, ref int error, ref uint info, ref bool isLocal)
    {
        while (control.Length >= ControlHeaderLength)
        {
            ulong length = MemoryMarshal.Read<ulong>(control);
            if (length < ControlHeaderLength || length > (ulong)control.Length)
                return;
            int level = MemoryMarshal.Read<int>(control[8..]);
            int type = MemoryMarshal.Read<int>(control[12..]);
            bool isError = (level == LinuxConstants.LevelIp && type == LinuxConstants.IpRecvErr)
                || (level == LinuxConstants.LevelIpv6 && type == LinuxConstants.Ipv6RecvErr);
            if (isError && length >= ControlHeaderLength + ExtendedErrorLength)
            {
                // struct sock_extended_err { u32 errno; u8 origin, type, code, pad; u32 info, data; }
                error = MemoryMarshal.Read<int>(control[ControlHeaderLength..]);
                isLocal = control[ControlHeaderLength + 4] == OriginLocal;
                info = MemoryMarshal.Read<uint>(control[(ControlHeaderLength + 8)..]);
                return;
            }

            int next = ((int)length + 7) & ~7;
            if (next >= control.Length)
                return;
            control = control[next..];
        }
    }
}
