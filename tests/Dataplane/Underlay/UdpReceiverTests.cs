using System.Net;
using System.Net.Sockets;
using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Underlay;
using Overlay.Encap;
using Overlay.Forwarding.Topology;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Dataplane.Tests.Underlay;

/// <summary>Datagrams that the kernel hands over joined, in a namespace's loopback.</summary>
public sealed class UdpReceiverTests : IDisposable
{
    private const int SolUdp = 17;
    private const int UdpSegment = 103;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    private readonly NetLab _lab = new();
    private readonly string _ns;

    public UdpReceiverTests() => _ns = _lab.AddHost("rx");

    public void Dispose() => _lab.Dispose();

    [Theory]
    [InlineData("127.0.0.1", 64, 100)]
    [InlineData("::1", 64, 100)]
    [InlineData("127.0.0.1", 45, 1400)]
    [InlineData("127.0.0.1", 2, 30)]
    public void A_train_is_taken_apart_into_its_datagrams_and_what_the_batch_cannot_take_is_not_lost(string address, int segments, int size)
    {
        IPAddress ip = IPAddress.Parse(address);
        using UdpUnderlay underlay = Open(address);
        using Socket sender = NetNs.Run(_ns, () => new Socket(ip.AddressFamily, SocketType.Dgram, ProtocolType.Udp));
        sender.SetRawSocketOption(SolUdp, UdpSegment, BitConverter.GetBytes(size));
        byte[] train = new byte[(segments * size) - 7];
        for (int i = 0; i < train.Length; i++)
            train[i] = (byte)(i / size);

        const int Trains = 3;
        for (int i = 0; i < Trains; i++)
            Assert.Equal(train.Length, sender.SendTo(train, new IPEndPoint(ip, 4789)));

        // Ten at a time: a train does not fit, and neither do two messages.
        var batch = new DatagramBatch(10, 4);
        var lengths = new List<int>();
        int largest = 0;
        Wait.Until(
            () =>
            {
                bool more;
                do
                {
                    more = underlay.Receive(0, 0, batch);
                    largest = Math.Max(largest, batch.Count);
                    for (int i = 0; i < batch.Count; i++)
                    {
                        Assert.True(batch.Datagram(i).IndexOfAnyExcept((byte)(lengths.Count % segments)) < 0);
                        Assert.Equal(((IPEndPoint)sender.LocalEndPoint!).Port, batch.Info[i].SourcePort);
                        Assert.Equal(UnderlayAddress.Parse(address), batch.Info[i].Source);
                        lengths.Add(batch.Datagram(i).Length);
                    }
                }
                while (more);
                Assert.False(batch.HasPending);
                return lengths.Count == Trains * segments;
            },
            Limit,
            "all datagrams",
            () => $"{lengths.Count}");
        Assert.All(lengths.Select(static (length, i) => (length, i)), item => Assert.Equal(item.i % segments == segments - 1 ? size - 7 : size, item.length));
        Assert.InRange(largest, segments < 10 ? segments : 10, 10);
    }

    [Fact]
    public void An_empty_datagram_is_a_datagram()
    {
        using UdpUnderlay underlay = Open("127.0.0.1");
        using Socket sender = NetNs.Run(_ns, static () => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        _ = sender.SendTo([], new IPEndPoint(IPAddress.Loopback, 4789));
        _ = sender.SendTo([1, 2], new IPEndPoint(IPAddress.Loopback, 4789));
        var batch = new DatagramBatch(10, 4);
        Wait.Until(() => !underlay.Receive(0, 0, batch) && batch.Count == 2, Limit, "two datagrams");
        Assert.Equal((0, 2), (batch.Datagram(0).Length, batch.Datagram(1).Length));
    }

    private UdpUnderlay Open(string address)
    {
        var spec = new UnderlaySpec { Local = [UnderlayAddress.Parse(address)], SourcePortCount = 1 };
        UdpUnderlayResult result = NetNs.Run(_ns, () => UdpUnderlay.Open(spec, 1));
        Assert.Empty(result.Errors);
        return result.Underlay!;
    }
}
