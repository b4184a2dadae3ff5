using System.Net;
using System.Net.Sockets;
using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Forwarding;
using Overlay.Dataplane.Underlay;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Dataplane.Tests.Underlay;

public sealed class UdpUnderlayTests : IDisposable
{
    private const int Batch = 64;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);
    private readonly NetLab _lab = new();
    private readonly string _ns;
    private readonly FrameOutcomes _outcomes = new(Batch);

    public UdpUnderlayTests() => _ns = _lab.AddHost("u");

    public static TheoryData<string> LoopbackAddresses => ["127.0.0.1", "::1"];

    public void Dispose() => _lab.Dispose();

    [Theory]
    [MemberData(nameof(LoopbackAddresses))]
    public void A_batch_arrives_whole_with_source_and_traffic_class(string address)
    {
        using UdpUnderlay underlay = Open(Spec(address));
        TxBatch tx = Fill(address, 4789, Batch, (ref TxDatagram d, int i) => (d.Tos, d.Ttl, d.HeaderIsApart) = ((byte)(i % 4 == 0 ? 0 : i * 4), (byte)(i % 3), i % 2 == 0));
        Assert.Equal(Batch, underlay.Send(tx, _outcomes));
        Assert.Equal(0, tx.Count);
        var rx = new DatagramBatch(Batch, Batch);
        var seen = new Dictionary<int, byte>();
        Wait.Until(() => Collect(underlay, rx, seen, UnderlayAddress.Parse(address)) == Batch, Limit, "64 datagrams", () => $"{seen.Count}");
        for (int i = 0; i < Batch; i++)
        {
            Assert.True(_outcomes.IsDelivered(i));
            Assert.Equal(i % 4 == 0 ? 0 : (byte)(i * 4), seen[i]);
        }
    }

    [Theory]
    [InlineData("192.0.2.1/24", "192.0.2.2/24")]
    [InlineData("2001:db8::1/64", "2001:db8::2/64")]
    public void A_datagram_leaves_with_its_own_ttl_or_else_the_configured_one(string near, string far)
    {
        string other = _lab.AddHost("far");
        Veth(other, near, far, mtu: 1500);
        string address = near.Split('/')[0];
        bool isIPv4 = UnderlayAddress.Parse(address).IsIPv4;
        int payload = isIPv4 ? 42 : 62;
        using var wire = new PacketSocket(other, "u1", filter: frame => frame.Length == payload + 72 && frame[payload] == 0xAA);
        using UdpUnderlay underlay = Open(Spec(address) with { Ttl = 33 });
        _ = underlay.Send(Fill(far.Split('/')[0], 4789, 3, (ref TxDatagram d, int i) => (d.Ttl, d.Tos) = ((byte)(i * 100), (byte)(i * 4))), _outcomes);
        Wait.Until(() => wire.Count == 3, Limit, "three datagrams");
        foreach (CapturedFrame frame in wire.Frames)
        {
            int index = frame.Data[payload + 8];
            Assert.Equal(index == 0 ? 33 : index * 100, frame.Data[isIPv4 ? 22 : 21]);
        }
    }

    [Theory]
    [InlineData("192.0.2.1/24", "192.0.2.2/24", ChecksumPolicy.Full, false)]
    [InlineData("192.0.2.1/24", "192.0.2.2/24", ChecksumPolicy.ZeroIPv4, true)]
    [InlineData("2001:db8::1/64", "2001:db8::2/64", ChecksumPolicy.Full, false)]
    [InlineData("2001:db8::1/64", "2001:db8::2/64", ChecksumPolicy.ZeroIPv4, false)]
    [InlineData("2001:db8::1/64", "2001:db8::2/64", ChecksumPolicy.ZeroBoth, true)]
    public void The_checksum_is_zero_only_in_the_families_that_were_named(string near, string far, ChecksumPolicy policy, bool isZero)
    {
        string other = _lab.AddHost("far");
        Veth(other, near, far, mtu: 1500);
        string address = near.Split('/')[0];
        int payload = UnderlayAddress.Parse(address).IsIPv4 ? 42 : 62;
        using var wire = new PacketSocket(other, "u1", filter: frame => frame.Length == payload + 72 && frame[payload] == 0xAA);
        using UdpUnderlay underlay = Open(Spec(address) with { Checksum = policy });
        _ = underlay.Send(Fill(far.Split('/')[0], 4789, 1, (ref TxDatagram d, int i) => { }), _outcomes);
        Wait.Until(() => wire.Count == 1, Limit, "a datagram");
        Assert.Equal(isZero, wire.Frames[0].Data.AsSpan(payload - 2, 2).IndexOfAnyExcept((byte)0) < 0);
    }

    [Fact]
    public void A_flow_keeps_its_source_port_and_flows_use_all_ports_of_the_range()
    {
        UnderlaySpec spec = Spec("127.0.0.1") with { SourcePortFirst = 50_000, SourcePortLast = 50_099, SourcePortCount = 10 };
        using UdpUnderlay underlay = Open(spec);
        Assert.Equal(Enumerable.Range(0, 10).Select(i => (ushort)(50_000 + (i * 10))), underlay.SourcePorts(AddressFamilyKind.IPv4));
        using Socket sink = Socket("127.0.0.1", 9999);
        var ports = new Dictionary<uint, HashSet<int>>();
        for (int round = 0; round < 3; round++)
        {
            TxBatch tx = Fill("127.0.0.1", 9999, Batch, (ref TxDatagram d, int i) => d.FlowHash = (uint)i * 0x0400_0000);
            Assert.Equal(Batch, underlay.Send(tx, _outcomes));
            for (int i = 0; i < Batch; i++)
            {
                (int port, byte[] data) = ReceiveFrom(sink);
                uint flow = data[8];
                (ports.TryGetValue(flow, out HashSet<int>? set) ? set : ports[flow] = []).Add(port);
            }
        }

        Assert.All(ports.Values, set => Assert.Single(set));
        Assert.Equal(10, ports.Values.SelectMany(set => set).Distinct().Count());
    }

    [Fact]
    public void Datagrams_of_one_flow_arrive_in_order()
    {
        using UdpUnderlay underlay = Open(Spec("127.0.0.1"));
        using Socket sink = Socket("127.0.0.1", 9999);
        TxBatch tx = Fill("127.0.0.1", 9999, Batch, (ref TxDatagram d, int i) => d.FlowHash = (uint)(i % 3) << 30);
        Assert.Equal(Batch, underlay.Send(tx, _outcomes));
        var last = new int[3];
        Array.Fill(last, -1);
        for (int i = 0; i < Batch; i++)
        {
            int index = ReceiveFrom(sink).Data[8];
            Assert.True(index > last[index % 3]);
            last[index % 3] = index;
        }
    }

    [Theory]
    [MemberData(nameof(LoopbackAddresses))]
    public void What_strangers_send_to_a_sending_socket_is_dropped(string address)
    {
        using UdpUnderlay underlay = Open(Spec(address));
        using Socket stranger = Socket(address, 0);
        int port = underlay.SourcePorts(UnderlayAddress.Parse(address).Family)[0];
        for (int i = 0; i < 100; i++)
            _ = stranger.SendTo(new byte[100], new IPEndPoint(IPAddress.Parse(address), port));
        string sockets = Cmd.Run(_ns, "ss", "-uanH", "sport", "=", $":{port}").OrThrow().StdOut;
        Assert.Contains($":{port}", sockets, StringComparison.Ordinal);
        Assert.Equal("0", sockets.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]);
    }

    [Theory]
    [InlineData("192.0.2.1/24", "192.0.2.2/24")]
    [InlineData("2001:db8::1/64", "2001:db8::2/64")]
    public void Only_what_is_too_big_is_dropped_and_the_path_mtu_is_learned(string near, string far)
    {
        string other = _lab.AddHost("far");
        Veth(other, near, far, mtu: 1300);
        string peer = far.Split('/')[0];
        TxBatch tx = Fill(peer, 4789, 20, (ref TxDatagram d, int i) => (d.PayloadLength, d.FlowHash) = (i is 3 or 7 ? 1400 : 100, 5));
        var paths = new PathMtuTable(() => [tx.NextHops[0]!], TimeProvider.System, 1350);
        using UdpUnderlay underlay = Open(Spec(near.Split('/')[0]), paths: paths);
        Assert.Equal(18, underlay.Send(tx, _outcomes));
        for (int i = 0; i < 20; i++)
            Assert.Equal(i is 3 or 7 ? DropReason.TooBigSilent : DropReason.None, _outcomes.ReasonOf(i));
        Wait.Until(() => tx.NextHops[0]!.PathMtu == 1300, Limit, "the path MTU");
        Assert.Contains(paths.List(), path => path is { Mtu: 1300, Source: PathMtuSource.Kernel });
    }

    [Fact]
    public void Source_ports_are_not_to_be_guessed_and_are_the_same_after_a_restart()
    {
        UnderlaySpec spec = Spec("127.0.0.1") with { SourcePortCount = 64 };
        ushort[] first = Ports(1);
        Assert.Equal(first, Ports(1));
        ushort[] second = Ports(2);
        Assert.True(first.Zip(second).Count(static pair => pair.First == pair.Second) < 8);
        Assert.All(first.Zip(Enumerable.Range(0, 64)), static pair => Assert.InRange(pair.First, 49152 + (pair.Second * 256), 49152 + (pair.Second * 256) + 255));
        Assert.True(first.Select(static port => port & 255).Distinct().Count() > 32);

        ushort[] Ports(ulong seed)
        {
            using UdpUnderlay underlay = NetNs.Run(_ns, () => UdpUnderlay.Open(spec, 1, portSeed: seed)).Underlay!;
            return [.. underlay.SourcePorts(AddressFamilyKind.IPv4)];
        }
    }

    [Fact]
    public void An_error_about_an_earlier_datagram_never_drops_a_later_one()
    {
        using UdpUnderlay underlay = Open(Spec("127.0.0.1"));
        for (int round = 0; round < 50; round++)
        {
            // Nobody listens there: the kernel answers with port unreachable at once.
            TxBatch tx = Fill("127.0.0.1", 9, 8, (ref TxDatagram d, int i) => d.FlowHash = 7);
            Assert.Equal(8, underlay.Send(tx, _outcomes));
        }

        Wait.Until(() => underlay.Errors().Values.Sum() > 0, Limit, "an ICMP error on the error queue");
    }

    [Theory]
    [InlineData("192.0.2.1/24", "192.0.2.2/24")]
    [InlineData("2001:db8::1/64", "2001:db8::2/64")]
    public void An_address_that_goes_and_comes_back_heals(string near, string far)
    {
        string other = _lab.AddHost("far");
        Veth(other, near, far, mtu: 1500);
        string address = near.Split('/')[0];
        string peer = far.Split('/')[0];
        using UdpUnderlay underlay = Open(Spec(address));
        using Socket sink = NetNs.Run(other, () => SocketHere(peer, 4789));
        using UdpUnderlay reverse = NetNs.Run(other, () => UdpUnderlay.Open(Spec(peer) with { VxlanPort = 14789 }, 1).Underlay!);
        var rx = new DatagramBatch(Batch, Batch);
        bool Passes()
        {
            _ = underlay.Send(Fill(peer, 4789, 1, (ref TxDatagram d, int i) => { }), _outcomes);
            _ = reverse.Send(Fill(address, 4789, 1, (ref TxDatagram d, int i) => { }), new FrameOutcomes(1));
            _ = underlay.Receive(0, 0, rx);
            return sink.Poll(1000, SelectMode.SelectRead) && ReceiveFrom(sink).Data.Length > 0 && rx.Count > 0;
        }

        Wait.Until(Passes, Limit, "traffic");
        Cmd.Run(_ns, "ip", "addr", "del", near, "dev", "u0").OrThrow();
        _outcomes.Reset(1);
        _ = underlay.Send(Fill(peer, 4789, 1, (ref TxDatagram d, int i) => { }), _outcomes);
        if (UnderlayAddress.Parse(address).IsIPv4)
            Assert.Equal(DropReason.UnderlayUnreachable, _outcomes.ReasonOf(0));
        Cmd.Run(_ns, "ip", "link", "set", "u0", "down").OrThrow();
        _outcomes.Reset(1);
        _ = underlay.Send(Fill(peer, 4789, 1, (ref TxDatagram d, int i) => { }), _outcomes);
        Assert.Equal(DropReason.UnderlayUnreachable, _outcomes.ReasonOf(0));
        Cmd.Run(_ns, "ip", "link", "set", "u0", "up").OrThrow();
        Cmd.Run(_ns, "ip", "addr", "replace", near, "dev", "u0", near.Contains(':', StringComparison.Ordinal) ? "nodad" : "noprefixroute").OrThrow();
        if (!near.Contains(':', StringComparison.Ordinal))
            Cmd.Run(_ns, "ip", "route", "replace", "192.0.2.0/24", "dev", "u0").OrThrow();
        Wait.Until(Passes, TimeSpan.FromSeconds(10), "traffic after the address came back");
    }

    [Fact]
    public void A_device_that_is_made_again_is_bound_again()
    {
        string other = _lab.AddHost("far");
        Veth(other, "192.0.2.1/24", "192.0.2.2/24", mtu: 1500);
        using UdpUnderlay underlay = Open(Spec("192.0.2.1") with { Device = "u0" });
        Cmd.Run(_ns, "ip", "link", "del", "u0").OrThrow();
        Assert.NotNull(Rebind());
        Veth(other, "192.0.2.1/24", "192.0.2.2/24", mtu: 1500);
        _ = underlay.Send(Fill("192.0.2.2", 4789, 1, (ref TxDatagram d, int i) => { }), _outcomes);
        Assert.Equal(DropReason.UnderlayUnreachable, _outcomes.ReasonOf(0));
        Assert.Null(Rebind());
        _outcomes.Reset(1);
        Assert.Equal(1, underlay.Send(Fill("192.0.2.2", 4789, 1, (ref TxDatagram d, int i) => { }), _outcomes));

        string? Rebind() => NetNs.Run(_ns, () => underlay.RebindDevice(out _));
    }

    [Fact]
    public void A_second_daemon_on_the_same_port_is_refused_with_the_reason_even_with_many_workers()
    {
        UnderlaySpec spec = Spec("127.0.0.1");
        using UdpUnderlay first = Open(spec, workers: 2);
        UdpUnderlayResult second = NetNs.Run(_ns, () => UdpUnderlay.Open(spec, 2));
        Assert.Null(second.Underlay);
        Assert.Equal(2, second.Errors.Length);
        Assert.Contains("4789", second.Errors[0], StringComparison.Ordinal);
        Assert.All(second.Errors, error => Assert.Contains("in use", error, StringComparison.Ordinal));
    }

    [Fact]
    public void A_source_port_in_use_is_skipped_and_reported()
    {
        using Socket taken = Socket("127.0.0.1", 50_000);
        UnderlaySpec spec = Spec("127.0.0.1") with { SourcePortFirst = 50_000, SourcePortLast = 50_009, SourcePortCount = 2 };
        UdpUnderlayResult result = NetNs.Run(_ns, () => UdpUnderlay.Open(spec, 1));
        using UdpUnderlay underlay = result.Underlay!;
        Assert.Equal([50_001, 50_005], underlay.SourcePorts(AddressFamilyKind.IPv4));
        Assert.Contains(result.Warnings, warning => warning.Contains("50000", StringComparison.Ordinal));
    }

    [Fact]
    public void An_address_that_is_not_there_does_not_keep_the_underlay_from_starting()
    {
        using UdpUnderlay underlay = Open(new UnderlaySpec { Local = [UnderlayAddress.Parse("198.51.100.7"), UnderlayAddress.Parse("2001:db8:7::7")] });
        Assert.Equal(4, underlay.Sockets().Length);
    }

    [Fact]
    public void What_overflows_a_socket_is_counted_by_the_kernel_and_shown()
    {
        using UdpUnderlay underlay = Open(Spec("127.0.0.1") with { GenevePort = null });
        using Socket stranger = Socket("127.0.0.1", 0);
        var target = new IPEndPoint(IPAddress.Loopback, 4789);
        byte[] large = new byte[60_000];
        for (int i = 0; i < 1000 && underlay.Sockets()[0].KernelDrops == 0; i++)
            _ = stranger.SendTo(large, target);
        Assert.NotEqual(0, Assert.Single(underlay.Sockets()).KernelDrops);
    }

    [Fact]
    public void Sending_and_receiving_allocates_nothing()
    {
        using UdpUnderlay underlay = Open(Spec("127.0.0.1"));
        TxBatch tx = Fill("127.0.0.1", 4789, Batch, (ref TxDatagram d, int i) => d.FlowHash = (uint)i << 26);
        var rx = new DatagramBatch(Batch, Batch);
        Assert.Equal(0, Allocation.Least(() =>
        {
            for (int round = 0; round < 100; round++)
            {
                tx.Count = Batch;
                _ = underlay.Send(tx, _outcomes);
                while (underlay.Receive(0, 0, rx))
                {
                }
            }
        }));
    }

    private delegate void Shape(ref TxDatagram datagram, int index);

    private static UnderlaySpec Spec(string address) => new() { Local = [UnderlayAddress.Parse(address)], SourcePortCount = 4 };

    /// <summary>Datagrams of an 8-octet header (all 0xAA) and a payload that begins with its index.</summary>
    private static TxBatch Fill(string destination, ushort port, int count, Shape shape)
    {
        var slab = new PacketPool(Batch, 2048);
        var spec = new NextHopSpec(new VtepId(0), UnderlayAddress.Parse(destination), EncapKind.Vxlan, port, PolicyOptionMode.Advisory);
        var tx = new TxBatch(Batch) { Payloads = slab.Slab, NextHops = [new NextHop(new NextHopId(0), new Vtep(new VtepId(0), "b"), in spec, [])] };
        for (int i = 0; i < count; i++)
        {
            ref TxDatagram item = ref tx.Items[tx.Count++];
            item = new TxDatagram { HeaderLength = 8, TunnelLength = 8, Segments = 1, PayloadOffset = slab.FrameOffset(i), PayloadLength = 64, Frame = i };
            shape(ref item, i);
            item.HeaderOffset = item.HeaderIsApart ? i * TxBatch.HeaderStride : item.PayloadOffset - 8;
            (item.HeaderIsApart ? tx.Headers : slab.Slab).AsSpan(item.HeaderOffset, 8).Fill(0xAA);
            slab.Slab.AsSpan(item.PayloadOffset, item.PayloadLength).Fill((byte)i);
        }

        return tx;
    }

    private static int Collect(UdpUnderlay underlay, DatagramBatch rx, Dictionary<int, byte> seen, UnderlayAddress source)
    {
        _ = underlay.Receive(0, 0, rx);
        for (int i = 0; i < rx.Count; i++)
        {
            Span<byte> data = rx.Datagram(i);
            Assert.Equal(72, data.Length);
            Assert.True(data[..8].IndexOfAnyExcept((byte)0xAA) < 0);
            Assert.Equal(source, rx.Info[i].Source);
            Assert.Equal(EncapKind.Vxlan, rx.Info[i].Encap);
            Assert.Contains(rx.Info[i].SourcePort, underlay.SourcePorts(source.Family));
            seen[data[8]] = rx.Info[i].Tos;
        }

        return seen.Count;
    }

    private static (int Port, byte[] Data) ReceiveFrom(Socket socket)
    {
        byte[] buffer = new byte[2048];
        EndPoint from = new IPEndPoint(socket.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
        socket.ReceiveTimeout = 5000;
        int length = socket.ReceiveFrom(buffer, ref from);
        return (((IPEndPoint)from).Port, buffer[..length]);
    }

    private static Socket SocketHere(string address, int port)
    {
        IPAddress ip = IPAddress.Parse(address);
        var socket = new Socket(ip.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(ip, port));
        return socket;
    }

    private Socket Socket(string address, int port) => NetNs.Run(_ns, () => SocketHere(address, port));

    private UdpUnderlay Open(UnderlaySpec spec, int workers = 1, PathMtuTable? paths = null)
    {
        UdpUnderlayResult result = NetNs.Run(_ns, () => UdpUnderlay.Open(spec, workers, paths: paths));
        Assert.Empty(result.Errors);
        return result.Underlay!;
    }

    private void Veth(string other, string near, string far, int mtu)
    {
        Cmd.Run(_ns, "ip", "link", "add", "u0", "mtu", $"{mtu}", "type", "veth", "peer", "name", "u1", "netns", other).OrThrow();
        foreach ((string ns, string device, string address) in new[] { (_ns, "u0", near), (other, "u1", far) })
        {
            Cmd.Run(ns, "ip", "link", "set", device, "mtu", $"{mtu}", "up").OrThrow();
            if (address.Contains(':', StringComparison.Ordinal))
                Cmd.Run(ns, "ip", "addr", "add", address, "dev", device, "nodad").OrThrow();
            else
                Cmd.Run(ns, "ip", "addr", "add", address, "dev", device).OrThrow();
        }
    }
}
