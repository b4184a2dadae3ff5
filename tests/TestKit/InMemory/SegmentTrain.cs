using System.Buffers.Binary;
using Overlay.Encap;
using Overlay.Encap.Ethernet;
using Overlay.Encap.Ip;

namespace Overlay.TestKit.InMemory;

/// <summary>Makes the frames of one TCP or UDP flow, one after the other; a test changes what it likes in between.</summary>
public sealed class SegmentTrain
{
    private readonly MacAddress _destination;
    private readonly MacAddress _source;

    /// <summary>A flow between two stations.</summary>
    public SegmentTrain(MacAddress destination, MacAddress source, bool tcp = true, bool ipv6 = false, ushort port = 1000)
    {
        _destination = destination;
        _source = source;
        IsTcp = tcp;
        IsIPv6 = ipv6;
        SourcePort = port;
    }

    public bool IsTcp { get; }

    public bool IsIPv6 { get; }

    public ushort SourcePort { get; set; }

    public uint Sequence { get; set; } = 1_000_000;

    public uint Acknowledgment { get; set; } = 77;

    public ushort Identification { get; set; } = 65_530;

    public ushort Window { get; set; } = 500;

    public ushort Urgent { get; set; }

    public byte Tos { get; set; }

    public byte Ttl { get; set; } = 64;

    public bool DontFragment { get; set; } = true;

    public uint FlowLabel { get; set; } = 0x12345;

    public uint Timestamp { get; set; } = 5;

    public bool HasTimestamps { get; set; } = true;

    public int IpOffset => EthernetHeader.Length;

    public int UpperOffset => IpOffset + (IsIPv6 ? 40 : 20);

    public int HeaderLength => UpperOffset + (IsTcp ? HasTimestamps ? 32 : 20 : 8);

    /// <summary>The next segment; the train counts on.</summary>
    public byte[] Next(int dataLength, byte flags = 0x10, Random? content = null)
    {
        byte[] frame = new byte[HeaderLength + dataLength];
        Span<byte> data = frame.AsSpan(HeaderLength);
        if (content is null)
            data.Fill((byte)(Sequence >> 3));
        else
            content.NextBytes(data);

        new EthernetHeader(_destination, _source, IsIPv6 ? EtherType.IPv6 : EtherType.IPv4).WriteTo(frame);
        if (IsIPv6)
            WriteIPv6(frame);
        else
            WriteIPv4(frame);

        Span<byte> upper = frame.AsSpan(UpperOffset);
        BinaryPrimitives.WriteUInt16BigEndian(upper, SourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(upper[2..], 80);
        if (IsTcp)
        {
            BinaryPrimitives.WriteUInt32BigEndian(upper[4..], Sequence);
            BinaryPrimitives.WriteUInt32BigEndian(upper[8..], Acknowledgment);
            upper[12] = (byte)((HeaderLength - UpperOffset) / 4 << 4);
            upper[13] = flags;
            BinaryPrimitives.WriteUInt16BigEndian(upper[14..], Window);
            BinaryPrimitives.WriteUInt16BigEndian(upper[18..], Urgent);
            if (HasTimestamps)
            {
                BinaryPrimitives.WriteUInt32BigEndian(upper[20..], 0x0101_080A);
                BinaryPrimitives.WriteUInt32BigEndian(upper[24..], Timestamp);
                BinaryPrimitives.WriteUInt32BigEndian(upper[28..], 9);
            }
        }
        else
        {
            BinaryPrimitives.WriteUInt16BigEndian(upper[4..], (ushort)upper.Length);
        }

        Sequence += (uint)dataLength;
        Identification++;
        return Finish(frame);
    }

    /// <summary>Writes both checksums anew.</summary>
    public byte[] Finish(byte[] frame)
    {
        if (!IsIPv6)
        {
            Span<byte> ip = frame.AsSpan(IpOffset, 20);
            BinaryPrimitives.WriteUInt16BigEndian(ip[10..], 0);
            BinaryPrimitives.WriteUInt16BigEndian(ip[10..], InternetChecksum.Compute(ip));
        }

        (int addresses, int size) = IsIPv6 ? (IpOffset + 8, 16) : (IpOffset + 12, 4);
        Span<byte> upper = frame.AsSpan(UpperOffset);
        int field = IsTcp ? 16 : 6;
        BinaryPrimitives.WriteUInt16BigEndian(upper[field..], 0);
        uint pseudo = InternetChecksum.PseudoHeaderSum(
            frame.AsSpan(addresses, size), frame.AsSpan(addresses + size, size), IsTcp ? IpProtocol.Tcp : IpProtocol.Udp, upper.Length);
        ushort checksum = InternetChecksum.Compute(upper, pseudo);
        BinaryPrimitives.WriteUInt16BigEndian(upper[field..], checksum == 0 && !IsTcp ? (ushort)0xFFFF : checksum);
        return frame;
    }

    private void WriteIPv4(byte[] frame)
    {
        Span<byte> ip = frame.AsSpan(IpOffset);
        ip[0] = 0x45;
        ip[1] = Tos;
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)ip.Length);
        BinaryPrimitives.WriteUInt16BigEndian(ip[4..], Identification);
        ip[6] = (byte)(DontFragment ? 0x40 : 0);
        ip[8] = Ttl;
        ip[9] = IsTcp ? IpProtocol.Tcp : IpProtocol.Udp;
        BinaryPrimitives.WriteUInt32BigEndian(ip[12..], 0x0A00_0001);
        BinaryPrimitives.WriteUInt32BigEndian(ip[16..], 0x0A00_0002);
    }

    private void WriteIPv6(byte[] frame)
    {
        Span<byte> ip = frame.AsSpan(IpOffset);
        BinaryPrimitives.WriteUInt32BigEndian(ip, 0x6000_0000 | ((uint)Tos << 20) | FlowLabel);
        BinaryPrimitives.WriteUInt16BigEndian(ip[4..], (ushort)(ip.Length - 40));
        ip[6] = IsTcp ? IpProtocol.Tcp : IpProtocol.Udp;
        ip[7] = Ttl;
        ip[8] = ip[24] = 0xFD;
        ip[23] = 1;
        ip[39] = 2;
    }
}
