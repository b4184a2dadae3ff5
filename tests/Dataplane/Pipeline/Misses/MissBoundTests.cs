using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Pipeline;
using Overlay.Dataplane.Pipeline.Misses;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.TestKit.InMemory;
using Overlay.Tests;
using Xunit;
using static Overlay.Dataplane.Tests.Pipeline.Bench;

namespace Overlay.Dataplane.Tests.Pipeline.Misses;

/// <summary>What waits is bounded, costs nothing a frame, is not lost between workers, and does not wait for ever.</summary>
public sealed class MissBoundTests
{
    [Fact]
    public void One_destination_has_sixteen_frames_and_others_have_theirs()
    {
        Bench bench = MissTests.Asking(Wire.All[0]);
        for (int i = 0; i < 20; i++)
            bench.Node.Send("web", Frames.UdpV4(Nobody, Tenant));

        bench.Node.Send("web", Frames.UdpV4(Remote, Tenant));
        Assert.Equal(4, bench.Node.Dropped(Direction.Tx, DropReason.MissQueueFull));
        MissTests.AssertWaiting(bench, MissQueue.MacLimit + 1, received: 4);
        Assert.Equal(2, bench.Node.TakeHints().Length);
        bench.Node.Encap.FlushHeld(0, forwards: true);
        MissTests.AssertDone(bench, 21);
    }

    [Fact]
    public void A_port_has_half_of_the_queue_and_two_have_it_all()
    {
        Bench bench = MissTests.Asking(Wire.All[0]);
        SendTo(bench, "web", 1000);
        MissTests.AssertWaiting(bench, MissQueue.FrameLimit / 2, received: 1000 - (MissQueue.FrameLimit / 2));
        SendTo(bench, "trunk", 1000);
        Assert.Equal(MissQueue.FrameLimit, bench.Node.Encap.HeldCount);
        Assert.Equal(2000 - MissQueue.FrameLimit, bench.Node.Dropped(Direction.Tx, DropReason.MissQueueFull));
        bench.Node.Send("clear", Frames.UdpV4(Mac(1), Tenant));
        Assert.Equal(2001 - MissQueue.FrameLimit, bench.Node.Dropped(Direction.Tx, DropReason.MissQueueFull));
        bench.Node.Encap.FlushHeld(0, forwards: false);
        MissTests.AssertDone(bench, 2001);

        // And all of it is free again.
        SendTo(bench, "web", 1000);
        Assert.Equal(MissQueue.FrameLimit / 2, bench.Node.Encap.HeldCount);
    }

    [Fact]
    public void Octets_are_bounded_as_frames_are()
    {
        Bench bench = MissTests.Asking(Wire.All[0]);
        (byte[] frame, VnetHeader vnet) = SuperFrames.Build(Nobody, Tenant, new SuperFrameSpec { SegmentSize = 1400, PayloadLength = 63_000 });
        for (int i = 0; i < 10; i++)
            bench.Node.Send("web", frame, vnet);

        // 45 segments each.
        int fit = MissQueue.OctetLimit / 2 / (frame.Length + PacketPool.Headroom);
        Assert.Equal((4, fit), (fit, bench.Node.Encap.HeldCount));
        Assert.Equal((10 - fit) * 45, bench.Node.Dropped(Direction.Tx, DropReason.MissQueueFull));
        bench.Node.Send("web", Frames.UdpV4(Remote, Tenant));
        Assert.Equal(fit + 1, bench.Node.Encap.HeldCount);
        bench.Node.Encap.FlushHeld(0, forwards: true);
        MissTests.AssertDone(bench, (10 * 45) + 1);
    }

    [Fact]
    public void A_frame_whose_question_finds_no_room_is_dropped_by_name()
    {
        Bench bench = MissTests.Asking(Wire.All[0]);
        for (int i = 0; i < 5000; i++)
            bench.Node.Send("web", Frames.UdpV4(MacAddress.Broadcast, Mac(i)));

        _ = bench.Node.Underlay.Take();
        bench.Node.Send("web", Frames.UdpV4(Nobody, Tenant));
        Assert.Equal(1, bench.Node.Dropped(Direction.Tx, DropReason.MissQueueFull));
        MissTests.AssertDone(bench, 5001);
        _ = bench.Node.TakeHints();
        bench.Node.Send("web", Frames.UdpV4(Nobody, Tenant));
        Assert.True(Assert.Single(bench.Node.TakeHints()).IsMiss);
        Assert.Equal(1, bench.Node.Encap.HeldCount);
    }

    [Fact]
    public void A_frame_that_everybody_forgot_goes_after_some_turns()
    {
        Bench bench = MissTests.Asking(Wire.All[0]);
        bench.Node.Send("web", Frames.UdpV4(Nobody, Tenant));
        for (int turn = 0; turn < 3; turn++)
        {
            bench.Node.Forwarding.AgeHeld(3);
            bench.Node.Pump();
            Assert.Equal(1, bench.Node.Encap.HeldCount);
        }

        bench.Node.Send("web", Frames.UdpV4(Remote, Tenant));
        bench.Node.Forwarding.AgeHeld(3);
        bench.Node.Pump();
        Assert.Equal(1, bench.Node.Encap.HeldCount);
        Assert.Equal(1, bench.Node.Totals.Delivered(Direction.Tx));
        Assert.True(bench.Node.IsBalanced());
    }

