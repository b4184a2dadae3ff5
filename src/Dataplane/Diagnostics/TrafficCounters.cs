using System.Runtime.CompilerServices;

namespace Overlay.Dataplane.Diagnostics;

/// <summary>
/// Frames and octets of one thing (a VNI, a next hop, a port) by worker and column. Each worker writes its own cells, without
/// interlocked operations; anybody may sum them, and sees each cell a little late at worst.
/// </summary>
public sealed class TrafficCounters
{
    // Two cache lines apart: the workers' cells never share one, wherever the array begins.
    private const int Stride = 16;

    /// <summary>The columns there may be.</summary>
    public const int MaxColumnCount = 4;

    private readonly long[] _cells;

    /// <summary>Makes counters.</summary>
    /// <param name="workers">Workers that may write, 1 or more.</param>
    public TrafficCounters(int workers) => _cells = new long[workers * Stride];

    /// <summary>Counts one frame. Called by the worker alone.</summary>
    /// <param name="worker">The worker's index.</param>
    /// <param name="column">0–3.</param>
    /// <param name="octets">Octets of the frame.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(int worker, int column, int octets) => Add(worker, column, 1, octets);

    /// <summary>Counts frames. Called by the worker alone.</summary>
    /// <param name="worker">The worker's index.</param>
    /// <param name="column">0–3.</param>
    /// <param name="frames">Frames.</param>
    /// <param name="octets">Octets of all of them.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(int worker, int column, int frames, int octets)
    {
        Span<long> cells = _cells.AsSpan((worker * Stride) + (column * 2), 2);
        cells[0] += frames;
        cells[1] += octets;
    }

    /// <summary>Counts frames together. Called by the worker alone.</summary>
    /// <param name="worker">The worker's index.</param>
    /// <param name="column">0–3.</param>
    /// <param name="frames">Frames.</param>
    /// <param name="octets">Octets of all of them.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(int worker, int column, int frames, long octets)
    {
        Span<long> cells = _cells.AsSpan((worker * Stride) + (column * 2), 2);
        cells[0] += frames;
        cells[1] += octets;
    }

    /// <summary>Frames of a column, over all workers.</summary>
    public long Frames(int column) => Sum(column * 2);

    /// <summary>Octets of a column, over all workers.</summary>
    public long Octets(int column) => Sum((column * 2) + 1);

    private long Sum(int cell)
    {
        long sum = 0;
        for (int i = cell; i < _cells.Length; i += Stride)
            sum += Volatile.Read(ref _cells[i]);

        return sum;
    }
}
