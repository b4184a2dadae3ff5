using Overlay.Forwarding.Topology;

namespace Overlay.Dataplane.Storm;

/// <summary>
/// The token buckets of one way into a VNI (a port, or the underlay), one a class of flooded frames. A bucket holds a second's worth of its rate and is full at first.
/// </summary>
/// <remarks>
/// <para>A bucket is one word: the time at which it will be full again. A frame moves it on by the time that one token takes to come, and passes if that is not more than a second
/// ahead; so nobody has to refill it, and however many workers share it there is no more than a compare and swap for a frame that passes and a read for one that does not.</para>
/// <para><b>Threading:</b> <see cref="TryAdmit"/> by workers, each with its own index; <see cref="SetLimits"/> by the control thread; the rest by anybody, and a little late at worst.</para>
/// </remarks>
public sealed class StormMeter
{
    /// <summary>Classes there are.</summary>
    public const int ClassCount = 3;

    // A cache line a worker: what passed and what was dropped, by class.
    private const int Stride = 8;
    private const long Unlimited = 0;
    private const long Closed = -1;
    private readonly long _second;
    private readonly long[] _cells;
    private readonly Bucket[] _buckets = new Bucket[ClassCount];
    private StormLimits _limits = StormLimits.None;

    /// <summary>Makes a meter without limits.</summary>
    /// <param name="workers">Workers that may count, 1 or more.</param>
    /// <param name="frequency">Ticks of a second in the times that <see cref="TryAdmit"/> is given.</param>
    public StormMeter(int workers, long frequency)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(workers, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(frequency, StormLimits.MaxRate);
        _second = frequency;
        _cells = new long[workers * Stride];
        for (int i = 0; i < ClassCount; i++)
            _buckets[i] = new Bucket { FullAt = long.MinValue, LastDrop = long.MinValue };
    }

    /// <summary>The limits in force.</summary>
    public StormLimits Limits => Volatile.Read(ref _limits);

    /// <summary>The limit of a class in frames a second; null for none.</summary>
    public int? LimitOf(StormClass kind) => Rate(Limits, kind);

    /// <summary>Frames of a class that were flooded.</summary>
    public long Passed(StormClass kind) => Sum((int)kind * 2);

    /// <summary>Frames of a class that were dropped.</summary>
    public long Dropped(StormClass kind) => Sum(((int)kind * 2) + 1);

    /// <summary>How often the limit was hit after a second or more without.</summary>
    public long Storms(StormClass kind) => Volatile.Read(ref _buckets[(int)kind].Storms);

    /// <summary>The time of the last drop, in the ticks of <see cref="TryAdmit"/>; null if nothing was dropped.</summary>
    public long? LastDrop(StormClass kind) => Volatile.Read(ref _buckets[(int)kind].LastDrop) is var last && last == long.MinValue ? null : last;

    /// <summary>Changes the limits; what was counted and what a bucket holds stays.</summary>
    public void SetLimits(StormLimits limits)
    {
        ArgumentNullException.ThrowIfNull(limits);
        if (limits == _limits)
            return;

        for (int i = 0; i < ClassCount; i++)
        {
            long interval = Rate(limits, (StormClass)i) switch { null => Unlimited, 0 => Closed, { } rate => _second / rate };
            Volatile.Write(ref _buckets[i].Interval, interval);
        }

        Volatile.Write(ref _limits, limits);
    }

    /// <summary>Whether a frame may be flooded; counts it.</summary>
    /// <param name="worker">The worker's index.</param>
    /// <param name="kind">What kind of frame it is.</param>
    /// <param name="frames">Frames that it stands for: the segments of a super-frame pass together or not at all, and more of them than there are tokens leave a debt.</param>
    /// <param name="now">The time; it may be as old as the batch.</param>
    public bool TryAdmit(int worker, StormClass kind, int frames, long now)
    {
        ref Bucket bucket = ref _buckets[(int)kind];
        long interval = Volatile.Read(ref bucket.Interval);
        Span<long> cells = _cells.AsSpan((worker * Stride) + ((int)kind * 2), 2);
        if (interval == Unlimited || (interval != Closed && TryTake(ref bucket, interval, frames, now)))
        {
            cells[0] += frames;
            return true;
        }

        cells[1] += frames;

        // Once a batch, whose frames share their time.
        if (Volatile.Read(ref bucket.LastDrop) is var last && last < now)
        {
            if (last < now - _second)
                Interlocked.Increment(ref bucket.Storms);

            Volatile.Write(ref bucket.LastDrop, now);
        }

        return false;
    }

    private bool TryTake(ref Bucket bucket, long interval, int frames, long now)
    {
        long seen = Volatile.Read(ref bucket.FullAt);
        while (true)
        {
            long from = Math.Max(seen, now);
            if (from + interval - now > _second)
                return false;

            long before = Interlocked.CompareExchange(ref bucket.FullAt, from + (frames * interval), seen);
            if (before == seen)
                return true;

            seen = before;
        }
    }

    private static int? Rate(StormLimits limits, StormClass kind) => kind switch
    {
        StormClass.Broadcast => limits.Broadcast,
        StormClass.UnknownUnicast => limits.UnknownUnicast,
        _ => limits.Multicast,
    };

    private long Sum(int cell)
    {
        long sum = 0;
        for (int i = cell; i < _cells.Length; i += Stride)
            sum += Volatile.Read(ref _cells[i]);

        return sum;
    }

    // FullAt: when it will be full again. Interval: how long a token takes to come.
    private struct Bucket
    {
        internal long FullAt;
        internal long Interval;
        internal long LastDrop;
        internal long Storms;
    }
}
