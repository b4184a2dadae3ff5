using Overlay.Dataplane.Pipeline;
using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Dataplane.Tests.Pipeline;

internal static class LearnRingFiller
{
    internal static int Fill(LearnRing ring, uint first, int count)
    {
        int added = 0;
        for (uint i = 0; i < count; i++)
            added += ring.TryAdd(new LearnHint { Mac = new MacAddress(first + i) }) ? 1 : 0;

        return added;
    }
}
