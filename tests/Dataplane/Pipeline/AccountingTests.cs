using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Forwarding;
using Overlay.Encap;
using Overlay.Encap.Ethernet;
using Overlay.Encap.Geneve;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;
using Overlay.TestKit.InMemory;
using Xunit;

namespace Overlay.Dataplane.Tests.Pipeline;

/// <summary>received = delivered + consumed + dropped, whatever comes in; and nothing throws.</summary>
public sealed class AccountingTests
{
    private static readonly string[] Ports = ["web", "db", "trunk", "trunk2", "clear", "nowhere"];

    [Fact]
    public void Every_frame_has_exactly_one_outcome_whatever_it_holds()
    {
        int rounds = (Environment.GetEnvironmentVariable("OVERLAY_QUICK") == "1" ? 50_000 : 1_000_000) / 64;
        Random random = new(20_240_611);
        Bench bench = new(
            Wire.All[0],
            static vni => vni.Vni.Value switch
            {
                200 => vni with { Gateway = true, PolicyId = 5, OnVxlanPeer = VxlanPolicyAction.MapToGbp },
                300 => vni with { PolicyId = 7, PolicyRequired = true, UnknownUnicast = UnknownUnicast.Drop },
                400 => vni with { AsksOnMiss = true },
                500 => vni with { Transparent = true, AsksOnMiss = true, UnknownUnicast = UnknownUnicast.Drop },
                _ => vni,
            });
        MemoryNode node = bench.Node;
        node.Underlay.Keeps = false;
        foreach (string port in Ports)
            node.Device(port).Keeps = false;

        FdbTarget[] targets = [FdbTarget.ToNextHop(bench.HopB), FdbTarget.ToNextHop(bench.HopC), .. Ports.Select(bench.PortTarget)];
        long tx = 0;
        long rx = 0;
        long waited = 0;
        for (int round = 0; round < rounds; round++)
        {
            Disturb(bench, random, targets);
            waited += node.Encap.HeldCount;
            if ((round & 1) == 0)
            {
                FillFrames(node.FrameBatch, random);
                tx += node.FrameBatch.Count;
                node.Encap.Process(node.Port(Ports[random.Next(Ports.Length)]), random.Next(4), node.FrameBatch);
            }
            else
            {
                FillDatagrams(bench, random);
                rx += node.DatagramBatch.Count;
                node.Decap.Process(node.DatagramBatch);
            }
        }

        Assert.True(node.IsBalanced());
        Assert.True(waited > 0, "The fuzz never asks for a destination.");
        node.Encap.FlushHeld(0, forwards: true);
        Assert.Equal(0, node.Forwarding.HeldFrames);
        Assert.True(node.IsBalanced());
        Assert.Equal(tx, node.Totals.Received(Direction.Tx));
        Assert.Equal(rx, node.Totals.Received(Direction.Rx));
        foreach (Direction direction in Enum.GetValues<Direction>())
        {
            Assert.Equal(node.Totals.Copies(direction), node.Forwarding.Current.Domains.Sum(domain => domain.State.Copies.Frames((int)direction)));
            Assert.Equal(rounds / 2, Enumerable.Range(0, BatchSizes.BucketCount).Sum(bucket => node.Totals.Batches(direction, bucket)), 2.0);
        }

        Assert.True(node.Totals.Delivered(Direction.Tx) > tx / 20, "The fuzz hardly ever delivers: it tests the first checks only.");
        Assert.True(node.Totals.Delivered(Direction.Rx) > rx / 20, "The fuzz hardly ever delivers: it tests the first checks only.");
        DropReason[] reached = [.. Enum.GetValues<DropReason>().Where(reason => reason != DropReason.None
            && (node.Dropped(Direction.Tx, reason) != 0 || node.Dropped(Direction.Rx, reason) != 0))];
        Assert.True(reached.Length >= 28, $"Only {reached.Length} reasons were reached: {string.Join(' ', reached)}");
    }

    private static void Disturb(Bench bench, Random random, FdbTarget[] targets)
    {
        ForwardingState state = bench.Node.Forwarding;
        Vni vni = new((uint)random.Next(1, 6) * 100);
        MacAddress mac = RandomMac(random);
        switch (random.Next(16))
        {
            case < 4:
                state.TryWriteMac(vni, mac, targets[random.Next(targets.Length)], FdbOrigin.Learned, (FdbFlags)(random.Next(8) == 0 ? random.Next(8) : 0));
                break;
            case 4:
                state.RemoveMac(vni, mac);
                break;
            case 5:
                state.SetVtepState(bench.VtepB, (VtepState)(random.Next(4) / 3));
                state.SetVtepState(bench.VtepC, (VtepState)(random.Next(4) / 3));
                break;
            case 6:
                bench.Node.Port(Ports[random.Next(5)]).IsUp = random.Next(4) != 0;
                break;
            case 7:
                bench.Node.Device(Ports[random.Next(5)]).Room = random.Next(4) == 0 ? 3 : -1;
                break;
            case 8:
                bench.Node.Underlay.Refuse = random.Next(4) == 0 ? DropReason.SocketFull : DropReason.None;
                break;
            case 9:
                bench.Node.TakeHints();
                break;
            case 10:
                _ = state.WriteNegative(vni, mac);
                state.ReleaseHeld(vni, mac);
                break;
            case 11:
                _ = state.RemoveNegative(vni, mac);
                break;
            case 12:
                state.ReleaseHeld(vni, mac);
                break;
            case 13 when random.Next(8) == 0:
                state.AgeHeld(2);
                break;
            default:
                break;
        }
    }

