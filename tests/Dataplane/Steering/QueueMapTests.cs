using Overlay.Dataplane.Steering;
using Xunit;

namespace Overlay.Dataplane.Tests.Steering;

public sealed class QueueMapTests
{
    [Fact]
    public void Every_queue_has_its_share_and_a_share_moves_only_to_a_queue_that_comes_or_from_one_that_goes()
    {
        for (int before = 1; before <= 16; before++)
        {
            byte[] map = QueueMap.Build(before);
            int[] held = [.. Enumerable.Range(0, before).Select(queue => map.Count(share => share == queue))];
            Assert.Equal(QueueMap.Size, held.Sum());
            Assert.True(held.Max() - held.Min() <= 1, string.Join(' ', held));
            for (int after = 1; after < before; after++)
            {
                byte[] fewer = QueueMap.Build(after);
                for (int share = 0; share < QueueMap.Size; share++)
                    Assert.True(map[share] >= after || map[share] == fewer[share], $"share {share} of {before} and {after} queues");
            }
        }
    }
}
