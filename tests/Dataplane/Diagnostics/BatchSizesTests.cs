using Overlay.Dataplane.Diagnostics;
using Xunit;

namespace Overlay.Dataplane.Tests.Diagnostics;

public sealed class BatchSizesTests
{
    [Fact]
    public void A_batch_is_in_the_first_bucket_whose_bound_it_does_not_pass()
    {
        for (int frames = 1; frames < 5000; frames++)
        {
            int bucket = BatchSizes.BucketOf(frames);
            Assert.True(BatchSizes.BoundOf(bucket) is not int bound || frames <= bound);
            Assert.True(bucket == 0 || frames > BatchSizes.BoundOf(bucket - 1));
        }

        Assert.Null(BatchSizes.BoundOf(BatchSizes.BucketCount - 1));
    }
}
