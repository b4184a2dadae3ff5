using System.Diagnostics;
using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Ports;
using Overlay.Dataplane.Steering;
using Overlay.TestKit.Net;
using Xunit;
using OuterWire = Overlay.TestKit.Net.Wire;

namespace Overlay.Dataplane.Tests.Steering;

/// <summary>Where the kernel puts the frames of a tenant whose TAP has a lane.</summary>
public sealed class TapLaneTests : IDisposable
{
    private const int Short = 100;
    private const int Long = 1000;
    private const int Flows = 64;
    private const int Bulk = 0;
    private const int Lane = TapQueues.LaneQueue;
    private readonly NetLab _lab;
    private readonly string _ns;
    private readonly TapPort _port;
    private readonly PacketSocket _tenant;
    private readonly PacketBatch _batch = new(256);
    private long _asked = Stopwatch.GetTimestamp();

    public TapLaneTests()
    {
        Requires.Bpf();
        _lab = new NetLab();
        _ns = _lab.AddHost("a");
        NetLab.SilenceNewDevices(_ns);
        DeviceOpenResult opened = TapPort.Open(new DeviceOptions { Name = "tap0", Netns = _ns, Lane = true });
        Assert.Empty(opened.Warnings);
        _port = (TapPort)opened.Port!;
        Assert.NotNull(_port.Queues.Lane);
        _tenant = new PacketSocket(_ns, "tap0", receive: false);
    }

    private LaneTable Table => _port.Queues.Lane!;

    public void Dispose()
    {
        _tenant.Dispose();
        _port.Dispose();
        _lab.Dispose();
    }

    [Fact]
    public void Short_frames_come_to_the_lane_and_long_ones_do_not()
    {
        _tenant.Send(Frame(1, Short));
        _tenant.Send(Frame(2, Long));
        Assert.Equal([Short], Receive(Lane));
        Assert.Equal([Long], Receive(Bulk));
        Assert.Equal(1, _port.QueueCount);
    }

    [Fact]
    public void A_short_frame_does_not_pass_a_long_one_of_its_flow()
    {
        _tenant.Send(Frame(1, Long));
        _tenant.Send(Frame(1, Short));
        _tenant.Send(Frame(2, Short));
        Assert.Equal([Long, Short], Receive(Bulk));
        Assert.Equal([Short], Receive(Lane));
    }

    [Fact]
    public void A_flow_that_has_been_silent_for_a_while_may_use_the_lane_again()
    {
        _tenant.Send(Frame(1, Long));
        _ = Receive(Bulk);
        var lane = new List<int>();
        Wait.Until(
            () =>
            {
                // Asking makes no noise: the flow sends once a second.
                if (Stopwatch.GetElapsedTime(_asked) < TimeSpan.FromSeconds(1))
                    return false;
                _asked = Stopwatch.GetTimestamp();
                _tenant.Send(Frame(1, Short));
                lane.AddRange(Receive(Lane));
                return lane.Count != 0;
            },
            TimeSpan.FromSeconds(5),
            "the lane");
        Assert.Equal([Short], lane);
    }

    [Fact]
    public void A_long_frame_does_not_pass_a_short_one_of_its_flow_that_is_in_the_lane()
    {
        _tenant.Send(Frame(1, Short));
        _tenant.Send(Frame(1, Long));
        Assert.Equal((2u, 1), Table.Inside);
        Assert.Equal([Short, Long], Receive(Lane, countOut: false));

        // Read, but not processed.
        _tenant.Send(Frame(1, Long));
        Table.CountOut(TapSteering.HashOf(Frame(1, Short)));
        _tenant.Send(Frame(1, Long));
        Assert.Equal([Long, Long], Receive(Lane, countOut: false));
        for (int i = 0; i < 3; i++)
            Table.CountOut(TapSteering.HashOf(Frame(1, Long)));
        Assert.Equal((0u, 0), Table.Inside);

        _tenant.Send(Frame(1, Long));
        _tenant.Send(Frame(1, Short));
        Assert.Empty(Receive(Lane));
        Assert.Equal([Long, Short], Receive(Bulk));
    }

    [Fact]
    public void Frames_that_are_lost_on_their_way_to_the_lane_do_not_keep_their_flow_there()
    {
        for (int i = 0; i < 1100; i++)
            _tenant.Offer(Frame(1, Short));
        while (Receive(Lane).Count != 0)
        {
        }

        // The count was exact until the queue was full.
        Assert.Equal((100u, 1), Table.Inside);
        _tenant.Send(Frame(1, Long));
        Assert.Equal([Long], Receive(Lane));
        Table.NoteEmpty(Stopwatch.GetTimestamp() + Stopwatch.Frequency);
        _tenant.Send(Frame(1, Long));
        Assert.Equal([Long], Receive(Bulk));
        Assert.Equal((0u, 0), Table.Inside);
    }

    [Fact]
    public void A_device_that_was_in_use_before_its_lane_was_may_have_long_frames_waiting()
    {
        NetLab.Ip(_ns, "tuntap", "add", "dev", "tap1", "mode", "tap", "multi_queue");
        Wait.Until(() => InBulk(), TimeSpan.FromSeconds(10), "a try that was short");

        // False if it took so long that the flow was silent for long enough.
        bool InBulk()
        {
            NetLab.Ip(_ns, "link", "set", "tap1", "down");
            long began = Stopwatch.GetTimestamp();
            using var port = (TapPort)TapPort.Open(new DeviceOptions { Name = "tap1", Netns = _ns, Lane = true }).Port!;
            Assert.NotNull(port.Queues.Lane);
            using var tenant = new PacketSocket(_ns, "tap1", receive: false);
            tenant.Send(Frame(1, Short));
            if (Stopwatch.GetElapsedTime(began) > LaneProgram.Silence - TimeSpan.FromMilliseconds(100))
                return false;
            Assert.Equal(0u, port.Queues.Lane.Inside.Frames);
            Assert.NotEqual(PortReceiveStatus.Closed, port.Receive(Bulk, _batch));
            return _batch.Count == 1;
        }
    }

