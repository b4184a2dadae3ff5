using Overlay.Encap.Ip;

namespace Overlay.TestKit.InMemory;

/// <summary>Super-frames that are worth to be cut, by name.</summary>
public static class SuperFrameCases
{
    private const byte Ack = 0x10;
    private const byte Push = 0x08;
    private const byte Fin = 0x01;
    private const byte Urgent = 0x20;
    private const byte Cwr = 0x80;
    private const byte Ece = 0x40;

    // NOP NOP timestamps; NOP NOP SACK of one block; both fill whole words.
    private static readonly byte[] Timestamps = [1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8];
    private static readonly byte[] Sack = [1, 1, 5, 10, 9, 9, 9, 9, 8, 8, 8, 8];

    /// <summary>All of them.</summary>
    public static IReadOnlyDictionary<string, SuperFrameSpec> All { get; } = Make();

    private static SortedDictionary<string, SuperFrameSpec> Make()
    {
        var data = new SortedDictionary<string, SuperFrameSpec>(StringComparer.Ordinal);
        foreach (bool ipv6 in (ReadOnlySpan<bool>)[false, true])
        {
            string family = ipv6 ? "6" : "4";
            SuperFrameSpec tcp = new() { IPv6 = ipv6 };
            SuperFrameSpec udp = new() { IPv6 = ipv6, Udp = true };
            data.Add($"tcp{family} plain", tcp);
            data.Add($"tcp{family} whole segments only", tcp with { PayloadLength = 3000 });
            data.Add($"tcp{family} push and fin", tcp with { TcpFlags = Ack | Push | Fin });
            data.Add($"tcp{family} urgent", tcp with { TcpFlags = Ack | Urgent, UrgentPointer = 1500 });
            data.Add($"tcp{family} cwr", tcp with { TcpFlags = Ack | Cwr, Tos = 2 });
            data.Add($"tcp{family} cwr, ece and everything", tcp with { TcpFlags = 0xFF, Tos = 0xB9 });
            data.Add($"tcp{family} timestamps", tcp with { TcpOptions = Timestamps, SegmentSize = 1388, PayloadLength = 43 * 1388 });
            data.Add($"tcp{family} timestamps and SACK", tcp with { TcpOptions = [.. Timestamps, .. Sack] });
            data.Add($"tcp{family} odd segment size", tcp with { SegmentSize = 777, PayloadLength = 7778, TcpFlags = Ack | Ece });
            data.Add($"tcp{family} eight octets a segment", tcp with { SegmentSize = 8, PayloadLength = 300 });
            data.Add($"tcp{family} sequence wraps", tcp with { Sequence = 0xFFFF_FC00 });
            data.Add($"tcp{family} tags", tcp with { Tags = [20, 30] });
            data.Add($"tcp{family} as long as can be", tcp with { SegmentSize = 1428, PayloadLength = 65_000 });
            data.Add($"udp{family} plain", udp);
            data.Add($"udp{family} odd segment size", udp with { SegmentSize = 333, PayloadLength = 1000 });
            data.Add($"udp{family} last of one octet", udp with { SegmentSize = 1200, PayloadLength = 2401, Tos = 1 });
        }

        data.Add("tcp4 without DF", new SuperFrameSpec { DontFragment = false });
        data.Add("udp4 without DF, identification wraps", new SuperFrameSpec { Udp = true, DontFragment = false, Identification = 0xFFFF });
        data.Add("tcp4 with options", new SuperFrameSpec { IPv4Options = [0x94, 4, 0, 0] });
        data.Add("tcp6 with hop-by-hop and destination options", new SuperFrameSpec
        {
            IPv6 = true,
            FirstExtension = IpProtocol.HopByHop,
            IPv6Extensions = [IpProtocol.DestinationOptions, 0, 1, 4, 0, 0, 0, 0, IpProtocol.Tcp, 0, 1, 4, 0, 0, 0, 0],
        });
        return data;
    }
}
