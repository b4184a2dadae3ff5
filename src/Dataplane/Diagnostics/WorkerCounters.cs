using System.Runtime.CompilerServices;
using Overlay.Encap;

namespace Overlay.Dataplane.Diagnostics;

/// <summary>
/// What one worker counts. Written by that worker's thread alone, without interlocked operations; read by anybody (<see cref="CounterSnapshot"/>). Every frame
/// of a batch moves <c>received</c> by one and exactly one of <c>delivered</c>, <c>consumed</c> and <c>dropped[reason]</c>; copies made by flooding are apart.
/// </summary>
public sealed class WorkerCounters
{
    private const int Padding = 16;
    private const int DirectionCount = 2;
    private readonly int _reasons = DropReasons.Count;
    private readonly int _dropped;
    private readonly int _copyDropped;
    private readonly int _anomalies;
    private readonly int _batches;
    private readonly long[] _cells;
    private readonly DropSampleCell[] _samples;

    /// <summary>Makes counters.</summary>
    /// <param name="index">The worker's index, which is also its place in every <see cref="TrafficCounters"/>.</param>
    public WorkerCounters(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        Index = index;
        _dropped = Padding + (DirectionCount * 8);
        _copyDropped = _dropped + (DirectionCount * _reasons);
        _anomalies = _copyDropped + (DirectionCount * _reasons);
        _batches = _anomalies + AnomalyKinds.Count;
        _cells = new long[_batches + (DirectionCount * BatchSizes.BucketCount) + Padding];
        _samples = new DropSampleCell[DirectionCount * _reasons];
        for (int i = 0; i < _samples.Length; i++)
            _samples[i] = new DropSampleCell();
    }

    private enum Total
    {
        Received,
        Delivered,
        Consumed,
        Copies,
        CopiesDelivered,
    }

    /// <summary>The worker's index.</summary>
    public int Index { get; }

    /// <summary>Frames that came from ports (tx) or from the wire (rx).</summary>
    public long Received(Direction direction) => Read(CellOf(Total.Received, direction));

    /// <summary>Frames of which at least one copy was accepted by a port or the underlay.</summary>
    public long Delivered(Direction direction) => Read(CellOf(Total.Delivered, direction));

    /// <summary>Frames that were for ourselves.</summary>
    public long Consumed(Direction direction) => Read(CellOf(Total.Consumed, direction));

    /// <summary>Frames dropped for a reason.</summary>
    public long Dropped(Direction direction, DropReason reason) => Read(_dropped + ((int)direction * _reasons) + (int)reason);

    /// <summary>Copies made by flooding.</summary>
    public long Copies(Direction direction) => Read(CellOf(Total.Copies, direction));

    /// <summary>Copies that a port or the underlay accepted.</summary>
    public long CopiesDelivered(Direction direction) => Read(CellOf(Total.CopiesDelivered, direction));

    /// <summary>Copies dropped for a reason.</summary>
    public long CopyDropped(Direction direction, DropReason reason) => Read(_copyDropped + ((int)direction * _reasons) + (int)reason);

    /// <summary>Anomalies of a kind.</summary>
    public long Anomalies(AnomalyKind kind) => Read(_anomalies + (int)kind);

    /// <summary>Batches by their size.</summary>
    /// <param name="direction">Which way.</param>
    /// <param name="bucket">The bucket, by <see cref="BatchSizes.BucketOf"/>.</param>
    public long Batches(Direction direction, int bucket) => Read(_batches + ((int)direction * BatchSizes.BucketCount) + bucket);

    /// <summary>Takes the sample of a reason and arms the next one. Called by one thread at a time, the control side.</summary>
    /// <returns>The sample; null if no frame was dropped for that reason since the last call.</returns>
    public DropSample? TakeSample(Direction direction, DropReason reason) => _samples[((int)direction * _reasons) + (int)reason].TryTake(reason, direction);

    /// <summary>Counts the frames of a batch, and the batch. Once a batch.</summary>
    /// <param name="direction">Which way.</param>
    /// <param name="count">Frames.</param>
    /// <param name="held">Those of them that wait, and are counted when they are dealt with.</param>
    internal void AddReceived(Direction direction, int count, int held = 0)
    {
        _cells[CellOf(Total.Received, direction)] += count - held;
        if (count > 0)
            _cells[_batches + ((int)direction * BatchSizes.BucketCount) + BatchSizes.BucketOf(count)]++;
    }

    /// <summary>Counts frames of earlier batches that waited, and are dealt with now.</summary>
    internal void AddReceivedHeld(Direction direction, int count) => _cells[CellOf(Total.Received, direction)] += count;

    internal void AddDelivered(Direction direction, int count) => _cells[CellOf(Total.Delivered, direction)] += count;

    internal void AddConsumed(Direction direction, int count) => _cells[CellOf(Total.Consumed, direction)] += count;

    internal void AddDropped(Direction direction, DropReason reason, int count = 1) => _cells[_dropped + ((int)direction * _reasons) + (int)reason] += count;

    internal void AddCopies(Direction direction, DropReason reason, int count)
    {
        _cells[CellOf(Total.Copies, direction)] += count;
        if (reason == DropReason.None)
            _cells[CellOf(Total.CopiesDelivered, direction)] += count;
        else
            _cells[_copyDropped + ((int)direction * _reasons) + (int)reason] += count;
    }

    internal void AddAnomaly(AnomalyKind kind) => _cells[_anomalies + (int)kind]++;

    /// <summary>Counts the accepted oddities of a datagram.</summary>
    internal void AddAnomalies(ParseAnomaly anomalies)
    {
        for (int bit = 0; bit < AnomalyKinds.ParseKindCount; bit++)
        {
            if (((int)anomalies & (1 << bit)) != 0)
                _cells[_anomalies + bit]++;
        }
    }

    internal void OfferSample(Direction direction, DropReason reason, ReadOnlySpan<byte> frame, Vni? vni, UnderlayAddress? peer) =>
        _samples[((int)direction * _reasons) + (int)reason].Offer(frame, vni, peer);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int CellOf(Total total, Direction direction) => Padding + ((int)direction * 8) + (int)total;

    private long Read(int cell) => Volatile.Read(ref _cells[cell]);
}
