using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Underlay;
using Xunit;

namespace Overlay.Dataplane.Tests.Underlay;

/// <summary>Which datagrams share a message.</summary>
public sealed class TrainBuilderTests
{
    private const int Size = 256;
    private readonly TrainBuilder _builder = new(Size);
    private readonly TxDatagram[] _items = new TxDatagram[Size];
    private int _count;

    [Fact]
    public void Datagrams_of_equal_length_travel_together_whatever_their_flows()
    {
        _builder.Begin();
        for (uint flow = 0; flow < 20; flow++)
            Add(length: 100, flow: flow);

        Assert.Equal([[.. Enumerable.Range(0, 20)]], Trains());
    }

    [Fact]
    public void Lengths_taken_in_turn_make_a_train_each()
    {
        _builder.Begin();
        for (int i = 0; i < 30; i++)
            Add(length: (i % 3) switch { 0 => 64, 1 => 200, _ => 1000 }, flow: (uint)i);

        Assert.Equal(3, Trains().Length);
    }

    [Fact]
    public void A_frame_does_not_overtake_an_earlier_one_of_its_flow()
    {
        // Flow 1: long, short, long. The last long one may not join the first one's train, which leaves before the short one.
        _builder.Begin();
        Add(length: 1000, flow: 1);
        Add(length: 64, flow: 1);
        Add(length: 1000, flow: 1);
        Add(length: 1000, flow: 2);
        Assert.Equal([[0], [1], [2, 3]], Trains());
    }

    [Fact]
    public void What_must_be_equal_is()
    {
        _builder.Begin();
        Add();
        Add(nextHop: 1);
        Add(socket: 1);
        Add(tos: 2);
        Add(ttl: 3);
        Add(length: 101);
        Add(tunnel: 16);
        Assert.Equal(7, Trains().Length);
    }

    [Fact]
    public void Loose_datagrams_stay_alone_and_keep_their_place()
    {
        _builder.Begin();
        Add(flow: 1);
        Add(flow: 2, isLoose: true);
        Add(flow: 2);
        Add(flow: 1);
        Assert.Equal([[0], [1], [2, 3]], Trains());
    }

    [Fact]
    public void A_shorter_last_segment_ends_a_train()
    {
        _builder.Begin();
        Add(length: 1000, flow: 1);
        Add(length: 1000, flow: 2, segments: 3, last: 500);
        Add(length: 1000, flow: 3);
        Assert.Equal([[0, 1], [2]], Trains());
    }

    [Fact]
    public void A_shorter_datagram_that_is_alone_ends_the_train_before_it()
    {
        // Flow 1's fourth frame may follow the third, which is longer; the others may not.
        _builder.Begin();
        Add(length: 64, flow: 1);
        Add(length: 200, flow: 1);
        Add(length: 1000, flow: 1);
        Add(length: 64, flow: 1);
        _builder.JoinEnds();
        Assert.Equal([[0], [1], [2, 3]], Trains());
    }

    [Fact]
    public void A_datagram_ends_no_train_that_is_before_an_earlier_one_of_its_flow()
    {
        _builder.Begin();
        Add(length: 1000, flow: 2);
        Add(length: 500, flow: 1, nextHop: 1);
        Add(length: 200, flow: 1);
        _builder.JoinEnds();
        Assert.Equal([[0], [1], [2]], Trains());
    }

    [Fact]
    public void A_train_has_one_shorter_datagram_at_most()
    {
        _builder.Begin();
        Add(length: 1000, flow: 1);
        Add(length: 200, flow: 2);
        Add(length: 100, flow: 3);
        Add(length: 1000, flow: 4, nextHop: 1);
        Add(length: 200, flow: 5, nextHop: 1, isLoose: true);
        Add(length: 200, flow: 6, nextHop: 1, tos: 1);
        _builder.JoinEnds();
        Assert.Equal([[0, 1], [2], [3], [4], [5]], Trains());
    }

    [Theory]
    [InlineData(100, 64)]
    [InlineData(1450, 45)]
    public void A_train_is_no_longer_than_a_message_may_be(int length, int most)
    {
        _builder.Begin();
        for (int i = 0; i < 100; i++)
            Add(length: length, flow: (uint)i);

        Assert.Equal(most, Trains()[0].Length);
    }

