using Overlay.Dataplane.Diagnostics;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.TestKit.InMemory;
using Xunit;
using static Overlay.Dataplane.Tests.Pipeline.Bench;

namespace Overlay.Dataplane.Tests.Pipeline;

/// <summary>Checksums that a tenant's kernel leaves to the port.</summary>
public sealed class ChecksumOffloadTests
{
    [Fact]
    public void An_sctp_packet_gets_its_crc()
    {
        // RFC 3720 B.4: the CRC32c of 32 octets of zeros is AA 36 91 8A, in the order in which they are sent. A packet of zeros has it with the field at 8.
        byte[] frame = Sctp(32);
        Bench bench = Ready();
        bench.Node.Send("web", frame, new VnetHeader(VnetHeader.NeedsChecksum, 0, 0, 0, 34, 8));
        byte[] inner = bench.Read(bench.OnlyDatagram()).Inner;
        Assert.Equal([0xAA, 0x36, 0x91, 0x8A], inner[42..46]);
        inner.AsSpan(42, 4).Clear();
        Assert.Equal(frame, inner);
    }

    [Fact]
    public void What_follows_the_sctp_packet_is_not_in_its_crc()
    {
        byte[] frame = [.. Sctp(32), 1, 2, 3, 4];
        Bench bench = Ready();
        bench.Node.Send("web", frame, new VnetHeader(VnetHeader.NeedsChecksum, 0, 0, 0, 34, 8));
        Assert.Equal([0xAA, 0x36, 0x91, 0x8A], bench.Read(bench.OnlyDatagram()).Inner[42..46]);
    }

    [Theory]
    [InlineData(0, 6)]
    [InlineData(6, 6)]
    [InlineData(13, 0)]
    public void A_checksum_is_not_written_into_addresses_or_type(int start, int offset)
    {
        Bench bench = Ready();
        bench.Node.Send("web", Frames.UdpV4(Remote, Tenant), new VnetHeader(VnetHeader.NeedsChecksum, 0, 0, 0, (ushort)start, (ushort)offset));
        Assert.Equal(1, bench.Node.Dropped(Direction.Tx, DropReason.TapBadVnetHeader));
        Assert.Empty(bench.Node.Underlay.Take());
    }

    private static byte[] Sctp(int length)
    {
        byte[] frame = Frames.UdpV4(Remote, Tenant, payloadLength: length - 8);
        frame[23] = Encap.Ip.IpProtocol.Sctp;
        frame.AsSpan(34).Clear();
        return frame;
    }

    private static Bench Ready()
    {
        Bench bench = new(Wire.All[0]);
        bench.Node.Learn(V100, Remote, FdbTarget.ToNextHop(bench.HopB));
        return bench;
    }
}
