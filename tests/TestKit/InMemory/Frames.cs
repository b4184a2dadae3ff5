using System.Buffers.Binary;
using Overlay.Encap;
using Overlay.Encap.Ethernet;
using Overlay.Encap.Geneve;
using Overlay.Encap.Ip;
using Overlay.Encap.Vxlan;

namespace Overlay.TestKit.InMemory;

/// <summary>Builders of frames and datagrams for tests.</summary>
public static class Frames
{
    /// <summary>An Ethernet frame with any payload.</summary>
    public static byte[] Ethernet(MacAddress destination, MacAddress source, ushort type, ReadOnlySpan<byte> payload)
    {
        byte[] frame = new byte[EthernetHeader.Length + payload.Length];
        new EthernetHeader(destination, source, type).WriteTo(frame);
        payload.CopyTo(frame.AsSpan(EthernetHeader.Length));
        return frame;
    }

    /// <summary>A frame of a local experimental type: opaque to everybody.</summary>
    public static byte[] Opaque(MacAddress destination, MacAddress source, int payloadLength = 50)
    {
        byte[] payload = new byte[payloadLength];
        for (int i = 0; i < payload.Length; i++)
            payload[i] = (byte)i;

        return Ethernet(destination, source, 0x88B5, payload);
    }

    /// <summary>The frame with a tag in front of its type.</summary>
    public static byte[] Tagged(ReadOnlySpan<byte> frame, int vid, ushort tpid = EtherType.Vlan)
    {
        byte[] tagged = new byte[frame.Length + VlanTag.Length];
        frame[..12].CopyTo(tagged);
        new VlanTag(tpid, (ushort)vid).WriteTo(tagged.AsSpan(12));
        frame[12..].CopyTo(tagged.AsSpan(16));
        return tagged;
    }

    /// <summary>UDP over IPv4 with right checksums.</summary>
    public static byte[] UdpV4(
        MacAddress destination, MacAddress source, byte tos = 0, int payloadLength = 32, ushort sourcePort = 1000, ushort destinationPort = 2000, byte ttl = 61)
    {
        byte[] packet = new byte[20 + 8 + payloadLength];
        WriteIPv4(packet, IpProtocol.Udp, tos, ttl);
        WriteUdp(packet.AsSpan(20), sourcePort, destinationPort);
        FinishUpper(packet.AsSpan(20), packet.AsSpan(12, 4), packet.AsSpan(16, 4), IpProtocol.Udp, 6);
        return Ethernet(destination, source, EtherType.IPv4, packet);
    }

    /// <summary>UDP over IPv6 with a right checksum.</summary>
    public static byte[] UdpV6(MacAddress destination, MacAddress source, byte trafficClass = 0, int payloadLength = 32, byte hopLimit = 61)
    {
        byte[] packet = new byte[40 + 8 + payloadLength];
        WriteIPv6(packet, IpProtocol.Udp, trafficClass, hopLimit);
        WriteUdp(packet.AsSpan(40), 1000, 2000);
        FinishUpper(packet.AsSpan(40), packet.AsSpan(8, 16), packet.AsSpan(24, 16), IpProtocol.Udp, 6);
        return Ethernet(destination, source, EtherType.IPv6, packet);
    }

    /// <summary>TCP over IPv4 or IPv6 with a right checksum; any length up to 65,495 octets of data.</summary>
    public static byte[] Tcp(MacAddress destination, MacAddress source, bool ipv6 = false, int payloadLength = 100, byte flags = 0x10)
    {
        int ip = ipv6 ? 40 : 20;
        byte[] packet = new byte[ip + 20 + payloadLength];
        if (ipv6)
            WriteIPv6(packet, IpProtocol.Tcp, 0, 64);
        else
            WriteIPv4(packet, IpProtocol.Tcp, 0, 64);

        Span<byte> tcp = packet.AsSpan(ip);
        BinaryPrimitives.WriteUInt16BigEndian(tcp, 3000);
        BinaryPrimitives.WriteUInt16BigEndian(tcp[2..], 80);
        BinaryPrimitives.WriteUInt32BigEndian(tcp[4..], 7);
        tcp[12] = 5 << 4;
        tcp[13] = flags;
        for (int i = 20; i < tcp.Length; i++)
            tcp[i] = (byte)(i * 7);

        FinishUpper(tcp, Source(packet, ipv6), Destination(packet, ipv6), IpProtocol.Tcp, 16);
        return Ethernet(destination, source, ipv6 ? EtherType.IPv6 : EtherType.IPv4, packet);
    }

