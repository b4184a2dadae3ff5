using Overlay.Dataplane.Buffers;

namespace Overlay.Dataplane.Underlay;

/// <summary>
/// What one thread needs while it sends a batch: trains, the messages, and for each sending socket the chain of trains that leave by it, in order.
/// Kept by thread because any worker may send; it grows to the largest batch once and is empty between batches.
/// </summary>
internal sealed class SendScratch
{
    private const int None = -1;
    private const int SingleCount = 32;

    [ThreadStatic]
    private static SendScratch? _current;

    private readonly int[] _head;
    private readonly int[] _tail;
    private readonly int[] _touched;

    private SendScratch(int items, int sockets)
    {
        Trains = new TrainBuilder(items);
        Run = new MessageRun(items, Math.Max(items, 4 * 2 * TxDatagram.MaxSegments) * 2);
        Singles = new MessageRun(SingleCount, SingleCount * 2);
        _head = new int[sockets];
        _tail = new int[sockets];
        _touched = new int[sockets];
        Array.Fill(_head, None);
    }

    /// <summary>The trains.</summary>
    internal TrainBuilder Trains { get; }

    /// <summary>The messages.</summary>
    internal MessageRun Run { get; }

    /// <summary>Messages of one datagram: those of a train that was refused.</summary>
    internal MessageRun Singles { get; }

    /// <summary>Sockets that have trains, in the order of their first one.</summary>
    internal int TouchedCount { get; private set; }

    /// <summary>The scratch of the calling thread, large enough.</summary>
    internal static SendScratch Get(int items, int sockets)
    {
        SendScratch? scratch = _current;

        // Chains left by a batch that was abandoned in the middle must not be sent with this one.
        if (scratch is not { TouchedCount: 0 } || scratch.Trains.Size < items || scratch._head.Length < sockets)
            _current = scratch = new SendScratch(Math.Max(items, scratch?.Trains.Size ?? 0), Math.Max(sockets, scratch?._head.Length ?? 0));

        scratch.Trains.Begin();
        return scratch;
    }

    /// <summary>Adds an item to a train of a socket.</summary>
    internal void Add(int item, in TxDatagram datagram, int socket, bool isLoose)
    {
        int train = Trains.Add(item, in datagram, socket, isLoose);
        if (train < 0)
            return;

        if (_head[socket] == None)
        {
            _head[socket] = train;
            _touched[TouchedCount++] = socket;
        }
        else
        {
            Trains[_tail[socket]].NextOfSocket = train;
        }

        _tail[socket] = train;
    }

    /// <summary>The socket at a position of the touched ones, and its first train; empties its chain head.</summary>
    internal int TakeSocket(int position, out int firstTrain)
    {
        int socket = _touched[position];
        firstTrain = _head[socket];
        _head[socket] = None;
        return socket;
    }

    /// <summary>Ready for the next batch.</summary>
    internal void Reset() => TouchedCount = 0;
}
