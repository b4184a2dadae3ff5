using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Forwarding;
using Overlay.Dataplane.Pipeline;
using Overlay.Dataplane.Storm;
using Overlay.Dataplane.Tests.Pipeline;
using Overlay.Encap;
using Overlay.Forwarding.Topology;
using Overlay.TestKit.InMemory;
using Xunit;

namespace Overlay.Dataplane.Tests.Storm;

public sealed class StormPipelineTests
{
    private static readonly StormLimits Limits = new(10, 20, 30);
    private static readonly MacAddress Group = MacAddress.Parse("01:00:5e:00:00:05");
    private readonly StepTime _time = new();

    [Theory]
    [InlineData("ff:ff:ff:ff:ff:ff", 10)]
    [InlineData("02:00:00:00:00:0d", 20)]
    [InlineData("01:00:5e:00:00:05", 30)]
    public void What_a_port_floods_over_its_limit_is_dropped_by_name(string destination, int limit)
    {
        Bench bench = New();
        Send(bench, "web", MacAddress.Parse(destination), 100);
        Assert.Equal(100 - limit, bench.Node.Dropped(Direction.Tx, DropReason.StormLimit));
        Assert.Equal(2 * limit, bench.Node.Underlay.Take().Length);
        Assert.True(bench.Node.IsBalanced());
        _time.Advance(TimeSpan.FromSeconds(0.5));
        Send(bench, "web", MacAddress.Parse(destination), 100);
        Assert.Equal(2 * limit / 2, bench.Node.Underlay.Take().Length);
    }

    [Theory]
    [InlineData("ff:ff:ff:ff:ff:ff", 10)]
    [InlineData("02:00:00:00:00:0d", 20)]
    [InlineData("01:00:5e:00:00:05", 30)]
    public void What_the_underlay_brings_is_limited_too(string destination, int limit)
    {
        Bench bench = New();
        for (int i = 0; i < 100; i++)
            bench.FromB(Frames.UdpV4(MacAddress.Parse(destination), Bench.Remote, payloadLength: 22));

        Assert.Equal(100 - limit, bench.Node.Dropped(Direction.Rx, DropReason.StormLimit));
        Assert.Equal(limit, bench.Node.Device("web").Take().Length);
        Assert.True(bench.Node.IsBalanced());
    }

    [Theory]
    [InlineData("ff:ff:ff:ff:ff:ff", 10)]
    [InlineData("01:00:5e:00:00:05", 30)]
    public void A_VNI_with_one_port_is_limited_frame_by_frame(string destination, int limit)
    {
        Bench bench = New();
        Receive(bench, MacAddress.Parse(destination), 50);
        Assert.Equal(50 - limit, bench.Node.Dropped(Direction.Rx, DropReason.StormLimit));
        Assert.Equal(limit, bench.Node.Device("clear").Take().Length);
    }

    [Fact]
    public void A_silent_host_behind_the_only_port_of_a_VNI_gets_all_that_is_sent_to_it()
    {
        Bench bench = New();
        Receive(bench, Bench.Nobody, 500);
        Assert.Equal(0, bench.Node.Dropped(Direction.Rx, DropReason.StormLimit));
        Assert.Equal(500, bench.Node.Device("clear").Take().Length);
        Assert.True(bench.Node.IsBalanced());
    }

    [Fact]
    public void A_storm_on_one_port_takes_nothing_from_another_nor_from_known_unicast_nor_from_another_VNI()
    {
        Bench bench = New();
        bench.Node.Learn(Bench.V100, Bench.Remote, Overlay.Forwarding.FdbTarget.ToNextHop(bench.HopB));
        Send(bench, "web", MacAddress.Broadcast, 1000);
        bench.Node.Underlay.Take();
        Send(bench, "db", MacAddress.Broadcast, 10);
        Send(bench, "web", Bench.Remote, 200);
        Send(bench, "web", Group, 30);
        Assert.Equal(20 + 200 + 60, bench.Node.Underlay.Take().Length);
        for (int i = 0; i < 10; i++)
            bench.Node.Send("clear", Frames.UdpV4(MacAddress.Broadcast, Bench.Tenant, payloadLength: 22));

        Assert.Equal(20, bench.Node.Underlay.Take().Length);
        Assert.Equal(990, bench.Node.Dropped(Direction.Tx, DropReason.StormLimit));
    }

    [Fact]
    public void The_clock_is_read_once_a_batch_and_only_if_something_is_flooded()
    {
        Bench bench = New();
        bench.Node.Learn(Bench.V100, Bench.Remote, Overlay.Forwarding.FdbTarget.ToNextHop(bench.HopB));
        int before = _time.Reads;
        Send(bench, "web", Bench.Remote, 64);
        Assert.Equal(before, _time.Reads);
        for (int i = 0; i < 64; i++)
            bench.Node.Device("web").Put(Frames.UdpV4(MacAddress.Broadcast, Bench.Tenant, payloadLength: 22), default);

        bench.Node.Pump();
        Assert.Equal(before + 1, _time.Reads);
    }

    [Fact]
    public void A_change_of_topology_keeps_what_a_bucket_holds_and_what_was_counted_and_takes_the_new_limits()
    {
        Bench bench = New();
        Send(bench, "web", MacAddress.Broadcast, 15);
        bench.Node.Apply(Bench.Topology(vni => vni with { Storm = Limits, Age = TimeSpan.FromSeconds(7) }));
        Send(bench, "web", MacAddress.Broadcast, 15);
        Assert.Equal((10L, 20L), (Web(bench).Passed(StormClass.Broadcast), Web(bench).Dropped(StormClass.Broadcast)));
        bench.Node.Apply(Bench.Topology(vni => vni));
        Send(bench, "web", MacAddress.Broadcast, 15);
        Assert.Equal((25L, 20L), (Web(bench).Passed(StormClass.Broadcast), Web(bench).Dropped(StormClass.Broadcast)));
    }

    private static StormMeter Web(Bench bench) =>
        bench.Node.Forwarding.Current.Vnis.Find(Bench.V100)!.FindPort(bench.Node.Port("web").Id.Index)!.Storm;

    private static void Receive(Bench bench, MacAddress destination, int count)
    {
        byte[] datagram = Frames.Datagram(bench.Wire.Encap, Bench.V500, Frames.UdpV4(destination, Bench.Remote, payloadLength: 22));
        for (int i = 0; i < count; i++)
            bench.Node.Underlay.Put(datagram, bench.PeerB, bench.Wire.Encap);

        bench.Node.Pump();
    }

    private static void Send(Bench bench, string port, MacAddress destination, int count)
    {
        for (int i = 0; i < count; i++)
            bench.Node.Send(port, Frames.UdpV4(destination, Bench.Tenant, payloadLength: 22));
    }

    private Bench New() => new(
        Wire.All[0],
        vni => vni with { Storm = Limits },
        new PipelineOptions { HashSeed = new FlowHashSeed(1, 2), Time = _time });
}
