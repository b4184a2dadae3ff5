using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Overlay.Encap.Ethernet;

namespace Overlay.Dataplane.Pipeline;

/// <summary>Pushes and strips the outermost VLAN tag in place: the two addresses move by four octets, the rest of the frame stays.</summary>
internal static class VlanTags
{
    private const int AddressesLength = 12;

    /// <summary>The field behind the source MAC, and what follows it (0 where the frame ends).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ushort TypeOf(ReadOnlySpan<byte> frame) => BinaryPrimitives.ReadUInt16BigEndian(frame[AddressesLength..]);

    /// <summary>Puts a tag before the type of the frame at <paramref name="offset"/>; the frame then begins four octets earlier.</summary>
    internal static void Push(byte[] slab, int offset, VlanTag tag)
    {
        Span<byte> area = slab.AsSpan(offset - VlanTag.Length, AddressesLength + VlanTag.Length);
        MoveAddresses(area[VlanTag.Length..], area);
        tag.WriteTo(area[AddressesLength..]);
    }

    /// <summary>Takes the outermost tag of the frame at <paramref name="offset"/>; the frame then begins four octets later.</summary>
    internal static void Strip(byte[] slab, int offset)
    {
        Span<byte> area = slab.AsSpan(offset, AddressesLength + VlanTag.Length);
        MoveAddresses(area, area[VlanTag.Length..]);
    }

    private static void MoveAddresses(ReadOnlySpan<byte> from, Span<byte> to)
    {
        ulong first = MemoryMarshal.Read<ulong>(from);
        uint second = MemoryMarshal.Read<uint>(from[8..]);
        MemoryMarshal.Write(to, first);
        MemoryMarshal.Write(to[8..], second);
    }
}
