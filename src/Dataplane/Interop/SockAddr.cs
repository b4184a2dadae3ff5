using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Overlay.Encap;

namespace Overlay.Dataplane.Interop;

/// <summary>Conversion between <see cref="UnderlayAddress"/> with a port and <c>sockaddr_in</c>/<c>sockaddr_in6</c>.</summary>
internal static class SockAddr
{
    /// <summary>Octets reserved for one address: <c>sockaddr_in6</c> is 28.</summary>
    internal const int Size = 32;

    private const int IPv4Length = 16;
    private const int IPv6Length = 28;
    private const int PortOffset = 2;
    private const int IPv4AddressOffset = 4;
    private const int FlowOffset = 4;
    private const int IPv6AddressOffset = 8;
    private const int ScopeOffset = 24;

    /// <summary>Writes a socket address; gives its length.</summary>
    internal static int Write(Span<byte> destination, in UnderlayAddress address, ushort port)
    {
        BinaryPrimitives.WriteUInt16BigEndian(destination[PortOffset..], port);
        if (address.IsIPv4)
        {
            MemoryMarshal.Write(destination, (ushort)LinuxConstants.FamilyInet);
            BinaryPrimitives.WriteUInt32BigEndian(destination[IPv4AddressOffset..], address.IPv4Value);
            destination.Slice(IPv4AddressOffset + 4, 8).Clear();
            return IPv4Length;
        }

        MemoryMarshal.Write(destination, (ushort)LinuxConstants.FamilyInet6);
        MemoryMarshal.Write(destination[FlowOffset..], 0u);
        BinaryPrimitives.WriteUInt64BigEndian(destination[IPv6AddressOffset..], address.Hi);
        BinaryPrimitives.WriteUInt64BigEndian(destination[(IPv6AddressOffset + 8)..], address.Lo);
        MemoryMarshal.Write(destination[ScopeOffset..], address.ScopeId);
        return IPv6Length;
    }

    /// <summary>Reads a socket address; false for another family or too few octets.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> source, out UnderlayAddress address, out ushort port)
    {
        address = default;
        port = 0;
        if (source.Length < IPv4Length)
            return false;
        port = BinaryPrimitives.ReadUInt16BigEndian(source[PortOffset..]);
        switch (MemoryMarshal.Read<ushort>(source))
        {
            case LinuxConstants.FamilyInet:
                address = UnderlayAddress.FromIPv4(BinaryPrimitives.ReadUInt32BigEndian(source[IPv4AddressOffset..]));
                return true;
            case LinuxConstants.FamilyInet6 when source.Length >= IPv6Length:
                address = UnderlayAddress.FromIPv6(source[IPv6AddressOffset..], MemoryMarshal.Read<uint>(source[ScopeOffset..]));
                return true;
            default:
                return false;
        }
    }
}
