using System.Numerics;

namespace Overlay.Dataplane.Diagnostics;

/// <summary>The buckets of <c>overlay_batch_size</c>: powers of two from 1 to 1,024 frames, and one for what is longer.</summary>
public static class BatchSizes
{
    /// <summary>Buckets, the one without an upper bound included.</summary>
    public const int BucketCount = 12;

    /// <summary>The bucket of a batch: the first whose bound is not less than its frames.</summary>
    /// <param name="frames">Frames, segments counted singly; 1 or more.</param>
    public static int BucketOf(int frames) => Math.Min(BucketCount - 1, frames <= 1 ? 0 : BitOperations.Log2((uint)(frames - 1)) + 1);

    /// <summary>The bound of a bucket in frames, inclusive; null for the last, which has none.</summary>
    public static int? BoundOf(int bucket) => bucket == BucketCount - 1 ? null : 1 << bucket;
}
