using System.Buffers.Binary;
using Overlay.Encap;
using Overlay.Encap.Ethernet;
using Overlay.Encap.Ip;

namespace Overlay.Capture.Dissection;

/// <summary>
/// The IP and UDP headers in front of a tunnel, read leniently: a dissector shows what is there and says what is wrong, where a view
/// would refuse. Borrows the span.
/// </summary>
internal readonly ref struct OuterPacket
{
    private const int MaxTagCount = 8;

    /// <summary>Octets behind the IP header that the frame holds and the IP length covers.</summary>
    public ReadOnlySpan<byte> Upper { get; private init; }

    public UnderlayAddress Source { get; private init; }

    public UnderlayAddress Destination { get; private init; }

    public byte Tos { get; private init; }

    public byte Ttl { get; private init; }

    public byte Protocol { get; private init; }

    /// <summary>Octets behind the IP headers by IP's own account.</summary>
    public int ClaimedLength { get; private init; }

    /// <summary>The frame ends before the IP length says.</summary>
    public bool IsCut => ClaimedLength > Upper.Length;

    public bool IsFirstFragment { get; private init; }

    public bool IsLaterFragment { get; private init; }

    /// <summary>Finds the network header of a frame.</summary>
    public static bool TryFindNetwork(ReadOnlySpan<byte> frame, int linkType, out ushort etherType, out ReadOnlySpan<byte> packet)
    {
        etherType = 0;
        packet = default;
        int offset;
        switch (linkType)
        {
            case LinkType.Ethernet:
                offset = EthernetHeader.Length;
                break;
            case LinkType.LinuxSll:
                offset = 16;
                break;
            case LinkType.LinuxSll2:
                if (frame.Length < 20)
                {
                    return false;
                }

                etherType = BinaryPrimitives.ReadUInt16BigEndian(frame);
                packet = frame[20..];
                return true;
            case LinkType.Null:
            case LinkType.Loop:
                offset = 4;
                break;
            case LinkType.Raw or LinkType.RawOpenBsd or LinkType.RawOther or LinkType.IPv4 or LinkType.IPv6:
                offset = 0;
                break;
            default:
                return false;
        }

        if (frame.Length < offset)
        {
            return false;
        }

        packet = frame[offset..];
        if (linkType is LinkType.Ethernet or LinkType.LinuxSll)
        {
            etherType = BinaryPrimitives.ReadUInt16BigEndian(frame[(offset - 2)..]);
            for (int tags = 0; tags < MaxTagCount && EtherType.IsVlanTag(etherType) && packet.Length >= VlanTag.Length; tags++)
            {
                etherType = BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);
                packet = packet[VlanTag.Length..];
            }

            return true;
        }

        // The address family numbers of loopback captures differ by system; the version nibble does not.
        etherType = packet.Length == 0 ? (ushort)0 : (packet[0] >> 4) switch { 4 => EtherType.IPv4, 6 => EtherType.IPv6, _ => (ushort)0 };
        return true;
    }

    /// <summary>Reads the IP header.</summary>
    public static bool TryParse(ushort etherType, ReadOnlySpan<byte> packet, out OuterPacket outer)
    {
        outer = default;
        return etherType switch
        {
            EtherType.IPv4 => TryParseV4(packet, out outer),
            EtherType.IPv6 => TryParseV6(packet, out outer),
            _ => false,
        };
    }

    private static bool TryParseV4(ReadOnlySpan<byte> packet, out OuterPacket outer)
    {
        outer = default;
        if (packet.Length < IPv4View.MinHeaderLength || packet[0] >> 4 != 4)
        {
            return false;
        }

        int headerLength = (packet[0] & 0xF) << 2;
        int totalLength = BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);
        if (totalLength == 0)
        {
            // BIG TCP on a host's own hook: the length did not fit and is the frame's.
            totalLength = packet.Length;
        }

        if (headerLength < IPv4View.MinHeaderLength || headerLength > packet.Length || totalLength < headerLength)
        {
            return false;
        }

        ushort fragment = BinaryPrimitives.ReadUInt16BigEndian(packet[6..]);
        outer = new OuterPacket
        {
            Source = UnderlayAddress.FromIPv4(packet[12..]),
            Destination = UnderlayAddress.FromIPv4(packet[16..]),
            Tos = packet[1],
            Ttl = packet[8],
            Protocol = packet[9],
            ClaimedLength = totalLength - headerLength,
            Upper = packet[headerLength..Math.Min(totalLength, packet.Length)],
            IsFirstFragment = (fragment & 0x3FFF) == 0x2000,
            IsLaterFragment = (fragment & 0x1FFF) != 0,
        };
        return true;
    }

    private static bool TryParseV6(ReadOnlySpan<byte> packet, out OuterPacket outer)
    {
        outer = default;
        if (packet.Length < IPv6View.HeaderLength || packet[0] >> 4 != 6)
        {
            return false;
        }

        int payloadLength = BinaryPrimitives.ReadUInt16BigEndian(packet[4..]);
        int claimed = IPv6View.HeaderLength + (payloadLength == 0 ? packet.Length - IPv6View.HeaderLength : payloadLength);

        // The view wants a length that fits; a cut packet is walked as far as it goes.
        int present = Math.Min(claimed, packet.Length);
        Span<byte> head = stackalloc byte[IPv6View.HeaderLength + (8 * 64)];
        head = head[..Math.Min(head.Length, present)];
        packet[..head.Length].CopyTo(head);
        BinaryPrimitives.WriteUInt16BigEndian(head[4..], (ushort)(head.Length - IPv6View.HeaderLength));
        if (IPv6View.Parse(head, out IPv6View view) != ParseStatus.Ok || (!view.HasUpperLayer && view.FragmentOffset == 0))
        {
            return false;
        }

        outer = new OuterPacket
        {
            Source = view.Source,
            Destination = view.Destination,
            Tos = view.TrafficClass,
            Ttl = view.HopLimit,
            Protocol = view.Protocol,
            ClaimedLength = claimed - view.UpperOffset,
            Upper = packet[view.UpperOffset..present],
            IsFirstFragment = view.IsFragment && view.FragmentOffset == 0,
            IsLaterFragment = view.FragmentOffset != 0,
        };
        return true;
    }
}
