using System.Globalization;
using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Ports;
using Overlay.Encap;
using Overlay.Forwarding.Topology;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Dataplane.Tests.Ports;

public sealed class VethPortTests : IDisposable
{
    private const int Batch = 16;
    private const string Our = "our0";
    private const string Peer = "eth0";
    private const int TenantMtu = 3000;
    private readonly NetLab _lab = new();

    public void Dispose() => _lab.Dispose();

    [Fact]
    public void What_is_no_free_veth_end_is_refused_with_the_reason()
    {
        string ns = _lab.AddHost("a");
        NetLab.Ip(ns, "link", "add", "br0", "type", "bridge");
        NetLab.Ip(ns, "link", "add", "taken", "type", "veth", "peer", "name", "far");
        NetLab.Ip(ns, "link", "set", "taken", "master", "br0");
        Assert.Contains("no such device", Refused(Options(ns, "none")), StringComparison.Ordinal);
        Assert.Contains("ip link add none type veth", Refused(Options(ns, "none")), StringComparison.Ordinal);
        Assert.Contains("no veth end but bridge", Refused(Options(ns, "br0")), StringComparison.Ordinal);
        Assert.Contains("no veth end", Refused(Options(ns, "lo")), StringComparison.Ordinal);
        Assert.Contains("ip link set taken nomaster", Refused(Options(ns, "taken")), StringComparison.Ordinal);
        Assert.Contains("not a device name", Refused(Options(ns, "a/b")), StringComparison.Ordinal);
        Assert.Contains("queues", Refused(Options(ns, "far") with { Queues = 2 }), StringComparison.Ordinal);
        Assert.Contains("bridge", Refused(Options(ns, "far") with { Bridge = "br0" }), StringComparison.Ordinal);
        Assert.Contains("no-such", Refused(Options("no-such", "far")), StringComparison.Ordinal);
    }

    [Fact]
    public void Opening_leaves_the_device_alone_until_it_is_reconfigured_and_closing_leaves_it_there()
    {
        (string ns, _) = Pair();
        string before = Cmd.Run(ns, "ip", "-br", "link", "show", "dev", Our).OrThrow().StdOut;
        using (VethPort port = Open(Options(ns) with { Mtu = 1600, Mac = MacAddress.Parse("02:00:00:00:00:07") }, touchExisting: false))
        {
            Assert.True(port.Existed);
            Assert.Equal(before, Cmd.Run(ns, "ip", "-br", "link", "show", "dev", Our).OrThrow().StdOut);
            Assert.False(port.ReadIsUp());
            Assert.Empty(port.Reconfigure(Options(ns) with { Mtu = 1600, Mac = MacAddress.Parse("02:00:00:00:00:07") }));
            Assert.Equal("02:00:00:00:00:07", port.Mac.ToString());
            Assert.Equal(1600, port.ReadMtu());
            Assert.Contains("UP", Cmd.Run(ns, "ip", "link", "show", "dev", Our).OrThrow().StdOut, StringComparison.Ordinal);
        }

        Assert.True(NetLab.HasDevice(ns, Our));
    }

    [Fact]
    public void The_device_s_MTU_is_raised_but_not_lowered_so_that_a_frame_too_long_is_seen()
    {
        (string ns, _) = Pair();
        using VethPort port = Open(Options(ns) with { Mtu = 1450 });
        Assert.Equal(1450, port.ReadMtu());
        Assert.Contains("mtu 1500", Cmd.Run(ns, "ip", "link", "show", "dev", Our).OrThrow().StdOut, StringComparison.Ordinal);
        Assert.Null(port.SetMtu(2000));
        Assert.Equal(2000, port.ReadMtu());
        Assert.Contains("mtu 2000", Cmd.Run(ns, "ip", "link", "show", "dev", Our).OrThrow().StdOut, StringComparison.Ordinal);
        NetLab.Ip(ns, "link", "set", Our, "mtu", "1300");
        Assert.Equal(1300, port.ReadMtu());
    }

