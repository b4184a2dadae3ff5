using System.Collections.Immutable;

namespace Overlay.Dataplane.Workers;

/// <summary>How many workers there are and where they run. Immutable; not reloadable.</summary>
public sealed record WorkerOptions
{
    /// <summary>Workers at most; each is two threads, one for each direction.</summary>
    public const int MaxCount = 64;

    /// <summary>The longest <see cref="Spin"/>.</summary>
    public static readonly TimeSpan MaxSpin = TimeSpan.FromMicroseconds(1000);

    /// <summary>Workers, 1–<see cref="MaxCount"/>; null is half the processors, at least one and at most eight.</summary>
    public int? Count { get; init; }

    /// <summary>Processors that worker threads are tied to, round robin over the threads; empty ties none.</summary>
    public ImmutableArray<int> Cpus { get; init; } = [];

    /// <summary>Frames or datagrams of a batch, 1–1024.</summary>
    public int BatchSize { get; init; } = 1024;

    /// <summary>How long a worker polls after the last frame before it blocks, 0–<see cref="MaxSpin"/>; zero blocks at once.</summary>
    public TimeSpan Spin { get; init; }

    /// <summary>Whether short frames have a priority lane, with a worker of its own, where the kernel takes the programs for it.</summary>
    public bool Lane { get; init; }

    /// <summary>The number of workers that this means on this machine.</summary>
    public int ResolveCount() => Count ?? Math.Clamp(Environment.ProcessorCount / 2, 1, 8);

    /// <inheritdoc/>
    public bool Equals(WorkerOptions? other) => other is not null && Count == other.Count && Lane == other.Lane && Spin == other.Spin && BatchSize == other.BatchSize && Cpus.SequenceEqual(other.Cpus);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Count, BatchSize, Spin, Cpus.Length);
}