    [Fact]
    public void What_the_last_batch_left_is_forgotten()
    {
        _builder.Begin();
        Add();
        _builder.Begin();
        _count = 0;
        Add();
        Assert.Equal([[0]], Trains());
    }

    [Fact]
    public void Random_batches_keep_every_flow_in_order_and_every_rule()
    {
        var random = new Random(5);
        int joined = 0;
        int ended = 0;
        for (int round = 0; round < 3000; round++)
        {
            _builder.Begin();
            _count = 0;
            int[] lengths = [64, 200, 1000, 1400];
            for (int left = random.Next(1, Size); left > 0; left--)
            {
                // Hashes that share buckets, on purpose.
                uint flow = (uint)(random.Next(1, 20) + (random.Next(3) * 4096));
                int length = lengths[random.Next(lengths.Length)];
                int segments = random.Next(10) == 0 ? random.Next(2, 30) : 1;
                Add(
                    length: length, flow: flow, nextHop: random.Next(3), tos: (byte)random.Next(2), segments: segments,
                    last: segments > 1 && random.Next(2) == 0 ? length - random.Next(length - 60) : length, isLoose: random.Next(20) == 0, socket: (int)(flow % 2));
            }

            _builder.JoinEnds();
            int[][] trains = Trains();
            Assert.Equal(Enumerable.Range(0, _count), trains.SelectMany(static train => train).Order());
            var latest = new Dictionary<uint, int>();
            foreach (int item in trains.SelectMany(static train => train))
            {
                Assert.True(latest.GetValueOrDefault(_items[item].FlowHash, -1) < item);
                latest[_items[item].FlowHash] = item;
            }

            foreach (int[] train in trains)
            {
                joined += train.Length - 1;
                ref TxDatagram first = ref _items[train[0]];
                Assert.True(train.Sum(item => _items[item].Segments) <= TxDatagram.MaxSegments);
                Assert.True(train.Sum(item => _items[item].TotalLength) <= TxDatagram.MaxOctets);
                foreach (int item in train)
                {
                    ref TxDatagram other = ref _items[item];
                    Assert.Equal((first.NextHop, first.Tos, first.FlowHash % 2), (other.NextHop, other.Tos, other.FlowHash % 2));
                    bool isShorter = other.DatagramLength < first.DatagramLength;
                    ended += isShorter ? 1 : 0;
                    Assert.True(isShorter ? item == train[^1] && other.Segments == 1 : other.DatagramLength == first.DatagramLength);
                    Assert.True(item == train[^1] || other.LastLength == other.DatagramLength);
                }
            }
        }

        Assert.True(ended > 1000, $"Only {ended} trains end with a shorter datagram: the test says nothing.");
        Assert.True(joined > 10_000, $"Only {joined} datagrams joined a train: the test says nothing.");
    }

    private void Add(
        int length = 100, uint flow = 1, int nextHop = 0, byte tos = 0, byte ttl = 0, int tunnel = 8, int segments = 1, int last = 0, int socket = 0, bool isLoose = false)
    {
        ref TxDatagram item = ref _items[_count];
        int payload = length - tunnel;
        item = new TxDatagram
        {
            HeaderLength = tunnel,
            TunnelLength = tunnel,
            SegmentSize = segments == 1 ? 0 : payload,
            Segments = segments,
            PayloadLength = (payload * (segments - 1)) + (last == 0 || segments == 1 ? length : last) - tunnel,
            FlowHash = flow,
            NextHop = nextHop,
            Tos = tos,
            Ttl = ttl,
        };
        _ = _builder.Add(_count++, in item, socket, isLoose);
    }

    private int[][] Trains()
    {
        var trains = new List<int[]>();
        for (int i = 0; i < _builder.Count; i++)
        {
            if (_builder[i].ItemCount == 0)
                continue;

            var items = new List<int>();
            for (int item = _builder[i].First; item >= 0; item = _builder.Next(item))
                items.Add(item);

            trains.Add([.. items]);
        }

        return [.. trains];
    }
}