    [Fact]
    public void A_port_with_service_tags_has_room_for_one_more_than_its_MTU_and_the_port_s_MTU_stays()
    {
        (string ns, string tenant) = Pair();
        NetLab.Ip(ns, "link", "set", Our, "mtu", "1450");
        NetLab.Ip(tenant, "link", "set", Peer, "mtu", "1450");
        using VethPort port = Open(Options(ns) with { Mtu = 1450 });
        using var host = new PacketSocket(tenant, Peer);
        byte[] plain = Frame(0x66, 1464);
        byte[] tagged = [.. plain[..12], 0x88, 0xa8, 0, 20, .. plain[12..]];
        Assert.Equal(0, Send(port, tagged, default, out _));

        // As by a reload: the MTU is not named again.
        Assert.Empty(port.Reconfigure(Options(ns) with { HasServiceTags = true }));
        Assert.Equal(1450, port.ReadMtu());
        Assert.Contains("mtu 1454", Cmd.Run(ns, "ip", "link", "show", "dev", Our).OrThrow().StdOut, StringComparison.Ordinal);
        Assert.Equal(1, Send(port, tagged, default, out _));
        host.WaitFor(frame => frame.SequenceEqual(tagged), "the frame with its tag");
        Assert.Null(port.SetMtu(1600));
        Assert.Equal(1600, port.ReadMtu());
        Assert.Contains("mtu 1604", Cmd.Run(ns, "ip", "link", "show", "dev", Our).OrThrow().StdOut, StringComparison.Ordinal);
    }

    [Fact]
    public void Frames_pass_both_ways_and_what_the_host_sends_there_is_not_the_tenant_s()
    {
        (string ns, string tenant) = Pair();
        using VethPort port = Open(Options(ns));
        using var host = new PacketSocket(tenant, Peer);
        using var stranger = new PacketSocket(ns, Our, receive: false);
        stranger.Send(Frame(0x33, 100));
        byte[][] outbound = [.. Enumerable.Range(0, 40).Select(i => Frame((byte)i, 60 + (i * 36)))];
        foreach (byte[] frame in outbound)
            host.Send(frame);
        Assert.Equal(outbound, Receive(port, outbound.Length).Select(frame => frame.Octets));

        byte[] inbound = Frame(0x66, 1514);
        Assert.Equal(1, Send(port, inbound, default, out FrameOutcomes outcomes));
        Assert.True(outcomes.IsDelivered(0));
        Assert.Equal(inbound, host.WaitFor(frame => frame.SequenceEqual(inbound), "the frame at the tenant"));
        Assert.Equal(0, port.ReadQueueDrops());
    }

    [Fact]
    public void A_frame_of_several_pieces_arrives_whole_and_a_batch_is_more_than_one_call()
    {
        (string ns, string tenant) = Pair();
        using VethPort port = Open(Options(ns));
        using var host = new PacketSocket(tenant, Peer);
        const int Count = 150;
        const int Pieces = 12;
        byte[] slab = GC.AllocateArray<byte>(Count * 1500, pinned: true);
        var batch = new PortTxBatch(Count * Pieces) { Slab = slab };
        byte[][] frames = new byte[Count][];
        for (int i = 0; i < Count; i++)
        {
            frames[i] = Frame((byte)i, 14 + (Pieces * 10) + 10);
            frames[i].CopyTo(slab.AsSpan(i * 1500));
            int added = batch.Add(new TxFrame { Offset = i * 1500, Length = 24, Frame = i });
            int last = -1;
            for (int piece = 0; piece < Pieces; piece++)
            {
                int index = batch.AddPiece((i * 1500) + 24 + (piece * 10), 10, i);
                if (last < 0)
                    batch.Frames[added].Next = index;
                else
                    batch.Pieces[last].Next = index;
                last = index;
            }

            batch.Frames[added].TotalLength = frames[i].Length;
        }

        var outcomes = new FrameOutcomes(Count);
        outcomes.Reset(Count);
        Assert.Equal(Count, port.Send(0, batch, outcomes));
        Wait.Until(() => host.Frames.Count(frame => IsOurs(frame.Data)) == Count, TimeSpan.FromSeconds(5), "all frames at the tenant");
        Assert.Equal(frames, host.Frames.Select(frame => frame.Data).Where(IsOurs));
    }

