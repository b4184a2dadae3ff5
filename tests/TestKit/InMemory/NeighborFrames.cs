using System.Buffers.Binary;
using System.Net;
using Overlay.Encap;

namespace Overlay.TestKit.InMemory;

/// <summary>ARP and neighbour discovery frames for tests, octet by octet, with a checksum of their own: they judge what the daemon writes.</summary>
public static class NeighborFrames
{
    /// <summary>The group of all nodes, as a MAC.</summary>
    public static MacAddress AllNodes => new(0x3333_0000_0001);

    /// <summary>An ARP packet (RFC 826) in an Ethernet frame.</summary>
    public static byte[] Arp(
        ushort operation, MacAddress sender, string senderAddress, MacAddress target, string targetAddress, MacAddress? destination = null, MacAddress? source = null)
    {
        byte[] frame = new byte[42];
        (destination ?? MacAddress.Broadcast).WriteTo(frame);
        (source ?? sender).WriteTo(frame.AsSpan(6));
        new byte[] { 0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, (byte)operation }.CopyTo(frame, 12);
        sender.WriteTo(frame.AsSpan(22));
        IPAddress.Parse(senderAddress).GetAddressBytes().CopyTo(frame, 28);
        target.WriteTo(frame.AsSpan(32));
        IPAddress.Parse(targetAddress).GetAddressBytes().CopyTo(frame, 38);
        return frame;
    }

    /// <summary>"Who has?" to everybody.</summary>
    public static byte[] ArpRequest(MacAddress sender, string senderAddress, string targetAddress, MacAddress? destination = null) =>
        Arp(1, sender, senderAddress, default, targetAddress, destination);

    /// <summary>A neighbour solicitation (RFC 4861 §4.3).</summary>
    /// <param name="sender">Who asks.</param>
    /// <param name="senderAddress">Its address; <c>::</c> in duplicate address detection.</param>
    /// <param name="target">What is asked for.</param>
    /// <param name="options">Null for the usual option, the sender's MAC.</param>
    /// <param name="unicastTo">Asks this MAC at the target's own address instead of its group.</param>
    /// <param name="hopLimit">255 unless a test says otherwise.</param>
    public static byte[] Solicitation(
        MacAddress sender, string senderAddress, string target, byte[]? options = null, MacAddress? unicastTo = null, byte hopLimit = 255)
    {
        byte[] targetOctets = IPAddress.Parse(target).GetAddressBytes();
        byte[] group = IPAddress.Parse("ff02::1:ff00:0").GetAddressBytes();
        targetOctets.AsSpan(13).CopyTo(group.AsSpan(13));
        MacAddress groupMac = new(0x3333_0000_0000UL | BinaryPrimitives.ReadUInt32BigEndian(group.AsSpan(12)));
        return Discovery(
            135, 0, sender, unicastTo ?? groupMac, IPAddress.Parse(senderAddress).GetAddressBytes(), unicastTo is null ? group : targetOctets, targetOctets,
            options ?? LinkLayer(1, sender), hopLimit);
    }

    /// <summary>A neighbour advertisement (RFC 4861 §4.4).</summary>
    /// <param name="sender">The MAC it comes from.</param>
    /// <param name="target">The address it is about, and its source.</param>
    /// <param name="flags">R 0x80, S 0x40, O 0x20.</param>
    /// <param name="to">Its IPv6 destination.</param>
    /// <param name="destination">Its MAC destination.</param>
    /// <param name="options">Null for the usual option, the sender's MAC.</param>
    /// <param name="hopLimit">255 unless a test says otherwise.</param>
    public static byte[] Advertisement(
        MacAddress sender, string target, byte flags = 0x20, string to = "ff02::1", MacAddress? destination = null, byte[]? options = null, byte hopLimit = 255)
    {
        byte[] octets = IPAddress.Parse(target).GetAddressBytes();
        return Discovery(136, flags, sender, destination ?? AllNodes, octets, IPAddress.Parse(to).GetAddressBytes(), octets, options ?? LinkLayer(2, sender), hopLimit);
    }

    /// <summary>An option with a MAC: 1 the source's, 2 the target's.</summary>
    public static byte[] LinkLayer(byte type, MacAddress mac)
    {
        byte[] option = new byte[8];
        option[0] = type;
        option[1] = 1;
        mac.WriteTo(option.AsSpan(2));
        return option;
    }

    /// <summary>Any ICMPv6 message in an Ethernet frame, with a right checksum.</summary>
    public static byte[] IcmpV6(MacAddress source, MacAddress destination, byte[] from, byte[] to, byte[] message, byte hopLimit = 255)
    {
        byte[] frame = new byte[54 + message.Length];
        destination.WriteTo(frame);
        source.WriteTo(frame.AsSpan(6));
        new byte[] { 0x86, 0xDD, 0x60, 0, 0, 0 }.CopyTo(frame, 12);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(18), (ushort)message.Length);
        frame[20] = 58;
        frame[21] = hopLimit;
        from.CopyTo(frame, 22);
        to.CopyTo(frame, 38);
        message.CopyTo(frame, 54);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(56), Checksum(frame));
        return frame;
    }

    /// <summary>The ICMPv6 checksum that an untagged frame should have, summed word by word (RFC 4443 §2.3).</summary>
    public static ushort Checksum(ReadOnlySpan<byte> frame)
    {
        ulong sum = (ulong)(frame.Length - 54) + 58;
        for (int i = 22; i < frame.Length; i++)
        {
            if (i is 56 or 57)
                continue;

            sum += (i & 1) == 0 ? (ulong)frame[i] << 8 : frame[i];
        }

        while (sum > 0xFFFF)
            sum = (sum >> 16) + (sum & 0xFFFF);

        return (ushort)~sum;
    }

    private static byte[] Discovery(
        byte type, byte flags, MacAddress source, MacAddress destination, byte[] from, byte[] to, byte[] target, byte[] options, byte hopLimit)
    {
        byte[] message = new byte[24 + options.Length];
        message[0] = type;
        message[4] = flags;
        target.CopyTo(message, 8);
        options.CopyTo(message, 24);
        return IcmpV6(source, destination, from, to, message, hopLimit);
    }
}
