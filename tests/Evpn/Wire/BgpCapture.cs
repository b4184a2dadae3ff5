using System.Buffers.Binary;
using Overlay.Capture;
using Overlay.Encap;
using Overlay.Encap.Ethernet;
using Overlay.Encap.Ip;

namespace Overlay.Control.Evpn.Tests.Wire;

/// <summary>A TCP connection to port 179 as a capture, so that another program reads what we wrote. Segments of 1400 octets at most.</summary>
internal sealed class BgpCapture
{
    private const int MaxSegment = 1400;
    private const byte Fin = 1;
    private const byte Syn = 2;
    private const byte Push = 8;
    private const byte Ack = 16;

    private readonly PcapWriter _writer;
    private readonly UnderlayAddress[] _addresses = [UnderlayAddress.Parse("192.0.2.1"), UnderlayAddress.Parse("192.0.2.2")];
    private readonly ushort[] _ports = [40179, 179];
    private readonly uint[] _sequence = [1000, 2000];
    private long _clock = 1_700_000_000_000_000_000;

    public BgpCapture(Stream stream)
    {
        _writer = new PcapWriter(stream);
        Segment(0, Syn, []);
        Segment(1, Syn | Ack, []);
        Segment(0, Ack, []);
    }

    /// <summary>Sends octets from one side, 0 or 1, and acknowledges them.</summary>
    public void Send(int side, ReadOnlySpan<byte> octets)
    {
        while (octets.Length > 0)
        {
            int length = Math.Min(octets.Length, MaxSegment);
            Segment(side, Push | Ack, octets[..length]);
            Segment(1 - side, Ack, []);
            octets = octets[length..];
        }
    }

    public void Close()
    {
        Segment(0, Fin | Ack, []);
        Segment(1, Fin | Ack, []);
        Segment(0, Ack, []);
    }

    private void Segment(int side, int flags, ReadOnlySpan<byte> payload)
    {
        const int TcpLength = 20;
        byte[] frame = new byte[EthernetHeader.Length + IPv4Header.Length + TcpLength + payload.Length];
        new EthernetHeader(new MacAddress(0x020000000001UL + (ulong)(1 - side)), new MacAddress(0x020000000001UL + (ulong)side), EtherType.IPv4).WriteTo(frame);
        new IPv4Header(_addresses[side], _addresses[1 - side], IpProtocol.Tcp, TcpLength + payload.Length).WriteTo(frame.AsSpan(EthernetHeader.Length));
        Span<byte> tcp = frame.AsSpan(EthernetHeader.Length + IPv4Header.Length);
        BinaryPrimitives.WriteUInt16BigEndian(tcp, _ports[side]);
        BinaryPrimitives.WriteUInt16BigEndian(tcp[2..], _ports[1 - side]);
        BinaryPrimitives.WriteUInt32BigEndian(tcp[4..], _sequence[side]);
        BinaryPrimitives.WriteUInt32BigEndian(tcp[8..], (flags & Ack) != 0 ? _sequence[1 - side] : 0);
        tcp[12] = 5 << 4;
        tcp[13] = (byte)flags;
        BinaryPrimitives.WriteUInt16BigEndian(tcp[14..], 0xFFFF);
        payload.CopyTo(tcp[TcpLength..]);
        uint seed = InternetChecksum.PseudoHeaderSum(in _addresses[side], in _addresses[1 - side], IpProtocol.Tcp, tcp.Length);
        BinaryPrimitives.WriteUInt16BigEndian(tcp[16..], InternetChecksum.Compute(tcp, seed));
        _writer.Write(frame, _clock += 1_000_000);
        _sequence[side] += (uint)payload.Length + ((flags & (Syn | Fin)) != 0 ? 1u : 0);
    }
}
