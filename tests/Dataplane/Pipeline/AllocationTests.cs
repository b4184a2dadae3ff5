using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Diagnostics;
using Overlay.Encap;
using Overlay.Encap.Geneve;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;
using Overlay.TestKit.InMemory;
using Xunit;
using static Overlay.Dataplane.Tests.Pipeline.Bench;

namespace Overlay.Dataplane.Tests.Pipeline;

/// <summary>Zero octets allocated a frame, over the real pipelines: 10^5 frames of each kind.</summary>
public sealed class AllocationTests
{
    private const int FrameCount = 100_000;

    public static TheoryData<Wire> Wires => Bench.Wires;

    [Theory]
    [MemberData(nameof(Wires))]
    public void Frames_from_ports_allocate_nothing(Wire wire)
    {
        Bench bench = Ready(wire);
        bench.Node.Learn(V100, Remote, FdbTarget.ToNextHop(bench.HopB));
        bench.Node.Learn(V100, Local, bench.PortTarget("db"), FdbOrigin.Local);
        bench.Node.Learn(V200, Local, bench.PortTarget("trunk2"), FdbOrigin.Local);
        Gate(bench, "web", Frames.UdpV4(Remote, Tenant), default);
        Gate(bench, "web", Frames.UdpV6(Local, Tenant), default);
        Gate(bench, "web", Frames.UdpV4(MacAddress.Broadcast, Tenant), default);
        Gate(bench, "web", Frames.Unfinished(Frames.Tcp(Remote, Tenant)), new VnetHeader(VnetHeader.NeedsChecksum, 0, 0, 0, 34, 16));
        Gate(bench, "trunk", Frames.Tagged(Frames.UdpV4(Local, Tenant), 20), default);
        Gate(bench, "trunk", Frames.Tagged(Frames.UdpV4(MacAddress.Broadcast, Tenant), 20), default);
        foreach (MacAddress to in (ReadOnlySpan<MacAddress>)[Remote, Local, MacAddress.Broadcast])
        {
            (byte[] frame, VnetHeader vnet) = SuperFrames.Build(to, Tenant, new SuperFrameSpec { SegmentSize = 1400, PayloadLength = 5000, IPv6 = true });
            Gate(bench, "web", frame, vnet);
        }

        Assert.Equal(0, bench.Node.Totals.Dropped(Direction.Tx));
        Gate(bench, "web", Frames.Tagged(Frames.UdpV4(Remote, Tenant), 20), default);
        Gate(bench, "web", Frames.UdpV4(Remote, MacAddress.Zero), default);
        Gate(bench, "nowhere", Frames.UdpV4(Remote, Tenant), default);
        bench.Node.Underlay.Refuse = DropReason.SocketFull;
        Gate(bench, "web", Frames.UdpV4(Remote, Tenant), default);
        Assert.True(bench.Node.IsBalanced());
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public void Datagrams_from_the_underlay_allocate_nothing(Wire wire)
    {
        Bench bench = Ready(wire);
        bench.Node.Learn(V100, Local, bench.PortTarget("db"), FdbOrigin.Local);
        bench.Node.Learn(V200, Local, bench.PortTarget("trunk"), FdbOrigin.Local);
        Gate(bench, Frames.Datagram(wire.Encap, V100, Frames.UdpV4(Local, Remote)), bench.PeerB);
        Gate(bench, Frames.Datagram(wire.Encap, V200, Frames.UdpV4(Local, Remote)), bench.PeerB);
        Gate(bench, Frames.Datagram(wire.Encap, V100, Frames.UdpV6(MacAddress.Broadcast, Remote, 2)), bench.PeerB);
        Gate(bench, Frames.Datagram(wire.Encap, V200, Frames.UdpV6(MacAddress.Broadcast, Remote, 2)), bench.PeerB);
        Gate(bench, Frames.Datagram(wire.Encap, V100, Frames.Unfinished(Frames.Tcp(Local, Remote, payloadLength: 5000))), bench.PeerB);
        if (wire.Encap == EncapKind.Geneve)
        {
            GeneveOptionRegistry registry = GeneveOptionRegistry.Default;
            Gate(
                bench,
                Frames.Datagram(
                    wire.Encap, V100, Frames.UdpV4(Local, Remote), GeneveOption.Policy(registry, 1, true), GeneveOption.Telemetry(registry, 1, 2), GeneveOption.Identity(registry, 3, false)),
                bench.PeerB);
        }

        Assert.Equal(0, bench.Node.Totals.Dropped(Direction.Rx));
        Gate(bench, Frames.Datagram(wire.Encap, new Vni(9), Frames.UdpV4(Local, Remote)), bench.PeerB);
        Gate(bench, Frames.Datagram(wire.Encap, V100, Frames.UdpV4(Local, Remote)), bench.Stranger);
        Gate(bench, Frames.Datagram(wire.Encap, V100, Frames.UdpV4(Local, Remote).AsSpan(0, 20)), bench.PeerB);
        Gate(bench, [1, 2, 3], bench.PeerB);
        Assert.True(bench.Node.IsBalanced());
    }

    [Fact]
    public void Trains_that_are_joined_allocate_nothing()
    {
        Bench bench = Ready(Wire.All[0]);
        bench.Node.Learn(V100, Local, bench.PortTarget("db"), FdbOrigin.Local);
        SegmentTrain[] flows = [.. Enumerable.Range(0, 4).Select(static i => new SegmentTrain(Local, Remote, i < 2, i % 2 == 0, (ushort)(100 + i)))];
        byte[][] datagrams = [.. Enumerable.Range(0, 64).Select(i => Frames.Datagram(EncapKind.Vxlan, V100, flows[i / 2 % 4].Next(i % 7 == 0 ? 30 : 60)))];
        DatagramBatch batch = bench.Node.DatagramBatch;
        Assert.Equal(0, Allocated(() =>
        {
            batch.Count = 0;
            foreach (byte[] datagram in datagrams)
                batch.Add(datagram, new DatagramInfo { Source = bench.PeerB, Encap = EncapKind.Vxlan });

            bench.Node.Decap.Process(batch);
        }));
        Assert.True(bench.Node.Device("db").DeliveredCount < bench.Node.Totals.Delivered(Direction.Rx) * 3 / 4);
        Assert.True(bench.Node.IsBalanced());
    }

    private static Bench Ready(Wire wire)
    {
        Bench bench = new(wire, static vni => vni with { PolicyId = 3, OnVxlanPeer = VxlanPolicyAction.MapToGbp });
        bench.Node.Underlay.Keeps = false;
        foreach (string port in (ReadOnlySpan<string>)["web", "db", "trunk", "trunk2", "clear", "nowhere"])
            bench.Node.Device(port).Keeps = false;

        return bench;
    }

    private static void Gate(Bench bench, string port, byte[] frame, VnetHeader vnet)
    {
        PacketBatch batch = bench.Node.FrameBatch;
        Dataplane.Ports.Port from = bench.Node.Port(port);
        Assert.Equal(0, Allocated(() =>
        {
            batch.Clear();
            while (batch.HasRoom)
                batch.Add(frame, in vnet);

            bench.Node.Encap.Process(from, 0, batch);
        }));
    }

    private static void Gate(Bench bench, byte[] datagram, UnderlayAddress source)
    {
        DatagramBatch batch = bench.Node.DatagramBatch;
        Assert.Equal(0, Allocated(() =>
        {
            batch.Count = 0;
            while (batch.HasFreeSlot)
                batch.Add(datagram, new DatagramInfo { Source = source, Encap = bench.Wire.Encap, Tos = 2 });

            bench.Node.Decap.Process(batch);
        }));
    }

    private static long Allocated(Action batch) => Allocation.Least(() =>
    {
        for (int frames = 0; frames < FrameCount; frames += 64)
            batch();
    });
}
