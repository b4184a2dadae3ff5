using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Forwarding;
using Overlay.Dataplane.Pipeline;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;
using Overlay.TestKit.InMemory;
using Xunit;
using static Overlay.Dataplane.Tests.Pipeline.Bench;

namespace Overlay.Dataplane.Tests.Pipeline.Misses;

/// <summary>Where a VNI asks for unknown destinations, frames to them wait for the answer; each is counted once, when it is dealt with.</summary>
public sealed class MissTests
{
    public static TheoryData<Wire> Wires => Bench.Wires;

    [Theory]
    [MemberData(nameof(Wires))]
    public void The_first_frame_waits_for_the_answer_and_leaves_before_those_behind_it(Wire wire)
    {
        Bench bench = Asking(wire);
        byte[][] frames = [.. Enumerable.Range(0, 5).Select(static i => Frames.UdpV4(Remote, Tenant, payloadLength: 40 + i))];
        bench.Node.Send("web", frames[0]);
        bench.Node.Send("web", frames[1]);
        LearnHint hint = Assert.Single(bench.Node.TakeHints());
        Assert.Equal((true, V100, Remote, bench.PortTarget("web")), (hint.IsMiss, hint.Vni, hint.Mac, hint.Seen));
        AssertWaiting(bench, 2);

        // The answer is in the table, and whoever says so has not come yet: what comes now waits no longer, and neither does what came before.
        bench.Node.Learn(V100, Remote, FdbTarget.ToNextHop(bench.HopB), FdbOrigin.Etcd);
        bench.Node.Device("web").Put(frames[2]);
        bench.Node.Send("web", frames[3]);
        bench.Node.Forwarding.ReleaseHeld(V100, Remote);
        bench.Node.Send("web", frames[4]);
        Assert.Equal(frames, bench.Node.Underlay.Take().Select(datagram => bench.Read(datagram).Inner));
        Assert.Equal(5, bench.Node.Totals.Delivered(Direction.Tx));
        AssertDone(bench, 5);
        Assert.Empty(bench.Node.TakeHints());
        Assert.Equal(5, bench.Node.Port("web").Traffic.Frames((int)Direction.Tx));
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public void A_frame_of_which_one_waits_does_not_overtake_it_within_a_batch(Wire wire)
    {
        // The answer comes in the middle of the batch: the source of the second frame is what tells.
        Bench bench = Asking(wire);
        bench.Node.Send("web", Frames.UdpV4(Remote, Tenant, payloadLength: 40));
        PacketBatch batch = bench.Node.FrameBatch;
        batch.Clear();
        batch.Add(Frames.UdpV4(Remote, Tenant, payloadLength: 41));
        bench.Node.Forwarding.ReleaseHeld(V100, Nobody);
        bench.Node.Encap.ReleaseHeld(0);
        Assert.Equal(1, bench.Node.Encap.HeldCount);

        // As if the entry was written after the look that begins every batch.
        bench.Node.Learn(V100, Remote, FdbTarget.ToNextHop(bench.HopB), FdbOrigin.Etcd);
        bench.Node.Encap.SkipLook();
        bench.Node.Encap.Process(bench.Node.Port("web"), 0, batch);
        Assert.Equal(2, bench.Node.Encap.HeldCount);
        bench.Node.Forwarding.ReleaseHeld(V100, Remote);
        bench.Node.Pump();
        Assert.Equal([82, 83], bench.Node.Underlay.Take().Select(datagram => bench.Read(datagram).Inner.Length));
        AssertDone(bench, 2);
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public void A_frame_that_nobody_wants_is_flooded_when_that_is_known_and_the_next_ones_at_once(Wire wire)
    {
        Bench bench = Asking(wire);
        byte[] frame = Frames.UdpV6(Nobody, Tenant);
        bench.Node.Send("web", frame);
        AssertWaiting(bench, 1);
        Assert.True(bench.Node.Forwarding.WriteNegative(V100, Nobody));
        bench.Node.Forwarding.ReleaseHeld(V100, Nobody);
        bench.Node.Pump();
        _ = bench.Node.TakeHints();
        for (int round = 0; round < 2; round++)
        {
            Assert.Equal([bench.PeerB, bench.PeerC], bench.Node.Underlay.Take().Select(static datagram => datagram.Destination));
            Assert.Equal(frame, bench.OnlyFrameAt("db"));
            Assert.Empty(bench.Node.TakeHints());
            bench.Node.Send("web", frame);
        }

        AssertDone(bench, 3);
        Assert.True(bench.Node.Forwarding.RemoveNegative(V100, Nobody));
        Assert.False(bench.Node.Forwarding.RemoveNegative(V100, Nobody));
        bench.Node.Send("web", frame);
        Assert.True(Assert.Single(bench.Node.TakeHints()).IsMiss);
    }

    [Fact]
    public void Where_unknown_unicast_is_not_flooded_a_frame_that_nobody_wants_is_dropped_by_name()
    {
        Bench bench = Asking(Wire.All[0], static vni => vni with { UnknownUnicast = UnknownUnicast.Drop });
        bench.Node.Send("web", Frames.UdpV4(Nobody, Tenant));
        AssertWaiting(bench, 1);
        bench.Node.Forwarding.ReleaseHeld(V100, Nobody);
        bench.Node.Pump();
        bench.AssertDropped(Direction.Tx, DropReason.FdbMissFloodOff);
    }

    [Fact]
    public void An_answer_that_nobody_remembers_lets_frames_go_and_the_next_one_asks_again()
    {
        Bench bench = Asking(Wire.All[0]);
        bench.Node.Send("web", Frames.UdpV4(Nobody, Tenant));
        bench.Node.Forwarding.ReleaseHeld(V100, Nobody);
        bench.Node.Pump();
        Assert.Equal(2, bench.Node.Underlay.Take().Length);
        AssertDone(bench, 1);
        _ = bench.Node.TakeHints();
        bench.Node.Send("web", Frames.UdpV4(Nobody, Tenant));
        AssertWaiting(bench, 1, received: 1);
        Assert.True(Assert.Single(bench.Node.TakeHints()).IsMiss);
    }

    [Fact]
    public void An_answer_lets_go_what_it_is_about_and_nothing_else()
    {
        Bench bench = Asking(Wire.All[0]);
        foreach (MacAddress to in (ReadOnlySpan<MacAddress>)[Nobody, Remote, Nobody])
            bench.Node.Send("web", Frames.UdpV4(to, Tenant));

        bench.Node.Learn(V200, Nobody, FdbTarget.ToNextHop(bench.HopB), FdbOrigin.Etcd);
        bench.Node.Forwarding.ReleaseHeld(V200, Nobody);
        bench.Node.Pump();
        AssertWaiting(bench, 3);
        bench.Node.Learn(V100, Remote, FdbTarget.ToNextHop(bench.HopC), FdbOrigin.Etcd);
        bench.Node.Pump();
        Assert.Equal(bench.PeerC, bench.OnlyDatagram().Destination);
        Assert.Equal(2, bench.Node.Encap.HeldCount);
        bench.Node.Learn(V100, Nobody, bench.PortTarget("db"), FdbOrigin.Local);
        bench.Node.Pump();
        Assert.Equal(2, bench.Node.Device("db").Take().Length);
        AssertDone(bench, 3);
    }

    [Fact]
    public void Only_unknown_unicast_of_ports_is_asked_for()
    {
        Bench bench = Asking(Wire.All[0]);
        bench.Node.Learn(V100, Local, bench.PortTarget("db"), FdbOrigin.Local);
        bench.Node.Send("web", Frames.UdpV4(MacAddress.Broadcast, Tenant));
        bench.Node.Send("web", Frames.UdpV4(MacAddress.Parse("33:33:00:00:00:01"), Tenant));
        bench.Node.Send("web", Frames.UdpV4(MacAddress.Zero, Tenant));
        bench.Node.Send("web", Frames.UdpV4(Local, Tenant));
        bench.FromB(Frames.UdpV4(Nobody, Remote));
        Assert.Equal(0, bench.Node.Forwarding.HeldFrames);
        Assert.DoesNotContain(bench.Node.TakeHints(), static hint => hint.IsMiss);
        Assert.True(bench.Node.IsBalanced());

        Bench mirrored = new(Wire.All[0]);
        mirrored.Node.Send("web", Frames.UdpV4(Nobody, Tenant));
        Assert.Equal(0, mirrored.Node.Forwarding.HeldFrames);
        Assert.Equal(2, mirrored.Node.Underlay.Take().Length);
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public void A_super_frame_waits_and_leaves_in_its_segments(Wire wire)
    {
        foreach (bool ipv6 in (ReadOnlySpan<bool>)[false, true])
        {
            Bench bench = Asking(wire);
            SuperFrameSpec spec = new() { SegmentSize = 1200, PayloadLength = 60_000, IPv6 = ipv6 };
            (byte[] frame, VnetHeader vnet) = SuperFrames.Build(Remote, Tenant, spec);
            bench.Node.Send("web", frame, vnet);
            AssertWaiting(bench, 1);
            bench.Node.Learn(V100, Remote, FdbTarget.ToNextHop(bench.HopB), FdbOrigin.Etcd);
            bench.Node.Pump();
            Assert.Equal(SuperFrames.Cut(Remote, Tenant, spec), bench.Node.Underlay.Take().Select(datagram => bench.Read(datagram).Inner));
            Assert.Equal(50, bench.Node.Totals.Delivered(Direction.Tx));
            AssertDone(bench, 50);
            Assert.Equal(50, bench.Node.Port("web").Traffic.Frames((int)Direction.Tx));
        }
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public void A_frame_from_a_trunk_waits_without_its_tag_and_its_checksum_is_finished_when_it_leaves(Wire wire)
    {
        Bench bench = Asking(wire);
        byte[] right = Frames.Tcp(Remote, Tenant);
        bench.Node.Learn(V200, Tenant, bench.PortTarget("trunk"), FdbOrigin.Local);
        bench.Node.Send("trunk", Frames.Tagged(Frames.Unfinished((byte[])right.Clone()), 20), new VnetHeader(VnetHeader.NeedsChecksum, 0, 0, 0, 38, 16));
        AssertWaiting(bench, 1);
        bench.Node.Learn(V200, Remote, FdbTarget.ToNextHop(bench.HopB), FdbOrigin.Etcd);
        bench.Node.Pump();
        (TunnelInfo info, byte[] inner) = bench.Read(bench.OnlyDatagram());
        Assert.Equal(right, inner);
        Assert.Equal(V200, info.Vni);
        AssertDone(bench, 1);
    }

    [Fact]
    public void A_frame_whose_port_or_vni_is_gone_is_dropped_by_name()
    {
        Bench bench = Asking(Wire.All[0]);
        bench.Node.Send("web", Frames.UdpV4(Nobody, Tenant));
        bench.Node.Send("trunk", Frames.Tagged(Frames.UdpV4(Nobody, Tenant), 20));
        bench.Node.Send("trunk", Frames.Tagged(Frames.UdpV4(Nobody, Tenant), 30));
        TopologySpec topology = Bench.Topology(Asks);
        bench.Node.Apply(topology with { Ports = topology.Ports.Remove("web"), Vnis = topology.Vnis.RemoveAll(static vni => vni.Vni == V200) });
        bench.Node.Pump();
        Assert.Equal(1, bench.Node.Dropped(Direction.Tx, DropReason.PortDown));
        Assert.Equal(1, bench.Node.Dropped(Direction.Tx, DropReason.VniUnknown));
        Assert.Equal(1, bench.Node.Encap.HeldCount);
        bench.Node.Forwarding.ReleaseHeld(V300, Nobody);
        bench.Node.Pump();
        AssertDone(bench, 3);
    }

    [Fact]
    public void Frames_go_as_unknown_unicast_when_the_vni_asks_no_more()
    {
        Bench bench = Asking(Wire.All[0]);
        bench.Node.Send("web", Frames.UdpV4(Nobody, Tenant));
        bench.Node.Apply(Bench.Topology(static vni => vni));
        bench.Node.Pump();
        Assert.Equal(2, bench.Node.Underlay.Take().Length);
        AssertDone(bench, 1);
    }

    [Fact]
    public void A_frame_goes_where_the_tables_say_when_it_leaves_and_not_where_they_said_when_it_came()
    {
        Bench bench = Asking(Wire.All[0]);
        bench.Node.Send("web", Frames.UdpV4(Remote, Tenant));
        bench.Node.Learn(V100, Remote, FdbTarget.ToNextHop(bench.HopB), FdbOrigin.Etcd);
        bench.Node.Learn(V100, Remote, FdbTarget.ToNextHop(bench.HopC), FdbOrigin.Etcd);
        bench.Node.Pump();
        Assert.Equal(bench.PeerC, bench.OnlyDatagram().Destination);

        bench.Node.Send("web", Frames.UdpV4(Nobody, Tenant));
        bench.Node.Forwarding.SetVtepState(bench.VtepB, VtepState.Down);
        bench.Node.Learn(V100, Nobody, FdbTarget.ToNextHop(bench.HopB), FdbOrigin.Etcd);
        bench.Node.Pump();
        Assert.Equal(1, bench.Node.Dropped(Direction.Tx, DropReason.VtepDown));
        AssertDone(bench, 2);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void At_the_end_what_waits_is_forwarded_or_counted(bool forwards)
    {
        Bench bench = Asking(Wire.All[0]);
        (byte[] super, VnetHeader vnet) = SuperFrames.Build(Nobody, Tenant, new SuperFrameSpec());
        bench.Node.Send("web", super, vnet);
        bench.Node.Send("web", Frames.UdpV4(Remote, Tenant));
        bench.Node.Learn(V100, Remote, FdbTarget.ToNextHop(bench.HopB), FdbOrigin.Etcd);
        bench.Node.Encap.FlushHeld(0, forwards);
        Assert.Equal(forwards ? 7 : 0, bench.Node.Underlay.Take().Length);
        Assert.Equal(forwards ? 0 : 4, bench.Node.Dropped(Direction.Tx, DropReason.ShuttingDown));
        AssertDone(bench, 4);
    }

    [Fact]
    public void Unknown_unicast_that_waited_is_held_to_the_storm_limit()
    {
        Bench bench = Asking(Wire.All[0], static vni => vni with { Storm = new StormLimits(null, 3, null) });
        for (int i = 0; i < 10; i++)
            bench.Node.Send("web", Frames.UdpV4(Nobody, Tenant));

        bench.Node.Forwarding.ReleaseHeld(V100, Nobody);
        bench.Node.Pump();
        Assert.Equal(7, bench.Node.Dropped(Direction.Tx, DropReason.StormLimit));
        AssertDone(bench, 10);
    }

    [Fact]
    public void A_frame_that_is_too_long_where_it_goes_tells_its_sender()
    {
        Bench bench = Asking(Wire.All[0]);
        bench.Node.Send("web", Frames.UdpV4(Remote, Tenant, payloadLength: 1400));
        bench.Node.Forwarding.Current.FindNextHop(bench.HopB.Index)!.SetPathMtu(1000);
        bench.Node.Learn(V100, Remote, FdbTarget.ToNextHop(bench.HopB), FdbOrigin.Etcd);
        bench.Node.Pump();
        Assert.Equal(1, bench.Node.Totals.Dropped(Direction.Tx, DropReason.TooBigSilent) + bench.Node.Totals.Dropped(Direction.Tx, DropReason.TooBigNotified));
        AssertDone(bench, 1);
    }

    /// <summary>Every VNI asks; the sender is known, so that hints are of misses alone.</summary>
    internal static Bench Asking(Wire wire, Func<VniSpec, VniSpec>? change = null, PipelineOptions? options = null)
    {
        Bench bench = new(wire, vni => Asks((change ?? (static v => v))(vni)), options);
        bench.Node.Learn(V100, Tenant, bench.PortTarget("web"), FdbOrigin.Local);
        return bench;
    }

    internal static void AssertWaiting(Bench bench, int count, int received = 0)
    {
        Assert.Equal((count, count), (bench.Node.Encap.HeldCount, bench.Node.Forwarding.HeldFrames));
        Assert.Equal(received, bench.Node.Totals.Received(Direction.Tx));
        Assert.Empty(bench.Node.Underlay.Take());
        Assert.True(bench.Node.IsBalanced());
    }

    internal static void AssertDone(Bench bench, int received)
    {
        Assert.Equal((0, 0), (bench.Node.Encap.HeldCount, bench.Node.Forwarding.HeldFrames));
        Assert.Equal(received, bench.Node.Totals.Received(Direction.Tx));
        Assert.True(bench.Node.IsBalanced());
    }

    private static VniSpec Asks(VniSpec vni) => vni with { AsksOnMiss = true };
}