    [Theory]
    [InlineData(0x8100)]
    [InlineData(0x88A8)]
    public void A_tag_that_the_kernel_takes_out_is_put_back(int type)
    {
        (string ns, string tenant) = Pair();
        using VethPort port = Open(Options(ns));
        using var host = new PacketSocket(tenant, Peer);
        foreach (int length in new[] { 60, 1400 })
        {
            byte[] frame = Frame(0x11, length);
            byte[] tagged = [.. frame[..12], (byte)(type >> 8), (byte)type, 0x60, 0x14, .. frame[12..]];
            byte[] twice = [.. frame[..12], (byte)(type >> 8), (byte)type, 0x60, 0x14, 0x81, 0, 0, 7, .. frame[12..]];
            host.Send(tagged);
            host.Send(twice);
            host.Send(frame);
            Assert.Equal([tagged, twice, frame], Receive(port, 3).Select(received => received.Octets));
            Assert.Equal(1, Send(port, tagged, default, out _));
            Assert.Equal(tagged, host.WaitFor(received => received.SequenceEqual(tagged), "the tagged frame at the tenant"));
            host.Clear();
        }
    }

    [Fact]
    public async Task Super_frames_with_an_unfinished_checksum_pass_both_ways()
    {
        // Two ports back to back: what one takes from its tenant is given to the other's, as the daemon would over the wire.
        (string nsA, string tenantA) = Pair("a");
        (string nsB, string tenantB) = Pair("b");
        NetLab.Address(tenantA, Peer, "10.0.0.1/24");
        NetLab.Address(tenantB, Peer, "10.0.0.2/24");
        using VethPort a = Open(Options(nsA) with { Mtu = TenantMtu });
        using VethPort b = Open(Options(nsB) with { Mtu = TenantMtu });
        int superFrames = 0;
        int unfinished = 0;
        using var stop = new CancellationTokenSource();
        void Relay(VethPort from, VethPort to)
        {
            var batch = new PacketBatch(64);
            var outcomes = new FrameOutcomes(64);
            while (!stop.IsCancellationRequested)
            {
                _ = from.Receive(0, batch);
                if (batch.Count == 0)
                {
                    _ = Thread.Yield();
                    continue;
                }

                var send = new PortTxBatch(64) { Slab = batch.Slab };
                for (int i = 0; i < batch.Count; i++)
                {
                    ref readonly PacketBuffer item = ref batch.Items[i];
                    Assert.Equal(VnetHeaderStatus.Ok, item.Vnet.Validate(item.Length));
                    _ = Interlocked.Add(ref superFrames, item.Vnet.IsGso ? 1 : 0);
                    _ = Interlocked.Add(ref unfinished, item.Vnet.NeedsCsum ? 1 : 0);
                    _ = send.Add(new TxFrame { Offset = item.Offset, Length = item.Length, Frame = i, Vnet = item.Vnet });
                }

                outcomes.Reset(batch.Count);
                _ = to.Send(0, send, outcomes);
            }
        }

        Task[] relays = [Task.Factory.StartNew(() => Relay(a, b), TaskCreationOptions.LongRunning), Task.Factory.StartNew(() => Relay(b, a), TaskCreationOptions.LongRunning)];
        Task transfers = Task.Run(
            () =>
            {
                NetLab.WaitForPing(tenantA, "10.0.0.2");
                TcpTransfer.Run(tenantA, tenantB, "10.0.0.2");
                TcpTransfer.Run(tenantB, tenantA, "10.0.0.1");
            },
            TestContext.Current.CancellationToken);
        await await Task.WhenAny([.. relays, transfers]);
        await stop.CancelAsync();
        await Task.WhenAll(relays);
        Assert.True(superFrames > 0, "no super-frame passed");
        Assert.True(unfinished > 0, "no unfinished checksum passed");
    }

