namespace Overlay.Dataplane.Diagnostics;

/// <summary>
/// The counters of all workers summed at one moment. Cells are read one after another while workers go on counting: a frame in the middle of
/// a batch may be in <c>received</c> of a later snapshot than the one that has its outcome; once the workers are idle the identity
/// <c>received = delivered + consumed + dropped</c> is exact.
/// </summary>
public sealed class CounterSnapshot
{
    private const int DirectionCount = 2;
    private readonly long[] _received = new long[DirectionCount];
    private readonly long[] _delivered = new long[DirectionCount];
    private readonly long[] _consumed = new long[DirectionCount];
    private readonly long[] _copies = new long[DirectionCount];
    private readonly long[] _copiesDelivered = new long[DirectionCount];
    private readonly long[] _dropped = new long[DirectionCount * DropReasons.Count];
    private readonly long[] _copyDropped = new long[DirectionCount * DropReasons.Count];
    private readonly long[] _anomalies = new long[AnomalyKinds.Count];
    private readonly long[] _batches = new long[DirectionCount * BatchSizes.BucketCount];

    private CounterSnapshot()
    {
    }

    /// <summary>Sums workers. Any thread.</summary>
    public static CounterSnapshot Sum(IEnumerable<WorkerCounters> workers)
    {
        ArgumentNullException.ThrowIfNull(workers);
        CounterSnapshot sum = new();
        foreach (WorkerCounters worker in workers)
        {
            for (int d = 0; d < DirectionCount; d++)
            {
                Direction direction = (Direction)d;
                for (int reason = 1; reason < DropReasons.Count; reason++)
                {
                    sum._dropped[(d * DropReasons.Count) + reason] += worker.Dropped(direction, (DropReason)reason);
                    sum._copyDropped[(d * DropReasons.Count) + reason] += worker.CopyDropped(direction, (DropReason)reason);
                }

                for (int bucket = 0; bucket < BatchSizes.BucketCount; bucket++)
                    sum._batches[(d * BatchSizes.BucketCount) + bucket] += worker.Batches(direction, bucket);

                sum._delivered[d] += worker.Delivered(direction);
                sum._consumed[d] += worker.Consumed(direction);
                sum._received[d] += worker.Received(direction);
                sum._copies[d] += worker.Copies(direction);
                sum._copiesDelivered[d] += worker.CopiesDelivered(direction);
            }

            for (int kind = 0; kind < AnomalyKinds.Count; kind++)
                sum._anomalies[kind] += worker.Anomalies((AnomalyKind)kind);
        }

        return sum;
    }

    /// <summary>Frames that came from ports (tx) or from the wire (rx).</summary>
    public long Received(Direction direction) => _received[(int)direction];

    /// <summary>Frames of which at least one copy was accepted.</summary>
    public long Delivered(Direction direction) => _delivered[(int)direction];

    /// <summary>Frames that were for ourselves.</summary>
    public long Consumed(Direction direction) => _consumed[(int)direction];

    /// <summary>Frames dropped for a reason.</summary>
    public long Dropped(Direction direction, DropReason reason) => _dropped[((int)direction * DropReasons.Count) + (int)reason];

    /// <summary>Frames dropped, for whatever reason.</summary>
    public long Dropped(Direction direction) => SumOf(_dropped, direction);

    /// <summary>Copies made by flooding.</summary>
    public long Copies(Direction direction) => _copies[(int)direction];

    /// <summary>Copies that were accepted.</summary>
    public long CopiesDelivered(Direction direction) => _copiesDelivered[(int)direction];

    /// <summary>Copies dropped for a reason.</summary>
    public long CopyDropped(Direction direction, DropReason reason) => _copyDropped[((int)direction * DropReasons.Count) + (int)reason];

    /// <summary>Copies dropped, for whatever reason.</summary>
    public long CopyDropped(Direction direction) => SumOf(_copyDropped, direction);

    /// <summary>Batches by their size; see <see cref="BatchSizes"/>.</summary>
    public long Batches(Direction direction, int bucket) => _batches[((int)direction * BatchSizes.BucketCount) + bucket];

    /// <summary>Anomalies of a kind.</summary>
    public long Anomalies(AnomalyKind kind) => _anomalies[(int)kind];

    private static long SumOf(long[] cells, Direction direction)
    {
        long sum = 0;
        foreach (long cell in cells.AsSpan((int)direction * DropReasons.Count, DropReasons.Count))
            sum += cell;

        return sum;
    }
}
