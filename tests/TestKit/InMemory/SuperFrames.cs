using System.Buffers.Binary;
using Overlay.Encap;
using Overlay.Encap.Ethernet;
using Overlay.Encap.Ip;

namespace Overlay.TestKit.InMemory;

/// <summary>What a super-frame for tests is like.</summary>
public sealed record SuperFrameSpec
{
    public bool IPv6 { get; init; }

    public bool Udp { get; init; }

    public int SegmentSize { get; init; } = 1000;

    public int PayloadLength { get; init; } = 2500;

    public byte TcpFlags { get; init; } = 0x10;

    public byte[] TcpOptions { get; init; } = [];

    public byte[] IPv4Options { get; init; } = [];

    /// <summary>IPv6 extension headers between the fixed header and the upper one, chained; the first is of <see cref="FirstExtension"/>.</summary>
    public byte[] IPv6Extensions { get; init; } = [];

    public byte FirstExtension { get; init; }

    public bool DontFragment { get; init; } = true;

    public ushort Identification { get; init; } = 0x1234;

    public uint Sequence { get; init; } = 0x0102_0304;

    public ushort SourcePort { get; init; } = 40_000;

    public ushort UrgentPointer { get; init; }

    public byte Tos { get; init; }

    public int[] Tags { get; init; } = [];

    public int Seed { get; init; } = 1;

    /// <summary>The payload; null for random octets.</summary>
    public byte[]? Payload { get; init; }
}

/// <summary>Super-frames as a kernel hands them to a TAP, and the frames they stand for, made one by one from the RFCs: a second opinion about the segmentation.</summary>
public static class SuperFrames
{
    /// <summary>The super-frame: open checksum with the pseudo-header sum in the field.</summary>
    public static (byte[] Frame, VnetHeader Vnet) Build(MacAddress destination, MacAddress source, SuperFrameSpec spec)
    {
        byte[] payload = Payload(spec);
        byte[] frame = Make(destination, source, spec, payload, 0, spec.TcpFlags, finish: false);
        int headers = frame.Length - payload.Length;
        int upper = headers - (spec.Udp ? 8 : 20 + spec.TcpOptions.Length);
        byte type = spec.Udp ? VnetHeader.GsoUdpL4 : spec.IPv6 ? VnetHeader.GsoTcpV6 : VnetHeader.GsoTcpV4;
        if (!spec.Udp && (spec.TcpFlags & 0x80) != 0)
            type |= VnetHeader.GsoEcn;

        return (frame, new VnetHeader(VnetHeader.NeedsChecksum, type, (ushort)headers, (ushort)spec.SegmentSize, (ushort)upper, (ushort)(spec.Udp ? 6 : 16)));
    }

    /// <summary>The frames that a sender without offloads would have sent.</summary>
    public static byte[][] Cut(MacAddress destination, MacAddress source, SuperFrameSpec spec)
    {
        byte[] payload = Payload(spec);
        var frames = new List<byte[]>();
        for (int offset = 0, index = 0; offset < payload.Length; offset += spec.SegmentSize, index++)
        {
            bool isLast = offset + spec.SegmentSize >= payload.Length;
            int flags = spec.TcpFlags;
            if (!isLast)
                flags &= ~0x09;
            if (index != 0)
                flags &= ~0x80;

            byte[] part = payload[offset..Math.Min(payload.Length, offset + spec.SegmentSize)];
            SuperFrameSpec own = spec with { Identification = (ushort)(spec.Identification + index), Sequence = spec.Sequence + (uint)offset };
            frames.Add(Make(destination, source, own, part, index, (byte)flags, finish: true));
        }

        return [.. frames];
    }

    private static byte[] Payload(SuperFrameSpec spec)
    {
        if (spec.Payload is not null)
            return spec.Payload;

        byte[] payload = new byte[spec.PayloadLength];
        new Random(spec.Seed).NextBytes(payload);
        return payload;
    }

