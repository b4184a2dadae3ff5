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

/// <summary>Trains on real sockets: what arrives, and what becomes of a train that the kernel refuses.</summary>
public sealed class UdpSenderTests : IDisposable
{
    private const int Batch = 64;
    private const int Header = 16;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);
    private readonly NetLab _lab = new();
    private readonly FrameOutcomes _outcomes = new(Batch);
    private readonly string _ns;
    private readonly string _far;

    public UdpSenderTests()
    {
        _ns = _lab.AddHost("a");
        _far = _lab.AddHost("far");
        _outcomes.Reset(Batch);
    }

    public static TheoryData<string, string> Families => new() { { "192.0.2.1/24", "192.0.2.2/24" }, { "2001:db8::1/64", "2001:db8::2/64" } };

    public void Dispose() => _lab.Dispose();

    [Theory]
    [MemberData(nameof(Families))]
    public void Every_datagram_of_a_train_and_of_a_super_frame_arrives_as_it_is(string near, string far)
    {
        Veth(near, far, 1500);
        using UdpUnderlay underlay = Open(near);
        using Socket sink = Sink(far);
        TxBatch tx = NewBatch(far);
        AddPlain(tx, 0, 500);
        AddPlain(tx, 1, 500);
        AddSegments(tx, 2, segmentSize: 500 - Header + 8, payload: 2000);
        AddPlain(tx, 3, 300);
        AddSegments(tx, 4, segmentSize: 1000, payload: 60_000);
        List<byte[]> expected = Expected(tx);
        Assert.Equal(expected.Count, underlay.Send(tx, _outcomes));
        Assert.Equal(expected.Select(Convert.ToHexString).Order(), Receive(sink, expected.Count).Select(Convert.ToHexString).Order());
        for (int i = 0; i < 5; i++)
        {
            Assert.True(_outcomes.IsDelivered(i));
            Assert.Equal((tx.Items[i].Segments, tx.Items[i].TotalLength), (tx.Items[i].SentCount, tx.Items[i].SentOctets));
        }

        Assert.Equal((0, 0), (tx.Count, tx.HeadersLength));
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Of_a_train_that_is_too_long_for_the_path_all_are_counted_and_shorter_ones_go_on(string near, string far)
    {
        Veth(near, far, 1300);
        using UdpUnderlay underlay = Open(near);
        using Socket sink = Sink(far);
        TxBatch tx = NewBatch(far);
        NextHop hop = tx.NextHops[0]!;
        AddSegments(tx, 0, segmentSize: 1400, payload: 2900);
        AddPlain(tx, 1, 800);
        AddPlain(tx, 2, 800);
        List<byte[]> expected = Expected(tx);

        // Of the super-frame only the last segment fits.
        Assert.Equal(3, underlay.Send(tx, _outcomes));
        Assert.Equal(expected.Where(static datagram => datagram.Length < 1200).Select(Convert.ToHexString).Order(), Receive(sink, 3).Select(Convert.ToHexString).Order());
        Assert.True(_outcomes.IsDelivered(0));
        Assert.Equal(2, _outcomes.LostOf(0, out DropReason reason));
        Assert.Equal(DropReason.TooBigSilent, reason);
        Assert.Equal((1, 100 + Header), (tx.Items[0].SentCount, tx.Items[0].SentOctets));
        Assert.True(_outcomes.IsDelivered(1) && _outcomes.IsDelivered(2));
        Assert.Equal(1415, hop.TrainLimit);

        // What is longer goes singly from now on; the limit is tried again in the end.
        for (int i = 0; i < 5000 && hop.TrainLimit == 1415; i++)
        {
            _outcomes.Reset(Batch);
            AddSegments(tx, 0, segmentSize: 1400, payload: 2800);
            Assert.Equal(0, underlay.Send(tx, _outcomes));
            Assert.Equal(DropReason.TooBigSilent, _outcomes.ReasonOf(0));
        }

        Assert.Equal(1415, hop.TrainLimit);
        Cmd.Run(_ns, "ip", "link", "set", "u0", "mtu", "1500").OrThrow();
        Cmd.Run(_far, "ip", "link", "set", "u1", "mtu", "1500").OrThrow();
        Cmd.Run(_ns, "ip", near.Contains(':', StringComparison.Ordinal) ? "-6" : "-4", "route", "flush", "cache").OrThrow();
        for (int i = 0; i < 10_000 && hop.TrainLimit == 1415; i++)
        {
            _outcomes.Reset(Batch);
            AddSegments(tx, 0, segmentSize: 1400, payload: 2800);
            _ = underlay.Send(tx, _outcomes);
        }

        Assert.Equal(int.MaxValue, hop.TrainLimit);
    }

    [Fact]
    public void Without_outer_checksum_datagrams_go_singly()
    {
        (string near, string far) = ("192.0.2.1/24", "192.0.2.2/24");
        Veth(near, far, 1500);
        using UdpUnderlay underlay = Open(near, ChecksumPolicy.ZeroIPv4);
        using Socket sink = Sink(far);
        TxBatch tx = NewBatch(far);
        AddPlain(tx, 0, 500);
        AddPlain(tx, 1, 500);
        AddSegments(tx, 2, segmentSize: 1000, payload: 30_500);
        List<byte[]> expected = Expected(tx);
        Assert.Equal(expected.Count, underlay.Send(tx, _outcomes));
        Assert.Equal(expected.Select(Convert.ToHexString), Receive(sink, expected.Count).Select(Convert.ToHexString));
        Assert.Equal(int.MaxValue, tx.NextHops[0]!.TrainLimit);
    }

    [Fact]
    public void Super_frames_are_sent_without_allocating()
    {
        Veth("192.0.2.1/24", "192.0.2.2/24", 1500);
        using UdpUnderlay underlay = Open("192.0.2.1/24");
        TxBatch tx = NewBatch("192.0.2.2/24");
        Assert.Equal(0, Allocation.Least(() =>
        {
            for (int round = 0; round < 100; round++)
            {
                for (int i = 0; i < 20; i++)
                    AddPlain(tx, i, 200 + (i % 3));

                AddSegments(tx, 20, segmentSize: 1400, payload: round % 2 == 0 ? 50_000 : 2900);
                _ = underlay.Send(tx, _outcomes);
            }
        }));
    }

    private static TxBatch NewBatch(string far)
    {
        var spec = new NextHopSpec(new VtepId(0), UnderlayAddress.Parse(far.Split('/')[0]), EncapKind.Vxlan, 4789, PolicyOptionMode.Advisory);
        var slab = new PacketPool(Batch);
        new Random(3).NextBytes(slab.Slab.AsSpan(0, 1 << 20));
        return new TxBatch(Batch) { Payloads = slab.Slab, NextHops = [new NextHop(new NextHopId(0), new Vtep(new VtepId(0), "b"), in spec, [])] };
    }

    private static void AddPlain(TxBatch tx, int frame, int payload)
    {
        int offset = (frame * 2048) + 320;
        tx.Items[tx.Count++] = new TxDatagram
        {
            HeaderOffset = offset - 8,
            HeaderLength = 8,
            TunnelLength = 8,
            PayloadOffset = offset,
            PayloadLength = payload,
            Segments = 1,
            Frame = frame,
            FlowHash = 9,
        };
    }

    private void AddSegments(TxBatch tx, int frame, int segmentSize, int payload)
    {
        int segments = (payload + segmentSize - 1) / segmentSize;
        int headers = tx.TakeHeaders(segments * Header);
        for (int i = 0; i < segments * Header; i++)
            tx.Headers[headers + i] = (byte)(0xA0 + (i / Header));

        _outcomes.SetWeight(frame, segments);
        tx.Items[tx.Count++] = new TxDatagram
        {
            HeaderOffset = headers,
            HeaderLength = Header,
            TunnelLength = 8,
            PayloadOffset = (frame * 2048) + 320,
            PayloadLength = payload,
            SegmentSize = segmentSize,
            Segments = segments,
            Frame = frame,
            FlowHash = 9,
            HeaderIsApart = true,
        };
    }

    private static List<byte[]> Expected(TxBatch tx)
    {
        var all = new List<byte[]>();
        foreach (ref TxDatagram item in tx.Items.AsSpan(0, tx.Count))
        {
            for (int i = 0; i < item.Segments; i++)
            {
                byte[] headers = item.HeaderIsApart ? tx.Headers : tx.Payloads;
                int length = i == item.Segments - 1 ? item.LastLength : item.DatagramLength;
                int payload = item.PayloadOffset + (i * item.SegmentSize);
                all.Add([.. headers.AsSpan(item.HeaderOffset + (i * Header * (item.HeaderIsApart ? 1 : 0)), item.HeaderLength), .. tx.Payloads.AsSpan(payload, length - item.HeaderLength)]);
            }
        }

        return all;
    }

    private static List<byte[]> Receive(Socket socket, int count)
    {
        var all = new List<byte[]>();
        byte[] buffer = new byte[70_000];
        socket.ReceiveTimeout = (int)Limit.TotalMilliseconds;
        while (all.Count < count)
        {
            int length = socket.Receive(buffer);
            all.Add(buffer[..length]);
        }

        Assert.False(socket.Poll(1000, SelectMode.SelectRead));
        return all;
    }

    private Socket Sink(string far) => NetNs.Run(_far, () =>
    {
        IPAddress address = IPAddress.Parse(far.Split('/')[0]);
        var socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 4 << 20 };
        socket.Bind(new IPEndPoint(address, 4789));
        return socket;
    });

    private UdpUnderlay Open(string near, ChecksumPolicy checksum = ChecksumPolicy.Full)
    {
        UnderlaySpec spec = new() { Local = [UnderlayAddress.Parse(near.Split('/')[0])], SourcePortCount = 1, Checksum = checksum };
        UdpUnderlayResult result = NetNs.Run(_ns, () => UdpUnderlay.Open(spec, 1));
        Assert.Empty(result.Errors);
        return result.Underlay!;
    }

    private void Veth(string near, string far, int mtu)
    {
        Cmd.Run(_ns, "ip", "link", "add", "u0", "mtu", $"{mtu}", "type", "veth", "peer", "name", "u1", "netns", _far).OrThrow();
        foreach ((string ns, string device, string address) in new[] { (_ns, "u0", near), (_far, "u1", far) })
        {
            Cmd.Run(ns, "ip", "link", "set", device, "mtu", $"{mtu}", "up").OrThrow();
            NetLab.Address(ns, device, address);
        }
    }
}