    [Fact]
    public void A_tagged_frame_s_checksum_begins_behind_the_tag()
    {
        (string ns, string tenant) = Pair();
        using VethPort port = Open(Options(ns));

        // The tenant's kernel would give such a frame away just so; here a port stands in for it.
        using VethPort sender = Open(Options(tenant, Peer));
        byte[] ip = Wire.Udp("10.0.0.1", "10.0.0.2", 1000, 9, new byte[100]);
        byte[] tagged = [.. Frame(0, 14)[..12], 0x81, 0, 0, 20, 8, 0, .. ip];
        Assert.Equal(1, Send(sender, tagged, new VnetHeader(VnetHeader.NeedsChecksum, VnetHeader.GsoNone, 0, 0, 14 + 4 + 20, 6), out _));
        (byte[] frame, VnetHeader vnet) = Receive(port, 1).Single();
        Assert.Equal(20, frame[15]);
        Assert.True(vnet.NeedsCsum);
        Assert.Equal(14 + 4 + 20, vnet.CsumStart);
        Assert.Equal(VnetHeaderStatus.Ok, vnet.Validate(frame.Length));
    }

    [Fact]
    public void A_frame_longer_than_the_device_takes_is_too_big_and_a_false_virtio_net_header_is_refused()
    {
        (string ns, _) = Pair();
        using VethPort port = Open(Options(ns));
        Assert.Equal(0, Send(port, Frame(1, 3000), default, out FrameOutcomes outcomes));
        Assert.Equal(DropReason.TooBigSilent, outcomes.ReasonOf(0));
        VnetHeader absurd = new(VnetHeader.NeedsChecksum, VnetHeader.GsoTcpV4, 54, 1448, 65_000, 16);
        Assert.Equal(0, Send(port, Frame(1, 1000), absurd, out outcomes));
        Assert.Equal(DropReason.TapBadVnetHeader, outcomes.ReasonOf(0));
    }

