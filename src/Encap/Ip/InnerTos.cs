using Overlay.Encap.Ethernet;

namespace Overlay.Encap.Ip;

/// <summary>
/// DSCP and ECN of the IP packet in an Ethernet frame, behind at most two VLAN tags. An IPv4 header with a bad version, header length
/// or total length is opaque: it has no TOS that we read or write.
/// </summary>
public static class InnerTos
{
    private const int MaxTagCount = 2;
    private const int IPv4ChecksumOffset = 10;

    /// <summary>Finds and reads the TOS or traffic class octet.</summary>
    /// <param name="frame">An Ethernet frame of any length.</param>
    /// <param name="location">Where the IP header is, for <see cref="Write"/>.</param>
    /// <param name="tos">The octet: DSCP in the high six bits, ECN in the low two.</param>
    /// <returns>False when there is no readable IP header.</returns>
    public static bool TryRead(ReadOnlySpan<byte> frame, out InnerTosLocation location, out byte tos)
    {
        location = default;
        tos = 0;
        if (!TryFindIp(frame, out ushort type, out int offset))
        {
            return false;
        }

        ReadOnlySpan<byte> packet = frame[offset..];
        if (type == EtherType.IPv4)
        {
            if (IPv4View.Parse(packet, out IPv4View view) != ParseStatus.Ok)
            {
                return false;
            }

            tos = view.Tos;
            location = new InnerTosLocation((ushort)offset, false);
            return true;
        }

        if (packet.Length < IPv6View.HeaderLength || packet[0] >> 4 != 6)
        {
            return false;
        }

        tos = (byte)(BinaryPrimitives.ReadUInt16BigEndian(packet) >> 4);
        location = new InnerTosLocation((ushort)offset, true);
        return true;
    }

    /// <summary>Writes the octet and mends the IPv4 header checksum incrementally (RFC 1624); a wrong checksum stays as wrong as it was.</summary>
    /// <param name="frame">The frame the location was found in.</param>
    /// <param name="location">From <see cref="TryRead"/>.</param>
    /// <param name="tos">The new octet.</param>
    public static void Write(Span<byte> frame, InnerTosLocation location, byte tos)
    {
        Span<byte> packet = frame[location.HeaderOffset..];
        ushort before = BinaryPrimitives.ReadUInt16BigEndian(packet);
        if (location.IsIPv6)
        {
            BinaryPrimitives.WriteUInt16BigEndian(packet, (ushort)((before & 0xF00F) | (tos << 4)));
            return;
        }

        ushort after = (ushort)((before & 0xFF00) | tos);
        Span<byte> checksum = packet[IPv4ChecksumOffset..];
        BinaryPrimitives.WriteUInt16BigEndian(packet, after);
        BinaryPrimitives.WriteUInt16BigEndian(checksum, InternetChecksum.Update16(BinaryPrimitives.ReadUInt16BigEndian(checksum), before, after));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryFindIp(ReadOnlySpan<byte> frame, out ushort type, out int offset)
    {
        type = 0;
        offset = EthernetView.HeaderLength;
        for (int tags = 0; tags <= MaxTagCount; tags++)
        {
            if (frame.Length < offset)
            {
                return false;
            }

            type = BinaryPrimitives.ReadUInt16BigEndian(frame[(offset - 2)..]);
            if (!EtherType.IsVlanTag(type))
            {
                return type is EtherType.IPv4 or EtherType.IPv6;
            }

            offset += VlanTag.Length;
        }

        return false;
    }
}
