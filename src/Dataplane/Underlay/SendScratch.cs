using Overlay.Dataplane.Interop;

namespace Overlay.Dataplane.Underlay;

/// <summary>
/// What one thread needs while it sends a batch: the message ring, and for each sending socket the chain of datagrams that leave by it, in order.
/// Kept by thread because any worker may send; it grows to the largest batch once and is empty between batches.
/// </summary>
internal sealed class SendScratch
{
    private const int None = -1;

    [ThreadStatic]
    private static SendScratch? _current;

    private readonly int[] _head;
    private readonly int[] _tail;
    private readonly int[] _next;
    private readonly int[] _touched;

    private SendScratch(int datagrams, int sockets)
    {
        Ring = new SendRing(datagrams);
        Frames = new int[datagrams];
        _next = new int[datagrams];
        _head = new int[sockets];
        _tail = new int[sockets];
        _touched = new int[sockets];
        Array.Fill(_head, None);
    }

    /// <summary>The messages.</summary>
    internal SendRing Ring { get; }

    /// <summary>The frame that message <c>i</c> carries.</summary>
    internal int[] Frames { get; }

    /// <summary>Sockets that have datagrams, in the order of their first one.</summary>
    internal int TouchedCount { get; private set; }

    /// <summary>The scratch of the calling thread, large enough.</summary>
    internal static SendScratch Get(int datagrams, int sockets)
    {
        SendScratch? scratch = _current;

        // Chains left by a batch that was abandoned in the middle must not be sent with this one.
        return scratch is { TouchedCount: 0 } && scratch.Ring.Size >= datagrams && scratch._head.Length >= sockets
            ? scratch
            : _current = new SendScratch(Math.Max(datagrams, scratch?.Ring.Size ?? 0), Math.Max(sockets, scratch?._head.Length ?? 0));
    }

    /// <summary>Appends a datagram to the chain of a socket.</summary>
    internal void Append(int socket, int datagram)
    {
        _next[datagram] = None;
        if (_head[socket] == None)
        {
            _head[socket] = datagram;
            _touched[TouchedCount++] = socket;
        }
        else
        {
            _next[_tail[socket]] = datagram;
        }

        _tail[socket] = datagram;
    }

    /// <summary>The socket at a position of the touched ones, and its first datagram; empties its chain head.</summary>
    internal int TakeSocket(int position, out int firstDatagram)
    {
        int socket = _touched[position];
        firstDatagram = _head[socket];
        _head[socket] = None;
        return socket;
    }

    /// <summary>The datagram after this one; negative at the end of the chain.</summary>
    internal int Next(int datagram) => _next[datagram];

    /// <summary>Ready for the next batch.</summary>
    internal void Reset() => TouchedCount = 0;
}
