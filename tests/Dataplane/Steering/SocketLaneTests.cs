using System.Net;
using System.Net.Sockets;
using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Steering;
using Overlay.Dataplane.Underlay;
using Overlay.Encap;
using Overlay.Forwarding.Topology;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Dataplane.Tests.Steering;

/// <summary>Which of the sockets of an address and port the kernel gives a datagram to where there is a lane.</summary>
public sealed class SocketLaneTests : IDisposable
{
    private const int Workers = 2;
    private const int Lane = Workers;
    private const int Short = 120;
    private const int Long = 1200;
    private const int LevelUdp = 17;
    private const int UdpSegment = 103;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);
    private readonly NetLab _lab;
    private readonly string _ns;
    private string _from;
    private readonly DatagramBatch _batch = new(512, 64);
    private readonly Dictionary<string, Socket> _senders = [];
    private UdpUnderlay? _underlay;

    public SocketLaneTests()
    {
        Requires.Bpf();
        _lab = new NetLab();
        _ns = _from = _lab.AddHost("u");
    }

    public static TheoryData<string> LoopbackAddresses => ["127.0.0.1", "::1"];

    private UdpUnderlay Underlay => _underlay!;

    private LaneTable Table => Underlay.Lanes(Lane)[0]!;

    public void Dispose()
    {
        foreach (Socket sender in _senders.Values)
            sender.Dispose();
        _underlay?.Dispose();
        _lab.Dispose();
    }

    [Theory]
    [MemberData(nameof(LoopbackAddresses))]
    public void Short_datagrams_come_to_the_lane_until_their_source_sends_a_long_one(string address)
    {
        Open(address);
        Send("a", Short);
        Send("b", Long);
        Send("b", Short);
        Assert.Equal([Short], Receive(Lane, 1));
        Assert.Equal([Long, Short], Bulk(2).Order().Reverse());
        Send("a", Long);
        Send("a", Short);
        Assert.Equal([Long, Short], Bulk(2));
        Assert.Equal((0u, 0), Table.Inside);
    }

    [Theory]
    [MemberData(nameof(LoopbackAddresses))]
    public void A_long_datagram_follows_a_short_one_of_its_source_that_is_in_the_lane(string address)
    {
        Open(address);
        Send("a", Short);
        Send("a", Long);
        Assert.Equal([Short, Long], Receive(Lane, 2));
        Send("a", Long);
        Assert.Equal([Long], Bulk(1));
    }

    [Theory]
    [MemberData(nameof(LoopbackAddresses))]
    public void Datagrams_that_come_as_one_are_counted_as_one_and_as_long_as_each_is(string address)
    {
        Open(address);
        Send("a", Short * 10, segment: Short);
        Assert.Equal(1u, Table.Inside.Frames);
        Assert.Equal(10, Receive(Lane, 10).Count);
        Assert.Equal((0u, 0), Table.Inside);
        Send("b", Long * 10, segment: Long);
        Assert.Equal(10, Bulk(10).Count);
    }

    [Theory]
    [MemberData(nameof(LoopbackAddresses))]
    public void A_source_has_one_socket_and_sources_use_all(string address)
    {
        Open(address);
        AssertShared();
    }

    [Theory]
    [MemberData(nameof(LoopbackAddresses))]
    public void A_change_of_the_underlay_takes_no_socket_out_of_those_that_share(string address)
    {
        Open(address, "lo");
        Assert.Equal((null, false), Rebind());
        AssertShared();
        Send("a", Short);
        Assert.Equal([Short], Receive(Lane, 1));
    }

    [Theory]
    [InlineData("192.0.2.1", 24)]
    [InlineData("2001:db8::1", 64)]
    public void Sockets_share_again_when_their_device_was_made_again(string address, int prefix)
    {
        _from = _lab.AddHost("far");
        Join();
        Open(address, "u0");
        int[] descriptors = [.. Bulks().Select(worker => Underlay.PollDescriptors(worker)[0])];
        LaneTable table = Table;
        NetLab.Ip(_ns, "link", "del", "u0");
        Assert.NotNull(Rebind().Problem);
        Join();
        Assert.Equal((null, true), Rebind());
        Assert.Equal(descriptors, Bulks().Select(worker => Underlay.PollDescriptors(worker)[0]));
        Assert.Same(table, Table);
        AssertShared();
        Send("a", Short);
        Assert.Equal([Short], Receive(Lane, 1));
        Assert.Equal((null, false), Rebind());

        void Join()
        {
            NetLab.Join(_ns, "u0", _from, "u1");
            NetLab.Address(_ns, "u0", $"{address}/{prefix}");
            NetLab.Address(_from, "u1", $"{address}0/{prefix}");
        }
    }

    private (string? Problem, bool IsReplaced) Rebind() => NetNs.Run(_ns, () => (Underlay.RebindDevice(out bool isReplaced), isReplaced));

    private void AssertShared()
    {
        var socketOf = new Dictionary<int, int>();
        for (int round = 0; round < 3; round++)
        {
            for (int i = 0; i < 32; i++)
                Send($"{i}", Long);
            int arrived = 0;
            Wait.Until(() => (arrived += Bulks().Sum(worker => Note(worker, socketOf))) == 32, Limit, "all datagrams");
        }

        Assert.Equal(32, socketOf.Count);
        Assert.Equal(Workers, socketOf.Values.Distinct().Count());
        Assert.Equal(0u, Table.Inside.Frames);
    }

    private static IEnumerable<int> Bulks() => Enumerable.Range(0, Workers);

    private int Note(int worker, Dictionary<int, int> socketOf)
    {
        _ = Underlay.Receive(worker, 0, _batch);
        for (int i = 0; i < _batch.Count; i++)
            Assert.True(socketOf.TryAdd(_batch.Info[i].SourcePort, worker) || socketOf[_batch.Info[i].SourcePort] == worker);
        return _batch.Count;
    }

    private void Open(string address, string? device = null)
    {
        var spec = new UnderlaySpec { Local = [UnderlayAddress.Parse(address)], GenevePort = null, Device = device };
        UdpUnderlayResult? opened = null;

        // A process that a test beside this one is just starting has a copy of every descriptor for a moment, and with it the port that was tried first.
        Wait.Until(
            () => (opened = NetNs.Run(_ns, () => UdpUnderlay.Open(spec, Workers, withLane: true))).Errors.IsEmpty,
            Limit,
            "the sockets",
            () => string.Join(' ', opened!.Errors));
        _underlay = opened!.Underlay!;
        Assert.True(_underlay.HasLane);
        Assert.Equal(Workers + 1, _underlay.Sockets().Length);
    }

    private void Send(string sender, int length, int segment = 0)
    {
        IPAddress address = IPAddress.Parse(Underlay.Sockets()[0].Address.ToString());
        if (!_senders.TryGetValue(sender, out Socket? socket))
        {
            socket = NetNs.Run(_from, () => new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp));
            _senders.Add(sender, socket);
        }

        socket.SetRawSocketOption(LevelUdp, UdpSegment, BitConverter.GetBytes(segment));
        _ = socket.SendTo(new byte[length], new IPEndPoint(address, 4789));
    }

    private List<int> Bulk(int count)
    {
        var lengths = new List<int>();
        Wait.Until(
            () =>
            {
                foreach (int worker in Bulks())
                    Take(worker, lengths);
                return lengths.Count == count;
            },
            Limit,
            "datagrams for the workers",
            () => string.Join(' ', lengths));
        return lengths;
    }

    private List<int> Receive(int worker, int count)
    {
        var lengths = new List<int>();
        Wait.Until(() => Take(worker, lengths) == count, Limit, $"datagrams for worker {worker}", () => string.Join(' ', lengths));
        for (int i = 0; i < _batch.MessageCount; i++)
        {
            ref DatagramMessage message = ref _batch.Message(i);
            Table.CountOut(SocketSteering.HashOf(in message.Info.Source, message.Info.SourcePort));
        }

        return lengths;
    }

    private int Take(int worker, List<int> lengths)
    {
        _ = Underlay.Receive(worker, 0, _batch);
        for (int i = 0; i < _batch.Count; i++)
            lengths.Add(_batch.Items[i].Length);
        return lengths.Count;
    }
}
