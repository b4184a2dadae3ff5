using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Ports;
using Overlay.Encap;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Dataplane.Tests.Ports;

public sealed class TapPortTests : IDisposable
{
    private const int Batch = 16;
    private readonly NetLab _lab = new();

    public void Dispose() => _lab.Dispose();

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("tap%d")]
    [InlineData("a b")]
    [InlineData("tap:1")]
    [InlineData("sixteen-octets-x")]
    [InlineData("tapé")]
    public void A_name_the_kernel_would_not_take_literally_is_refused(string name)
    {
        Assert.False(DeviceOptions.IsValidName(name));
        DeviceOpenResult result = TapPort.Open(new DeviceOptions { Name = name });
        Assert.Null(result.Port);
        Assert.NotNull(result.Error);
    }

    [Fact]
    public void Frames_pass_both_ways_with_their_virtio_net_header()
    {
        string ns = _lab.AddHost("a");
        using TapPort port = Open(new DeviceOptions { Name = "tap0", Netns = ns, Mtu = 1400, Mac = MacAddress.Parse("02:00:00:00:00:07") });
        Assert.Equal("02:00:00:00:00:07", port.Mac.ToString());
        Assert.Equal(1400, port.ReadMtu());
        Assert.True(port.ReadIsUp());
        using var host = new PacketSocket(ns, "tap0");

        byte[] outbound = Frame(0x55, 300);
        host.Send(outbound);
        var batch = new PacketBatch(Batch);
        byte[]? seen = null;
        Wait.Until(() => (seen = Receive(port, 0, batch, frame => frame.SequenceEqual(outbound))) is not null, TimeSpan.FromSeconds(5), "the frame on the TAP");

        byte[] inbound = Frame(0x66, 1414);
        var outcomes = new FrameOutcomes(Batch);
        Assert.Equal(1, Send(port, 0, inbound, outcomes));
        Assert.True(outcomes.IsDelivered(0));
        Assert.Equal(inbound, host.WaitFor(frame => frame.SequenceEqual(inbound), "the frame on the host side"));
    }

    [Fact]
    public void Frames_that_the_kernel_drops_at_a_full_queue_are_known()
    {
        string ns = _lab.AddHost("a");
        using TapPort port = Open(new DeviceOptions { Name = "tap0", Netns = ns });
        Assert.True(port.ReadQueueDrops() is 0 or > 0);
        long before = port.ReadQueueDrops()!.Value;
        using var host = new PacketSocket(ns, "tap0");
        const int QueueLength = 1000;
        const int Excess = 50;
        for (int i = 0; i < QueueLength + Excess; i++)
            host.Offer(Frame(0x55, 60));

        // The kernel's own chatter (neighbour discovery) may have taken places of the queue.
        Wait.Until(() => port.ReadQueueDrops() >= before + Excess, TimeSpan.FromSeconds(5), "drops at the queue of the TAP");
    }

    [Fact]
    public void A_frame_for_a_device_that_is_down_is_port_down_and_the_port_comes_back()
    {
        string ns = _lab.AddHost("a");
        using TapPort port = Open(new DeviceOptions { Name = "tap0", Netns = ns });
        var outcomes = new FrameOutcomes(Batch);
        Cmd.Run(ns, "ip", "link", "set", "tap0", "down").OrThrow();
        Assert.Equal(0, Send(port, 0, Frame(1, 100), outcomes));
        Assert.Equal(DropReason.PortDown, outcomes.ReasonOf(0));
        Assert.Equal(PortReceiveStatus.Drained, port.Receive(0, new PacketBatch(Batch)));

        Cmd.Run(ns, "ip", "link", "set", "tap0", "up").OrThrow();
        outcomes.Reset(1);
        Assert.Equal(1, Send(port, 0, Frame(1, 100), outcomes));
    }

    [Fact]
    public void A_device_that_is_deleted_is_closed_and_stays_closed()
    {
        string ns = _lab.AddHost("a");
        using TapPort port = Open(new DeviceOptions { Name = "tap0", Netns = ns });
        Cmd.Run(ns, "ip", "link", "del", "tap0").OrThrow();
        Assert.Equal(PortReceiveStatus.Closed, port.Receive(0, new PacketBatch(Batch)));
        Assert.True(port.IsClosed);
        var outcomes = new FrameOutcomes(Batch);
        Assert.Equal(0, Send(port, 0, Frame(1, 100), outcomes));
        Assert.Equal(DropReason.PortDown, outcomes.ReasonOf(0));
    }

    [Fact]
    public void A_device_of_ours_goes_with_the_port_and_one_that_was_there_stays()
    {
        string ns = _lab.AddHost("a");
        Cmd.Run(ns, "ip", "tuntap", "add", "dev", "kept", "mode", "tap").OrThrow();
        TapPort own = Open(new DeviceOptions { Name = "own", Netns = ns });
        TapPort kept = Open(new DeviceOptions { Name = "kept", Netns = ns, Queues = 2 });
        Assert.False(own.Existed);
        Assert.True(kept.Existed);
        Assert.Equal(1, kept.QueueCount);
        own.Dispose();
        kept.Dispose();
        Assert.NotEqual(0, Cmd.Run(ns, "ip", "link", "show", "own").ExitCode);
        Assert.Equal(0, Cmd.Run(ns, "ip", "link", "show", "kept").ExitCode);
    }

    [Fact]
    public void A_persistent_multi_queue_device_is_opened_whatever_is_asked_for()
    {
        string ns = _lab.AddHost("a");
        Cmd.Run(ns, "ip", "tuntap", "add", "dev", "multi", "mode", "tap", "multi_queue").OrThrow();
        using (TapPort one = Open(new DeviceOptions { Name = "multi", Netns = ns }))
            Assert.Equal(1, one.QueueCount);
        using TapPort two = Open(new DeviceOptions { Name = "multi", Netns = ns, Queues = 2 });
        Assert.Equal(2, two.QueueCount);
    }

    [Fact]
    public void A_flow_has_one_queue_whichever_queue_it_is_answered_on()
    {
        Requires.Bpf();
        const int Queues = 4;
        const int Flows = 64;
        string ns = _lab.AddHost("a");
        NetLab.SilenceNewDevices(ns);
        using TapPort port = Open(new DeviceOptions { Name = "tap0", Netns = ns, Queues = Queues });
        using var host = new PacketSocket(ns, "tap0", receive: false);
        var queueOf = new Dictionary<int, int>();
        var batch = new PacketBatch(256);
        var outcomes = new FrameOutcomes(Batch);
        for (int round = 0; round < 4; round++)
        {
            for (int flow = 0; flow < Flows; flow++)
                host.Send(Flow(flow));
            for (int queue = 0; queue < Queues; queue++)
            {
                Assert.Equal(PortReceiveStatus.Drained, port.Receive(queue, batch));
                for (int i = 0; i < batch.Count; i++)
                {
                    int flow = batch.Frame(i)[35];
                    Assert.True(queueOf.TryAdd(flow, queue) || queueOf[flow] == queue, $"flow {flow} in queue {queue} and {queueOf[flow]}");
                    Assert.Equal(1, Send(port, (queue + round) % Queues, Answer(batch.Frame(i)), outcomes));
                }
            }
        }

        Assert.Equal(Flows, queueOf.Count);
        Assert.Equal(Queues, queueOf.Values.Distinct().Count());

        static byte[] Flow(int flow) => Wire.Ethernet("02:00:00:00:00:aa", "02:00:00:00:00:bb", 0x0800, Wire.Udp("10.0.0.1", "10.0.0.2", flow, 9, new byte[20]));

        static byte[] Answer(ReadOnlySpan<byte> frame) =>
            Wire.Ethernet("02:00:00:00:00:bb", "02:00:00:00:00:aa", 0x0800, Wire.Udp("10.0.0.2", "10.0.0.1", 9, frame[35], new byte[20]));
    }

    [Fact]
    public void Whatever_a_frame_is_made_of_it_comes_to_one_of_the_queues()
    {
        Requires.Bpf();
        const int Queues = 4;
        string ns = _lab.AddHost("a");
        NetLab.SilenceNewDevices(ns);
        using TapPort port = Open(new DeviceOptions { Name = "tap0", Netns = ns, Queues = Queues });
        using var host = new PacketSocket(ns, "tap0", receive: false);
        byte[] v4 = Wire.Ethernet("02:00:00:00:00:aa", "02:00:00:00:00:bb", 0x0800, Wire.Udp("10.0.0.1", "10.0.0.2", 1, 9, new byte[20]));
        byte[] v6 = Wire.Ethernet("02:00:00:00:00:aa", "02:00:00:00:00:bb", 0x86DD, Wire.Udp("fd00::1", "fd00::2", 1, 9, new byte[20]), [.. Wire.Tag(5), .. Wire.Tag(6)]);
        int sent = 0;
        foreach (byte[] frame in (byte[][])[v4, v6])
        {
            for (int length = 14; length <= frame.Length; length++, sent++)
                host.Send(frame[..length]);
        }

        int received = 0;
        var batch = new PacketBatch(256);
        for (int queue = 0; queue < Queues; queue++)
        {
            _ = port.Receive(queue, batch);
            received += batch.Count;
        }

        Assert.Equal(sent, received);
    }

    [Fact]
    public void A_device_of_ours_that_has_one_queue_can_have_more()
    {
        Requires.Bpf();
        string ns = _lab.AddHost("a");
        using TapPort port = Open(new DeviceOptions { Name = "tap0", Netns = ns });
        Assert.Empty(port.ReserveQueues(3));
        Assert.Equal(1, port.QueueCount);
        Assert.Empty(port.Queues.Widen());
        Assert.Equal(3, port.QueueCount);
        Assert.Contains("noqueue", NetLab.Ip(ns, "link", "show", "tap0").StdOut, StringComparison.Ordinal);
    }

    [Fact]
    public void A_device_in_use_and_a_namespace_or_bridge_that_is_not_there_are_errors_with_the_reason()
    {
        string ns = _lab.AddHost("a");
        using TapPort first = Open(new DeviceOptions { Name = "tap0", Netns = ns });
        Assert.Contains("in use", TapPort.Open(new DeviceOptions { Name = "tap0", Netns = ns }).Error, StringComparison.Ordinal);
        Assert.Contains("no-such", TapPort.Open(new DeviceOptions { Name = "tap1", Netns = "no-such" }).Error, StringComparison.Ordinal);
        Assert.Contains("br9", TapPort.Open(new DeviceOptions { Name = "tap1", Netns = ns, Bridge = "br9" }).Error, StringComparison.Ordinal);
        Assert.NotEqual(0, Cmd.Run(ns, "ip", "link", "show", "tap1").ExitCode);
    }

    [Fact]
    public void A_port_joins_its_bridge()
    {
        string ns = _lab.AddHost("a");
        Cmd.Run(ns, "ip", "link", "add", "br0", "type", "bridge").OrThrow();
        using TapPort port = Open(new DeviceOptions { Name = "tap0", Netns = ns, Bridge = "br0" });
        Assert.Contains("master br0", Cmd.Run(ns, "ip", "link", "show", "tap0").OrThrow().StdOut, StringComparison.Ordinal);
    }

    [Fact]
    public void It_is_known_whether_somebody_put_a_port_into_a_bridge()
    {
        string ns = _lab.AddHost("a");
        NetLab.Ip(ns, "link", "add", "br0", "type", "bridge");
        using TapPort port = Open(new DeviceOptions { Name = "tap0", Netns = ns });
        Assert.False(port.ReadHasMaster());
        NetLab.Ip(ns, "link", "set", "tap0", "master", "br0");
        Assert.True(port.ReadHasMaster());
        Assert.NotNull(port.ReadQueueDrops());
        NetLab.Ip(ns, "link", "set", "tap0", "nomaster");
        Assert.False(port.ReadHasMaster());
    }

    private static TapPort Open(DeviceOptions options)
    {
        DeviceOpenResult result = TapPort.Open(options);
        Assert.Null(result.Error);
        return Assert.IsType<TapPort>(result.Port);
    }

    private static byte[] Frame(byte fill, int length)
    {
        byte[] frame = new byte[length];
        frame.AsSpan().Fill(fill);
        MacAddress.Broadcast.WriteTo(frame);
        MacAddress.Parse("02:00:00:00:00:99").WriteTo(frame.AsSpan(6));
        frame[12] = 0x88;
        frame[13] = 0xB5;
        return frame;
    }

    private static byte[]? Receive(TapPort port, int queue, PacketBatch batch, Func<byte[], bool> match)
    {
        Assert.NotEqual(PortReceiveStatus.Closed, port.Receive(queue, batch));
        for (int i = 0; i < batch.Count; i++)
        {
            Assert.False(batch.Items[i].Vnet.IsGso);
            byte[] frame = batch.Frame(i).ToArray();
            if (match(frame))
                return frame;
        }

        return null;
    }

    private static int Send(TapPort port, int queue, byte[] frame, FrameOutcomes outcomes)
    {
        var batch = new PortTxBatch(1) { Slab = GC.AllocateArray<byte>(frame.Length, pinned: true) };
        frame.CopyTo(batch.Slab, 0);
        _ = batch.Add(new TxFrame { Length = frame.Length });
        return port.Send(queue, batch, outcomes);
    }
}