    private static byte[] Make(MacAddress destination, MacAddress source, SuperFrameSpec spec, byte[] payload, int index, byte flags, bool finish)
    {
        byte[] upper = spec.Udp ? new byte[8 + payload.Length] : new byte[20 + spec.TcpOptions.Length + payload.Length];
        payload.CopyTo(upper, upper.Length - payload.Length);
        BinaryPrimitives.WriteUInt16BigEndian(upper, spec.SourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(upper.AsSpan(2), 5201);
        if (spec.Udp)
        {
            BinaryPrimitives.WriteUInt16BigEndian(upper.AsSpan(4), (ushort)upper.Length);
        }
        else
        {
            BinaryPrimitives.WriteUInt32BigEndian(upper.AsSpan(4), spec.Sequence);
            BinaryPrimitives.WriteUInt32BigEndian(upper.AsSpan(8), 0x0A0B_0C0D);
            upper[12] = (byte)((5 + (spec.TcpOptions.Length / 4)) << 4);
            upper[13] = flags;
            BinaryPrimitives.WriteUInt16BigEndian(upper.AsSpan(14), 512);
            BinaryPrimitives.WriteUInt16BigEndian(upper.AsSpan(18), spec.UrgentPointer);
            spec.TcpOptions.CopyTo(upper, 20);
        }

        byte[] packet = spec.IPv6 ? IPv6(spec, upper) : IPv4(spec, upper);
        byte protocol = spec.Udp ? IpProtocol.Udp : IpProtocol.Tcp;
        int addresses = spec.IPv6 ? 8 : 12;
        int size = spec.IPv6 ? 16 : 4;
        uint pseudo = InternetChecksum.PseudoHeaderSum(packet.AsSpan(addresses, size), packet.AsSpan(addresses + size, size), protocol, upper.Length);
        Span<byte> inPacket = packet.AsSpan(packet.Length - upper.Length);
        Span<byte> field = inPacket[(spec.Udp ? 6 : 16)..];
        ushort checksum = finish ? InternetChecksum.Compute(inPacket, pseudo) : InternetChecksum.Fold(pseudo);
        BinaryPrimitives.WriteUInt16BigEndian(field, finish && spec.Udp && checksum == 0 ? (ushort)0xFFFF : checksum);

        byte[] frame = Frames.Ethernet(destination, source, spec.IPv6 ? EtherType.IPv6 : EtherType.IPv4, packet);
        foreach (int tag in spec.Tags.Reverse())
            frame = Frames.Tagged(frame, tag);

        return frame;
    }

    private static byte[] IPv4(SuperFrameSpec spec, byte[] upper)
    {
        int header = 20 + spec.IPv4Options.Length;
        byte[] packet = new byte[header + upper.Length];
        packet[0] = (byte)(0x40 | (header / 4));
        packet[1] = spec.Tos;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)packet.Length);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), spec.Identification);
        packet[6] = (byte)(spec.DontFragment ? 0x40 : 0);
        packet[8] = 63;
        packet[9] = spec.Udp ? IpProtocol.Udp : IpProtocol.Tcp;
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(12), 0x0AC8_0001);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(16), 0x0AC8_0002);
        spec.IPv4Options.CopyTo(packet, 20);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(10), InternetChecksum.Compute(packet.AsSpan(0, header)));
        upper.CopyTo(packet, header);
        return packet;
    }

    private static byte[] IPv6(SuperFrameSpec spec, byte[] upper)
    {
        byte[] extensions = spec.IPv6Extensions;
        byte[] packet = new byte[40 + extensions.Length + upper.Length];
        BinaryPrimitives.WriteUInt32BigEndian(packet, 0x6001_2345u | ((uint)spec.Tos << 20));
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), (ushort)(packet.Length - 40));
        packet[6] = extensions.Length != 0 ? spec.FirstExtension : spec.Udp ? IpProtocol.Udp : IpProtocol.Tcp;
        packet[7] = 63;
        packet[8] = 0xFD;
        packet[23] = 1;
        packet[24] = 0xFD;
        packet[39] = 2;
        extensions.CopyTo(packet, 40);
        upper.CopyTo(packet, 40 + extensions.Length);
        return packet;
    }
}