    /// <summary>Replaces the checksum of an untagged TCP or UDP frame by the folded pseudo-header sum, as a kernel leaves it to a device.</summary>
    public static byte[] Unfinished(byte[] frame)
    {
        bool ipv6 = BinaryPrimitives.ReadUInt16BigEndian(frame.AsSpan(12)) == EtherType.IPv6;
        Span<byte> packet = frame.AsSpan(14);
        byte protocol = packet[ipv6 ? 6 : 9];
        Span<byte> upper = packet[(ipv6 ? 40 : 20)..];
        uint pseudo = InternetChecksum.PseudoHeaderSum(Source(packet, ipv6), Destination(packet, ipv6), protocol, upper.Length);
        BinaryPrimitives.WriteUInt16BigEndian(upper[(protocol == IpProtocol.Tcp ? 16 : 6)..], InternetChecksum.Fold(pseudo));
        return frame;
    }

    /// <summary>The TCP or UDP checksum of an untagged frame is right.</summary>
    public static bool HasValidChecksum(ReadOnlySpan<byte> frame)
    {
        bool ipv6 = BinaryPrimitives.ReadUInt16BigEndian(frame[12..]) == EtherType.IPv6;
        ReadOnlySpan<byte> packet = frame[14..];
        byte protocol = packet[ipv6 ? 6 : 9];
        ReadOnlySpan<byte> upper = packet[(ipv6 ? 40 : 20)..];
        ReadOnlySpan<byte> source = ipv6 ? packet.Slice(8, 16) : packet.Slice(12, 4);
        ReadOnlySpan<byte> destination = ipv6 ? packet.Slice(24, 16) : packet.Slice(16, 4);
        return InternetChecksum.IsValid(upper, InternetChecksum.PseudoHeaderSum(source, destination, protocol, upper.Length));
    }

    /// <summary>A tunnel datagram: a header of the encapsulation in front of a frame.</summary>
    public static byte[] Datagram(EncapKind encap, Vni vni, ReadOnlySpan<byte> inner, params GeneveOption[] options) =>
        Prepend(encap == EncapKind.Vxlan ? EncapTemplate.Vxlan() : EncapTemplate.Geneve(options), vni, inner);

    /// <summary>A tunnel datagram with a header of any template.</summary>
    public static byte[] Prepend(EncapTemplate template, Vni vni, ReadOnlySpan<byte> inner)
    {
        byte[] datagram = new byte[template.Length + inner.Length];
        template.WriteTo(datagram, vni);
        inner.CopyTo(datagram.AsSpan(template.Length));
        return datagram;
    }

    private static Span<byte> Source(Span<byte> packet, bool ipv6) => ipv6 ? packet.Slice(8, 16) : packet.Slice(12, 4);

    private static Span<byte> Destination(Span<byte> packet, bool ipv6) => ipv6 ? packet.Slice(24, 16) : packet.Slice(16, 4);

    private static void WriteIPv4(Span<byte> packet, byte protocol, byte tos, byte ttl)
    {
        packet[0] = 0x45;
        packet[1] = tos;
        BinaryPrimitives.WriteUInt16BigEndian(packet[2..], (ushort)packet.Length);
        packet[8] = ttl;
        packet[9] = protocol;
        BinaryPrimitives.WriteUInt32BigEndian(packet[12..], 0x0A00_0001);
        BinaryPrimitives.WriteUInt32BigEndian(packet[16..], 0x0A00_0002);
        BinaryPrimitives.WriteUInt16BigEndian(packet[10..], InternetChecksum.Compute(packet[..20]));
    }

    private static void WriteIPv6(Span<byte> packet, byte protocol, byte trafficClass, byte hopLimit)
    {
        BinaryPrimitives.WriteUInt32BigEndian(packet, 0x6000_0000u | ((uint)trafficClass << 20));
        BinaryPrimitives.WriteUInt16BigEndian(packet[4..], (ushort)(packet.Length - 40));
        packet[6] = protocol;
        packet[7] = hopLimit;
        BinaryPrimitives.WriteUInt64BigEndian(packet[8..], 0x2001_0DB8_0000_0000);
        packet[23] = 1;
        BinaryPrimitives.WriteUInt64BigEndian(packet[24..], 0x2001_0DB8_0000_0000);
        packet[39] = 2;
    }

    private static void WriteUdp(Span<byte> udp, ushort sourcePort, ushort destinationPort)
    {
        BinaryPrimitives.WriteUInt16BigEndian(udp, sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(udp[2..], destinationPort);
        BinaryPrimitives.WriteUInt16BigEndian(udp[4..], (ushort)udp.Length);
        for (int i = 8; i < udp.Length; i++)
            udp[i] = (byte)(i * 3);
    }

    private static void FinishUpper(Span<byte> upper, ReadOnlySpan<byte> source, ReadOnlySpan<byte> destination, byte protocol, int field)
    {
        BinaryPrimitives.WriteUInt16BigEndian(upper[field..], 0);
        ushort checksum = InternetChecksum.Compute(upper, InternetChecksum.PseudoHeaderSum(source, destination, protocol, upper.Length));
        BinaryPrimitives.WriteUInt16BigEndian(upper[field..], checksum == 0 && protocol == IpProtocol.Udp ? (ushort)0xFFFF : checksum);
    }
}