    [Fact]
    public void A_frame_that_was_lost_long_ago_does_not_let_a_long_frame_pass_a_short_one_that_just_came()
    {
        _tenant.Send(Frame(1, Short));
        Assert.Equal([Short], Receive(Lane, countOut: false));
        long lost = Stopwatch.GetTimestamp();
        Wait.Until(() => Stopwatch.GetElapsedTime(lost) > TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(5), "the lane's thread has its processor again");

        // The thread found the lane empty, but wrote that down only after another frame had come.
        long empty = Stopwatch.GetTimestamp();
        _tenant.Send(Frame(1, Short));
        Table.NoteEmpty(empty);
        _tenant.Send(Frame(1, Long));
        Assert.Equal([Short, Long], Receive(Lane));
        Assert.Equal((1u, 1), Table.Inside);
        Table.NoteEmpty(Stopwatch.GetTimestamp() + Stopwatch.Frequency);
        _tenant.Send(Frame(1, Long));
        Assert.Equal([Long], Receive(Bulk));
        Assert.Equal((0u, 0), Table.Inside);
    }

    [Fact]
    public void Every_kind_of_frame_is_counted_out_as_it_was_counted_in()
    {
        byte[][] kinds =
        [
            Frame(1, Short),
            OuterWire.Ethernet("02:00:00:00:00:aa", "02:00:00:00:00:bb", 0x0800, OuterWire.IPv4("10.0.0.1", "10.0.0.2", 17, new byte[40], flags: 0x2000)),
            OuterWire.Ethernet("02:00:00:00:00:aa", "02:00:00:00:00:bb", 0x0800, OuterWire.IPv4("10.0.0.1", "10.0.0.2", 1, new byte[40])),
            OuterWire.Ethernet("02:00:00:00:00:aa", "02:00:00:00:00:bb", 0x86DD, OuterWire.Udp("fd00::1", "fd00::2", 7, 9, new byte[40])),
            OuterWire.Ethernet("02:00:00:00:00:aa", "02:00:00:00:00:bb", 0x86DD, OuterWire.IPv6("fd00::1", "fd00::2", 6, new byte[40]), OuterWire.Tag(5)),
            OuterWire.Ethernet("02:00:00:00:00:aa", "02:00:00:00:00:bb", 0x0800, OuterWire.Udp("10.0.0.3", "10.0.0.2", 7, 9, new byte[40]), [.. OuterWire.Tag(5, tpid: 0x88a8), .. OuterWire.Tag(6)]),
            OuterWire.Ethernet("ff:ff:ff:ff:ff:ff", "02:00:00:00:00:bb", 0x0806, new byte[46]),
            OuterWire.Ethernet("02:00:00:00:00:aa", "02:00:00:00:00:bb", 0x88B5, new byte[46], OuterWire.Tag(9)),
        ];
        int sent = 0;
        foreach (byte[] kind in kinds)
        {
            for (int length = 14; length <= kind.Length; length++, sent++)
                _tenant.Send(kind[..length]);
        }

        Assert.Equal((uint)sent, Table.Inside.Frames);
        int received = 0;
        for (int count = Receive(Lane).Count; count != 0; count = Receive(Lane).Count)
            received += count;
        Assert.Equal(sent, received);
        Assert.Equal((0u, 0), Table.Inside);
    }

    [Fact]
    public void A_lane_stays_where_it_is_when_queues_come_and_go()
    {
        Assert.Empty(_port.ReserveQueues(4));
        Assert.Empty(_port.Queues.Widen());
        Send(0, Short);
        Assert.Equal(Flows, Receive(Lane).Count(static length => length == Short));
        Send(Flows, Long);
        for (int queue = 0; queue < 4; queue++)
        {
            List<int> lengths = Receive(queue);
            Assert.NotEmpty(lengths);
            Assert.All(lengths, static length => Assert.Equal(Long, length));
        }

        _port.Queues.Steer(1);
        _port.Queues.Withdraw(1);
        _port.Queues.Narrow();
        Send(2 * Flows, Long);
        Assert.Equal(Flows, Receive(Bulk).Count);

        // Some share what is known of them with a flow that sent long frames.
        Send(3 * Flows, Short);
        int inLane = Receive(Lane).Count;
        Assert.True(inLane > Flows / 2, $"{inLane}");
        Assert.Equal(Flows, inLane + Receive(Bulk).Count);

        void Send(int first, int length)
        {
            for (int flow = first; flow < first + Flows; flow++)
                _tenant.Send(Frame(flow, length));
        }
    }

    private static byte[] Frame(int flow, int length) => OuterWire.Ethernet(
        "02:00:00:00:00:aa", "02:00:00:00:00:bb", 0x0800, OuterWire.Udp("10.0.0.1", "10.0.0.2", 1000 + flow, 9, new byte[length - 42]));

    private List<int> Receive(int queue, bool countOut = true)
    {
        var lengths = new List<int>();
        Assert.NotEqual(PortReceiveStatus.Closed, _port.Receive(queue, _batch));
        for (int i = 0; i < _batch.Count; i++)
        {
            lengths.Add(_batch.Items[i].Length);
            if (countOut && queue == Lane)
                Table.CountOut(TapSteering.HashOf(_batch.Frame(i)));
        }

        return lengths;
    }
}
