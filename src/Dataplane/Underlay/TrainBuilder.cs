using System.Runtime.CompilerServices;
using Overlay.Dataplane.Buffers;

namespace Overlay.Dataplane.Underlay;

/// <summary>
/// Puts the datagrams of a batch together to trains, each of which is one message with UDP_SEGMENT: datagrams of equal length to one end point by one socket, of
/// whatever flows; the last one may be shorter. Trains leave in the order they were begun. Pure and without I/O; owned by one thread.
/// </summary>
/// <remarks>
/// <para><b>Order.</b> Frames of one flow and different lengths are in different trains, and a later frame could overtake an earlier one by joining a train that was begun
/// before. So every flow (a bucket of the flow hash; flows that share one only lose occasions) remembers the latest train that has a frame of it, and a frame
/// joins no train that was begun before that one.</para>
/// <para>Both tables are direct-mapped and stamped by batch: nothing is cleared, and a collision costs a train, not correctness.</para>
/// </remarks>
internal sealed class TrainBuilder
{
    private const int OpenSize = 4096;
    private const int BucketSize = 4096;
    private readonly Train[] _trains;
    private readonly int[] _next;
    private readonly (uint Stamp, int Train)[] _open = new (uint, int)[OpenSize];
    private readonly (uint Stamp, int Train)[] _latest = new (uint, int)[BucketSize];
    private readonly (uint Stamp, int Train)[] _ends = new (uint, int)[OpenSize];
    private readonly int _maxDatagrams;
    private uint _stamp;

    /// <summary>Makes a builder.</summary>
    /// <param name="size">Items of the largest batch.</param>
    /// <param name="maxDatagrams">Datagrams of a train at most.</param>
    internal TrainBuilder(int size, int maxDatagrams = TxDatagram.MaxSegments)
    {
        _trains = new Train[size];
        _next = new int[size];
        _maxDatagrams = maxDatagrams;
    }

    /// <summary>Items it can take.</summary>
    internal int Size => _trains.Length;

    /// <summary>Trains begun since <see cref="Begin"/>.</summary>
    internal int Count { get; private set; }

    /// <summary>A train, in the order they were begun.</summary>
    internal ref Train this[int index] => ref _trains[index];

    /// <summary>The item after this one in its train; negative for the last.</summary>
    internal int Next(int item) => _next[item];

    /// <summary>A batch begins.</summary>
    internal void Begin()
    {
        Count = 0;
        if (++_stamp != 0)
            return;

        // Once in 2^32 batches: what the last turn left must not be taken for this one's.
        Array.Clear(_open);
        Array.Clear(_latest);
        Array.Clear(_ends);
        _stamp = 1;
    }

    /// <summary>Adds an item: to an open train, or as the first of a new one.</summary>
    /// <param name="item">Its index.</param>
    /// <param name="datagram">The item.</param>
    /// <param name="socket">The socket it leaves by.</param>
    /// <param name="isLoose">Its datagrams may not travel together, nor with others.</param>
    /// <returns>The index of a new train; −1 if it joined one.</returns>
    internal int Add(int item, in TxDatagram datagram, int socket, bool isLoose)
    {
        _next[item] = -1;
        ref (uint Stamp, int Train) latest = ref _latest[datagram.FlowHash % BucketSize];
        ref (uint Stamp, int Train) open = ref _open[isLoose ? 0 : SlotOf(datagram.NextHop, socket, datagram.DatagramLength)];
        if (!isLoose && open.Stamp == _stamp && (latest.Stamp != _stamp || latest.Train <= open.Train) && TryJoin(ref _trains[open.Train], item, in datagram, socket))
        {
            latest = open;
            return -1;
        }

        int index = Count++;
        _trains[index] = new Train
        {
            First = item,
            Last = item,
            ItemCount = 1,
            Datagrams = datagram.Segments,
            Octets = datagram.TotalLength,
            DatagramLength = datagram.DatagramLength,
            Socket = socket,
            Kind = KindOf(in datagram),
            IsClosed = isLoose || datagram.LastLength != datagram.DatagramLength,
            IsLoose = isLoose,
            Before = latest.Stamp == _stamp ? latest.Train : -1,
            NextOfSocket = -1,
        };
        latest = (_stamp, index);
        if (!isLoose)
            open = latest;

        return index;
    }

    /// <summary>
    /// All items have been added: a datagram that is alone becomes the last one of the train before it, which may be shorter than the others, if it goes to the same end point by
    /// the same socket and overtakes none of its flow. Only now it is known that nothing else joins either of them.
    /// </summary>
    internal void JoinEnds()
    {
        for (int index = 0; index < Count; index++)
        {
            ref Train train = ref _trains[index];
            if (train.IsLoose)
                continue;

            ref (uint Stamp, int Train) end = ref _ends[SlotOf(train.Kind.NextHop, train.Socket, 0)];
            if (train.Datagrams != 1 || end.Stamp != _stamp || train.Before > end.Train || !TryEnd(ref _trains[end.Train], ref train))
                end = (_stamp, index);
        }
    }

    private bool TryEnd(ref Train longer, ref Train single)
    {
        if (longer.IsClosed || longer.DatagramLength < single.DatagramLength || longer.Socket != single.Socket || longer.Kind != single.Kind
            || longer.Datagrams == _maxDatagrams || longer.Octets + single.Octets > TxDatagram.MaxOctets)
        {
            return false;
        }

        Append(ref longer, single.First, 1, single.Octets);
        longer.IsClosed = true;
        single.ItemCount = 0;
        return true;
    }

    private void Append(ref Train train, int item, int datagrams, int octets)
    {
        _next[train.Last] = item;
        train.Last = item;
        train.ItemCount++;
        train.Datagrams += datagrams;
        train.Octets += octets;
    }

    private static (int NextHop, int Tunnel, byte Tos, byte Ttl) KindOf(in TxDatagram datagram) => (datagram.NextHop, datagram.TunnelLength, datagram.Tos, datagram.Ttl);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint SlotOf(int nextHop, int socket, int length)
    {
        uint key = ((uint)nextHop * 0x9E37_79B9) ^ ((uint)socket * 0x85EB_CA6B) ^ ((uint)length * 0xC2B2_AE35);
        return (key ^ (key >> 15)) % OpenSize;
    }

    private bool TryJoin(ref Train train, int item, in TxDatagram datagram, int socket)
    {
        if (train.IsClosed || train.DatagramLength != datagram.DatagramLength || train.Socket != socket || train.Kind != KindOf(in datagram)
            || train.Datagrams + datagram.Segments > _maxDatagrams || train.Octets + datagram.TotalLength > TxDatagram.MaxOctets)
        {
            return false;
        }

        Append(ref train, item, datagram.Segments, datagram.TotalLength);
        train.IsClosed = datagram.LastLength != datagram.DatagramLength;
        return true;
    }
}