    private static void FillFrames(PacketBatch batch, Random random)
    {
        batch.Clear();
        for (int left = random.Next(1, batch.Size + 1); left > 0 && batch.HasRoom; left--)
        {
            byte[] frame = RandomFrame(random);
            batch.Add(frame, RandomVnet(random, frame.Length));
        }
    }

    private static void FillDatagrams(Bench bench, Random random)
    {
        DatagramBatch batch = bench.Node.DatagramBatch;
        batch.Count = 0;
        UnderlayAddress[] sources = [bench.PeerB, bench.PeerB, bench.PeerB, bench.PeerC, bench.PeerC, bench.Self, bench.Stranger];
        for (int left = random.Next(1, batch.Size + 1); left > 0; left--)
        {
            EncapKind encap = random.Next(2) == 0 ? EncapKind.Vxlan : EncapKind.Geneve;
            byte[] datagram = RandomDatagram(random, encap);
            batch.Add(datagram, new DatagramInfo { Source = sources[random.Next(sources.Length)], Encap = encap, Tos = (byte)random.Next(256) });
        }
    }

    private static byte[] RandomDatagram(Random random, EncapKind encap)
    {
        Vni vni = new((uint)random.Next(1, 7) * 100);
        byte[] inner = RandomFrame(random);
        byte[] datagram = random.Next(4) switch
        {
            0 => Frames.Prepend(encap == EncapKind.Vxlan ? EncapTemplate.VxlanGbp((ushort)random.Next(65536), random.Next(2) == 0) : EncapTemplate.Geneve(), vni, inner),
            1 when encap == EncapKind.Geneve => Frames.Datagram(encap, vni, inner, GeneveOption.Policy(GeneveOptionRegistry.Default, 7, random.Next(2) == 0)),
            _ => Frames.Datagram(encap, vni, inner),
        };
        if (random.Next(6) == 0)
            Garble(datagram.AsSpan(0, Math.Min(datagram.Length, 24)), random);

        return random.Next(12) == 0 ? datagram[..random.Next(datagram.Length + 1)] : datagram;
    }

    private static byte[] RandomFrame(Random random)
    {
        MacAddress destination = random.Next(4) == 0 ? MacAddress.Broadcast : RandomMac(random);
        MacAddress source = random.Next(40) == 0 ? new MacAddress((ulong)random.NextInt64(1L << 48)) : RandomMac(random);
        byte[] frame = random.Next(8) switch
        {
            0 => Frames.UdpV4(destination, source, (byte)random.Next(256), random.Next(64)),
            1 => Frames.UdpV6(destination, source, (byte)random.Next(256), random.Next(64)),
            2 => Frames.Tcp(destination, source, random.Next(2) == 0, random.Next(200)),
            3 => Frames.Unfinished(Frames.Tcp(destination, source, random.Next(2) == 0, random.Next(20) == 0 ? 9000 : random.Next(200))),
            4 => Frames.Unfinished(Frames.UdpV4(destination, source, 0, random.Next(64))),
            5 => Frames.Opaque(random.Next(3) == 0 ? new MacAddress(0x0180_C200_0000UL + (ulong)random.Next(16)) : destination, source, random.Next(1520)),
            _ => Frames.Opaque(destination, source, random.Next(64)),
        };
        for (int tags = random.Next(4) == 0 ? random.Next(4) : 0; tags > 0; tags--)
            frame = Frames.Tagged(frame, random.Next(3) == 0 ? random.Next(4096) : 20 + (random.Next(2) * 10), random.Next(8) == 0 ? EtherType.ServiceVlan : EtherType.Vlan);

        if (random.Next(8) == 0)
            Garble(frame.AsSpan(Math.Min(frame.Length, 12)), random);

        return random.Next(12) == 0 ? frame[..random.Next(frame.Length + 1)] : frame;
    }

    private static VnetHeader RandomVnet(Random random, int length) => random.Next(10) switch
    {
        0 => new VnetHeader((byte)random.Next(256), (byte)random.Next(256), (ushort)random.Next(65536), (ushort)random.Next(65536), (ushort)random.Next(65536), (ushort)random.Next(65536)),
        1 => new VnetHeader(VnetHeader.NeedsChecksum, 0, 0, 0, (ushort)random.Next(length + 1), (ushort)random.Next(32)),
        _ => default,
    };

    private static MacAddress RandomMac(Random random) =>
        random.Next(30) == 0 ? new MacAddress(0x02_00_5E_00_00_00UL + (ulong)random.Next(6)) : new MacAddress(0x02_00_00_00_00_00UL + (ulong)random.Next(32));

    private static void Garble(Span<byte> octets, Random random)
    {
        for (int i = random.Next(1, 4); i > 0 && octets.Length != 0; i--)
            octets[random.Next(octets.Length)] = (byte)random.Next(256);
    }
}
