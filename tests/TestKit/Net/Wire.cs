using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Overlay.TestKit.Net;

/// <summary>
/// Octets of frames, written without any code of the product, so that a test does not judge our encoder by itself. Nothing is validated:
/// most callers want something wrong on purpose.
/// </summary>
public static class Wire
{
    /// <summary>A MAC as six octets.</summary>
    public static byte[] Mac(string text) => [.. text.Split(':').Select(s => byte.Parse(s, NumberStyles.HexNumber, CultureInfo.InvariantCulture))];

    /// <summary>Octets of a hexadecimal string; blanks are ignored.</summary>
    public static byte[] Hex(string text) => Convert.FromHexString(text.Replace(" ", "", StringComparison.Ordinal));

    /// <summary>An 802.1Q tag (or 802.1ad with another <paramref name="tpid"/>).</summary>
    public static byte[] Tag(int vid, int priority = 0, int tpid = 0x8100) => [(byte)(tpid >> 8), (byte)tpid, (byte)((priority << 5) | (vid >> 8)), (byte)vid];

    /// <summary>An Ethernet frame; <paramref name="tags"/> is put before the EtherType.</summary>
    public static byte[] Ethernet(string destination, string source, int etherType, byte[] payload, byte[]? tags = null) =>
        [.. Mac(destination), .. Mac(source), .. tags ?? [], (byte)(etherType >> 8), (byte)etherType, .. payload];

    /// <summary>An IPv4 packet without options.</summary>
    public static byte[] IPv4(string source, string destination, int protocol, byte[] payload, int tos = 0, int ttl = 64, int flags = 0x4000, int id = 0)
    {
        var packet = new byte[20 + payload.Length];
        packet[0] = 0x45;
        packet[1] = (byte)tos;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)packet.Length);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), (ushort)id);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(6), (ushort)flags);
        packet[8] = (byte)ttl;
        packet[9] = (byte)protocol;
        IPAddress.Parse(source).GetAddressBytes().CopyTo(packet, 12);
        IPAddress.Parse(destination).GetAddressBytes().CopyTo(packet, 16);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(10), Fold(Sum(packet.AsSpan(0, 20))));
        payload.CopyTo(packet, 20);
        return packet;
    }

    /// <summary>An IPv6 packet without extension headers.</summary>
    public static byte[] IPv6(string source, string destination, int next, byte[] payload, int trafficClass = 0, int hopLimit = 64)
    {
        var packet = new byte[40 + payload.Length];
        BinaryPrimitives.WriteUInt32BigEndian(packet, 0x6000_0000u | ((uint)trafficClass << 20));
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), (ushort)payload.Length);
        packet[6] = (byte)next;
        packet[7] = (byte)hopLimit;
        IPAddress.Parse(source).GetAddressBytes().CopyTo(packet, 8);
        IPAddress.Parse(destination).GetAddressBytes().CopyTo(packet, 24);
        payload.CopyTo(packet, 40);
        return packet;
    }

    /// <summary>A UDP datagram in the IP packet that its addresses ask for.</summary>
    public static byte[] Udp(string source, string destination, int sourcePort, int destinationPort, byte[] payload, UdpChecksum checksum = UdpChecksum.Good, int tos = 0, int ttl = 64)
    {
        var udp = new byte[8 + payload.Length];
        BinaryPrimitives.WriteUInt16BigEndian(udp, (ushort)sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(udp.AsSpan(2), (ushort)destinationPort);
        BinaryPrimitives.WriteUInt16BigEndian(udp.AsSpan(4), (ushort)udp.Length);
        payload.CopyTo(udp, 8);
        if (checksum != UdpChecksum.Zero)
        {
            var value = Fold(Sum(udp) + Sum(IPAddress.Parse(source).GetAddressBytes()) + Sum(IPAddress.Parse(destination).GetAddressBytes()) + 17 + (uint)udp.Length);
            if (value == 0) value = 0xffff;
            if (checksum == UdpChecksum.Wrong) value = (ushort)(value == 1 ? 2 : value ^ 1);
            BinaryPrimitives.WriteUInt16BigEndian(udp.AsSpan(6), value);
        }

        return IsIPv6(source) ? IPv6(source, destination, 17, udp, tos, ttl) : IPv4(source, destination, 17, udp, tos, ttl);
    }

    /// <summary>An ARP packet for IPv4 over Ethernet.</summary>
    public static byte[] Arp(int operation, string senderMac, string senderIp, string targetMac, string targetIp, int hardwareLength = 6, int protocolLength = 4) =>
        [0, 1, 8, 0, (byte)hardwareLength, (byte)protocolLength, 0, (byte)operation, .. Mac(senderMac), .. IPAddress.Parse(senderIp).GetAddressBytes(), .. Mac(targetMac), .. IPAddress.Parse(targetIp).GetAddressBytes()];

    /// <summary>VXLAN header and what follows it (RFC 7348 §5).</summary>
    public static byte[] Vxlan(int vni, byte[] inner, int flags = 0x08, int reserved24 = 0, int reserved8 = 0) =>
        [(byte)flags, (byte)(reserved24 >> 16), (byte)(reserved24 >> 8), (byte)reserved24, (byte)(vni >> 16), (byte)(vni >> 8), (byte)vni, (byte)reserved8, .. inner];

    /// <summary>Geneve header, options and what follows (RFC 8926 §3.4). <paramref name="optionWords"/> overrides the length field.</summary>
    public static byte[] Geneve(int vni, byte[] inner, byte[]? options = null, bool oam = false, bool? critical = null, int version = 0, int protocol = 0x6558, int? optionWords = null, int reserved6 = 0, int reserved8 = 0)
    {
        options ??= [];
        var c = critical ?? HasCritical(options);
        return
        [
            (byte)((version << 6) | (optionWords ?? (options.Length / 4))), (byte)((oam ? 0x80 : 0) | (c ? 0x40 : 0) | reserved6),
            (byte)(protocol >> 8), (byte)protocol, (byte)(vni >> 16), (byte)(vni >> 8), (byte)vni, (byte)reserved8, .. options, .. inner,
        ];
    }

    /// <summary>A Geneve option (RFC 8926 §3.5). <paramref name="words"/> overrides the length field, <paramref name="reserved"/> sets the three bits before it.</summary>
    public static byte[] Option(int optionClass, int type, byte[] data, int? words = null, int reserved = 0) =>
        [(byte)(optionClass >> 8), (byte)optionClass, (byte)type, (byte)((reserved << 5) | (words ?? (data.Length / 4))), .. data];

    /// <summary>Whether an address is IPv6.</summary>
    public static bool IsIPv6(string address) => IPAddress.Parse(address).AddressFamily == AddressFamily.InterNetworkV6;

    /// <summary>The Internet checksum's running sum of octets (RFC 1071), an odd one at the end as the high half.</summary>
    public static uint Sum(ReadOnlySpan<byte> data)
    {
        uint sum = 0;
        for (var i = 0; i + 1 < data.Length; i += 2) sum += (uint)((data[i] << 8) | data[i + 1]);
        if ((data.Length & 1) != 0) sum += (uint)(data[^1] << 8);
        return sum;
    }

    /// <summary>A running sum as the checksum that goes into the field.</summary>
    public static ushort Fold(uint sum)
    {
        while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
        return (ushort)~sum;
    }

    private static bool HasCritical(byte[] options)
    {
        for (var i = 0; i + 4 <= options.Length; i += 4 + (4 * (options[i + 3] & 0x1f)))
        {
            if ((options[i + 2] & 0x80) != 0) return true;
        }

        return false;
    }
}
