using Overlay.Host.Composition;
using Xunit;

namespace Overlay.Host.Tests.Composition;

public sealed class RehearsalTests
{
    // It is silent where it fails, and would then be of no use without anybody noticing.
    [Fact]
    public async Task It_goes_through_and_throws_nothing_as_often_as_one_likes()
    {
        for (var i = 0; i < 3; i++)
        {
            await Rehearsal.RunAsync();
        }
    }
}