    [Fact]
    public void Answers_to_a_worker_that_does_not_take_them_are_bounded_and_let_everything_go()
    {
        Bench bench = MissTests.Asking(Wire.All[0]);
        bench.Node.Send("web", Frames.UdpV4(Nobody, Tenant));
        for (int i = 0; i < MissInbox.Limit; i++)
            bench.Node.Forwarding.ReleaseHeld(V100, Mac(i));

        bench.Node.Forwarding.ReleaseHeld(V100, Nobody);
        bench.Node.Pump();
        MissTests.AssertDone(bench, 1);
        Assert.Equal(2, bench.Node.Underlay.Take().Length);
    }

    [Fact]
    public void Each_worker_asks_for_itself_and_is_answered_for_itself()
    {
        Bench bench = MissTests.Asking(Wire.All[0]);
        PipelineOptions options = new() { HashSeed = new FlowHashSeed(1, 2) };
        EncapPipeline other = new(bench.Node.Forwarding, bench.Node.Underlay, bench.Node.Forwarding.AddWorker(), bench.Node.Forwarding.AddLearnRing(), options);
        int woken = 0;
        other.WakeBy(() => woken++);
        PacketBatch batch = new(8);
        batch.Add(Frames.UdpV4(Remote, Tenant, payloadLength: 41));
        other.Process(bench.Node.Port("web"), 1, batch);
        bench.Node.Forwarding.ReleaseHeld(V100, Nobody);
        Assert.Equal(1, woken);
        other.ReleaseHeld(1);
        bench.Node.Send("web", Frames.UdpV4(Remote, Tenant, payloadLength: 42));
        Assert.Equal(2, bench.Node.TakeHints().Count(static hint => hint.IsMiss && hint.Mac == Remote));
        Assert.Equal(2, bench.Node.Forwarding.HeldFrames);
        bench.Node.Learn(V100, Remote, FdbTarget.ToNextHop(bench.HopB), FdbOrigin.Etcd);
        bench.Node.Forwarding.ReleaseHeld(V100, Remote);
        bench.Node.Pump();
        Assert.Equal((2, 1), (woken, other.HeldCount));
        other.ReleaseHeld(1);
        Assert.Equal([84, 83], bench.Node.Underlay.Take().Select(datagram => bench.Read(datagram).Inner.Length));
        Assert.Equal(0, bench.Node.Forwarding.HeldFrames);
        Assert.Equal(2, bench.Node.Totals.Received(Direction.Tx));
        Assert.True(bench.Node.IsBalanced());

        // Who holds nothing is not woken.
        bench.Node.Forwarding.ReleaseHeld(V100, Remote);
        bench.Node.Forwarding.AgeHeld(1);
        Assert.Equal(2, woken);
    }

    [Fact]
    public void Frames_of_a_batch_that_a_fault_abandons_are_not_held_beside_it()
    {
        Bench bench = MissTests.Asking(Wire.All[0]);
        bench.Node.Send("web", Frames.UdpV4(Nobody, Tenant));
        bench.Node.Learn(V100, Local, FdbTarget.ToNextHop(bench.HopB));
        bench.Node.Underlay.Fault = new InvalidOperationException("scripted");
        PacketBatch batch = bench.Node.FrameBatch;
        batch.Clear();
        batch.Add(Frames.UdpV4(Remote, Tenant));
        batch.Add(Frames.UdpV4(Local, Tenant));
        Assert.Throws<InvalidOperationException>(() => bench.Node.Encap.Process(bench.Node.Port("web"), 0, batch));

        // What waited before stays; what leaves it and meets a fault is counted, once.
        bench.Node.Learn(V100, Nobody, FdbTarget.ToNextHop(bench.HopB), FdbOrigin.Etcd);
        Assert.Throws<InvalidOperationException>(() => bench.Node.Encap.ReleaseHeld(0));
        Assert.Equal(1, bench.Node.Dropped(Direction.Tx, DropReason.InternalError));
        bench.Node.Underlay.Fault = null;
        bench.Node.Pump();
        MissTests.AssertDone(bench, 1);
    }

    [Fact]
    public void Frames_that_wait_and_leave_allocate_nothing()
    {
        Bench bench = MissTests.Asking(Wire.All[0]);
        bench.Node.Underlay.Keeps = false;
        bench.Node.Device("db").Keeps = false;
        byte[][] frames = [.. Enumerable.Range(0, 16).Select(static i => Frames.UdpV4(Mac(i), Tenant, payloadLength: 1400))];
        PacketBatch batch = bench.Node.FrameBatch;
        LearnHint[] hints = new LearnHint[64];
        void Round()
        {
            batch.Clear();
            foreach (byte[] frame in frames)
                batch.Add(frame);

            bench.Node.Encap.Process(bench.Node.Port("web"), 0, batch);
            _ = bench.Node.Forwarding.ReadHints(hints);
            bench.Node.Encap.FlushHeld(0, forwards: true);
        }

        Round();
        Assert.Equal(0, Allocation.Least(() =>
        {
            for (int i = 0; i < 2000; i++)
                Round();
        }));
        Assert.Equal(bench.Node.Totals.Received(Direction.Tx), bench.Node.Totals.Delivered(Direction.Tx));
        Assert.True(bench.Node.IsBalanced());
    }

    private static MacAddress Mac(int n) => new(0x0200_0001_0000UL + (uint)n);

    private static void SendTo(Bench bench, string port, int count)
    {
        bool isTrunk = port == "trunk";
        for (int i = 0; i < count; i++)
        {
            byte[] frame = Frames.UdpV4(Mac(i), Tenant);
            bench.Node.Send(port, isTrunk ? Frames.Tagged(frame, 20) : frame);
        }
    }
}