    [Fact]
    public void A_port_that_is_down_here_or_at_the_tenant_is_port_down_and_comes_back()
    {
        (string ns, string tenant) = Pair();
        using VethPort port = Open(Options(ns));
        NetLab.Ip(ns, "link", "set", Our, "down");
        Assert.Equal(PortReceiveStatus.Drained, port.Receive(0, new PacketBatch(Batch)));
        Assert.False(port.ReadIsUp());
        Assert.Equal(0, Send(port, Frame(1, 100), default, out FrameOutcomes outcomes));
        Assert.Equal(DropReason.PortDown, outcomes.ReasonOf(0));

        NetLab.Ip(ns, "link", "set", Our, "up");
        Wait.Until(port.ReadIsUp, TimeSpan.FromSeconds(5), "the port is up again");
        Assert.Equal(1, Send(port, Frame(1, 100), default, out _));
        using (var host = new PacketSocket(tenant, Peer, receive: false))
            host.Send(Frame(2, 100));
        _ = Receive(port, 1);

        NetLab.Ip(tenant, "link", "set", Peer, "down");
        Wait.Until(() => !port.ReadIsUp(), TimeSpan.FromSeconds(5), "the port without a carrier is down");
        Assert.Equal(0, Send(port, Frame(1, 100), default, out outcomes));
        Assert.Equal(DropReason.PortDown, outcomes.ReasonOf(0));
        Assert.False(port.IsClosed);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_device_that_is_deleted_or_leaves_the_namespace_is_closed_and_stays_closed(bool moved)
    {
        (string ns, string tenant) = Pair();
        using VethPort port = Open(Options(ns));
        if (moved)
            NetLab.Ip(ns, "link", "set", Our, "netns", tenant);
        else
            NetLab.Ip(tenant, "link", "del", Peer);
        Wait.Until(() => !port.ReadIsUp(), TimeSpan.FromSeconds(5), "the port is down");
        Wait.Until(() => port.Receive(0, new PacketBatch(Batch)) == PortReceiveStatus.Closed, TimeSpan.FromSeconds(5), "the port is closed");
        Assert.True(port.IsClosed);
        Assert.Equal(PortReceiveStatus.Closed, port.Receive(0, new PacketBatch(Batch)));
        Assert.Equal(0, Send(port, Frame(1, 100), default, out FrameOutcomes outcomes));
        Assert.Equal(DropReason.PortDown, outcomes.ReasonOf(0));

        // Another device of the same name is not the port's.
        NetLab.Ip(ns, "link", "add", Our, "type", "veth", "peer", "name", "other");
        NetLab.Ip(ns, "link", "set", Our, "up");
        Assert.False(port.ReadIsUp());
    }

    [Fact]
    public void The_tenant_s_end_may_move_to_another_namespace_while_the_port_is_open()
    {
        (string ns, string tenant) = Pair();
        string container = _lab.AddHost("c");
        NetLab.SilenceNewDevices(container);
        using VethPort port = Open(Options(ns));
        NetLab.Ip(tenant, "link", "set", Peer, "netns", container);
        NetLab.Ip(container, "link", "set", Peer, "up");
        Wait.Until(port.ReadIsUp, TimeSpan.FromSeconds(5), "the port is up");
        using var host = new PacketSocket(container, Peer);
        byte[] outbound = Frame(0x21, 200);
        host.Send(outbound);
        Assert.Equal([outbound], Receive(port, 1).Select(frame => frame.Octets));
        byte[] inbound = Frame(0x22, 200);
        Assert.Equal(1, Send(port, inbound, default, out _));
        Assert.Equal(inbound, host.WaitFor(frame => frame.SequenceEqual(inbound), "the frame in the container"));
    }

    [Fact]
    public void Frames_that_the_kernel_drops_at_a_full_receive_buffer_are_known()
    {
        (string ns, string tenant) = Pair();
        using VethPort port = Open(Options(ns));
        using var host = new PacketSocket(tenant, Peer, receive: false);
        const int Limit = 40_000;
        byte[] frame = Frame(0x55, 1500);
        int sent = 0;
        while (port.ReadQueueDrops() == 0 && sent < Limit)
        {
            for (int i = 0; i < 500; i++, sent++)
                host.Send(frame);
        }

        long dropped = port.ReadQueueDrops()!.Value;
        Assert.True(dropped > 0, $"no drop after {sent} frames");
        Assert.Equal(sent, dropped + Receive(port, (int)(sent - dropped)).Count);
    }

    [Fact]
    public void Receiving_and_sending_allocate_nothing()
    {
        const int Count = 32;
        (string ns, string tenant) = Pair();
        using VethPort port = Open(Options(ns));
        using var host = new PacketSocket(tenant, Peer, receive: false);
        byte[] frame = Frame(0x44, 200);
        var batch = new PacketBatch(Count);
        var send = new PortTxBatch(Count) { Slab = batch.Slab };
        var outcomes = new FrameOutcomes(Count);
        int passed = 0;

        // In each window frames pass: the first may be late.
        long allocated = Allocation.Least(() =>
        {
            int passedBefore = passed;
            for (int round = 0; round < 100 || (passed == passedBefore && round < 10_000); round++)
            {
                for (int i = 0; i < Count; i++)
                    host.Send(frame);

                _ = port.Receive(0, batch);
                send.Clear();
                for (int i = 0; i < batch.Count; i++)
                    _ = send.Add(new TxFrame { Offset = batch.Items[i].Offset, Length = batch.Items[i].Length, Frame = i, Vnet = batch.Items[i].Vnet });
                outcomes.Reset(batch.Count);
                passed += port.Send(0, send, outcomes);
            }
        });
        Assert.True(passed > 0);
        Assert.Equal(0, allocated);
    }

    [Fact]
    public void An_address_of_the_host_on_our_end_is_a_warning_with_the_command()
    {
        (string ns, _) = Pair();
        Assert.Empty(PortDevices.Open(Options(ns)).Warnings);
        NetLab.Sysctl(ns, $"net/ipv6/conf/{Our}/disable_ipv6", "0");
        NetLab.Address(ns, Our, "192.0.2.77/24");
        DeviceOpenResult result = PortDevices.Open(Options(ns));
        Assert.Contains(result.Warnings, warning => warning.Contains($"ip -4 addr flush dev {Our}", StringComparison.Ordinal));
        Assert.Contains(result.Warnings, warning => warning.Contains($"net/ipv6/conf/{Our}/disable_ipv6=1", StringComparison.Ordinal));
        result.Port!.Dispose();
    }

    private static DeviceOptions Options(string ns, string device = Our) => new() { Kind = PortDeviceKind.Veth, Name = device, Netns = ns };

    private static string Refused(DeviceOptions options)
    {
        DeviceOpenResult result = PortDevices.Open(options);
        Assert.Null(result.Port);
        return result.Error!;
    }

    private static VethPort Open(DeviceOptions options, bool touchExisting = true)
    {
        DeviceOpenResult result = PortDevices.Open(options, touchExisting);
        Assert.Null(result.Error);
        VethPort port = Assert.IsType<VethPort>(result.Port);
        if (touchExisting)
        {
            // Until the kernel has brought both ends up, it drops without a word what is sent.
            string far = options.Name == Our ? Peer : Our;
            string farNs = options.Name == Our ? options.Netns + "t" : options.Netns![..^1];
            Wait.Until(() => port.ReadIsUp() && Cmd.Run(farNs, "ip", "-br", "link", "show", "dev", far).StdOut.Contains(" UP ", StringComparison.Ordinal), TimeSpan.FromSeconds(5), "the pair is up");
        }

        return port;
    }

    private static bool IsOurs(byte[] frame) => frame[12] == 0x88 && frame[13] == 0xB5;

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

    private static List<(byte[] Octets, VnetHeader Vnet)> Receive(VethPort port, int count, Func<byte[], bool>? match = null)
    {
        var frames = new List<(byte[], VnetHeader)>();
        var batch = new PacketBatch(Batch);
        Wait.Until(
            () =>
            {
                PortReceiveStatus status;
                do
                {
                    status = port.Receive(0, batch);
                    Assert.NotEqual(PortReceiveStatus.Closed, status);
                    for (int i = 0; i < batch.Count; i++)
                    {
                        Assert.InRange(batch.Items[i].Offset, PacketPool.Headroom, int.MaxValue);
                        if (match is null || match(batch.Frame(i).ToArray()))
                            frames.Add((batch.Frame(i).ToArray(), batch.Items[i].Vnet));
                    }
                }
                while (status == PortReceiveStatus.More);

                return frames.Count >= count;
            },
            TimeSpan.FromSeconds(5),
            $"{count} frames",
            () => $"{frames.Count}");
        return frames;
    }

    private static int Send(VethPort port, byte[] frame, VnetHeader vnet, out FrameOutcomes outcomes)
    {
        byte[] slab = GC.AllocateArray<byte>(frame.Length, pinned: true);
        frame.CopyTo(slab, 0);
        var batch = new PortTxBatch(1) { Slab = slab };
        _ = batch.Add(new TxFrame { Length = frame.Length, Vnet = vnet });
        outcomes = new FrameOutcomes(1);
        outcomes.Reset(1);
        return port.Send(0, batch, outcomes);
    }

    // Both namespaces are silent: what passes is what the test sends.
    private (string Ours, string Tenant) Pair(string name = "a")
    {
        string ours = _lab.AddHost(name);
        string tenant = _lab.AddHost(name + "t");
        NetLab.SilenceNewDevices(ours);
        NetLab.SilenceNewDevices(tenant);
        NetLab.Ip(ours, "link", "add", Our, "type", "veth", "peer", "name", Peer, "netns", tenant);
        NetLab.Ip(tenant, "link", "set", Peer, "mtu", TenantMtu.ToString(CultureInfo.InvariantCulture), "up");
        return (ours, tenant);
    }
}
