namespace Overlay.Dataplane.Forwarding;

/// <summary>
/// Tells when every worker has passed a batch boundary since a moment: the grace period after which an index is given out again, or a port closed.
/// (Objects need none of this: the garbage collector is their grace period.) <b>Threading:</b> one thread takes tokens and asks; workers enter and exit.
/// </summary>
public sealed class Quiescence
{
    private WorkerEpoch[] _workers = [];
    private long _current = 1;

    /// <summary>The epoch a worker enters now.</summary>
    internal long Current => Volatile.Read(ref _current);

    /// <summary>Adds a worker. Any thread; a worker is added before its first batch.</summary>
    public WorkerEpoch RegisterWorker()
    {
        WorkerEpoch worker = new(this);
        WorkerEpoch[] seen;
        WorkerEpoch[] grown;
        do
        {
            seen = Volatile.Read(ref _workers);
            grown = [.. seen, worker];
        }
        while (Interlocked.CompareExchange(ref _workers, grown, seen) != seen);

        return worker;
    }

    /// <summary>Marks this moment. What was unpublished before the call is out of every worker's hands once <see cref="HasPassed"/> says so.</summary>
    public long Mark() => Interlocked.Increment(ref _current);

    /// <summary>True if every worker is outside, or inside a batch that began after <paramref name="token"/> was taken.</summary>
    public bool HasPassed(long token) => token <= PassedUpTo();

    /// <summary>The newest token that every worker has passed.</summary>
    internal long PassedUpTo()
    {
        long passed = Current;

        // Pairs with the barrier in Enter: what the caller unpublished before is visible to a worker that enters from here on.
        Interlocked.MemoryBarrier();
        foreach (WorkerEpoch worker in Volatile.Read(ref _workers))
        {
            long entered = worker.Entered;
            if (entered != 0)
                passed = Math.Min(passed, entered);
        }

        return passed;
    }
}
