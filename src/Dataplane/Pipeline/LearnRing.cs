using Overlay.Forwarding;

namespace Overlay.Dataplane.Pipeline;

/// <summary>
/// The bounded way of learn hints from one worker to the control loop: single producer, single consumer, no locks. A hint that does not fit is lost
/// and counted by the worker.
/// </summary>
public sealed class LearnRing
{
    // The two indexes are far apart in the array, so that producer and consumer do not share a cache line.
    private const int HeadCell = 16;
    private const int TailCell = 48;
    private readonly LearnHint[] _hints;
    private readonly uint[] _cells = new uint[64];
    private readonly int _mask;
    private readonly LearnBell _bell;
    private uint _settled;

    /// <summary>Makes a ring.</summary>
    /// <param name="size">Hints it can hold; a power of two, 2 or more.</param>
    public LearnRing(int size = 4096)
        : this(size, new LearnBell())
    {
    }

    /// <summary>Makes a ring that wakes whoever waits for a hint.</summary>
    /// <param name="size">Hints it can hold; a power of two, 2 or more.</param>
    /// <param name="bell">What the rings of all workers have in common.</param>
    internal LearnRing(int size, LearnBell bell)
    {
        if (size < 2 || !int.IsPow2(size))
            throw new ArgumentOutOfRangeException(nameof(size), size, "A power of two.");

        _hints = new LearnHint[size];
        _mask = size - 1;
        _bell = bell;
    }

    /// <summary>Hints waiting. Any thread; exact for nobody but the consumer at rest.</summary>
    public int Count => (int)(Volatile.Read(ref _cells[HeadCell]) - Volatile.Read(ref _cells[TailCell]));

    /// <summary>Where the next hint goes. Any thread; hints before it are in the ring or were taken.</summary>
    internal uint Head => Volatile.Read(ref _cells[HeadCell]);

    /// <summary>Adds a hint. The worker only.</summary>
    /// <returns>False if the ring is full.</returns>
    public bool TryAdd(in LearnHint hint)
    {
        uint head = _cells[HeadCell];
        if (head - Volatile.Read(ref _cells[TailCell]) == (uint)_hints.Length)
            return false;

        _hints[head & _mask] = hint;
        Volatile.Write(ref _cells[HeadCell], head + 1);
        if (_bell.IsArmed)
            _bell.Ring();

        return true;
    }

    /// <summary>Takes hints, oldest first. The control thread only.</summary>
    /// <returns>The number written.</returns>
    public int Take(Span<LearnHint> hints)
    {
        uint tail = _cells[TailCell];
        uint available = Volatile.Read(ref _cells[HeadCell]) - tail;
        int count = (int)Math.Min(available, (uint)hints.Length);
        for (int i = 0; i < count; i++)
            hints[i] = _hints[(tail + (uint)i) & _mask];

        Volatile.Write(ref _cells[TailCell], tail + (uint)count);
        return count;
    }

    /// <summary>What was taken so far has been dealt with. The control thread only.</summary>
    internal void Settle() => _settled = _cells[TailCell];

    /// <summary>True if every hint before a place was dealt with. The control thread only.</summary>
    internal bool IsSettled(uint head) => (int)(_settled - head) >= 0;
}
