using Overlay.Dataplane.Forwarding;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Host.Composition;
using Xunit;

namespace Overlay.Host.Tests.Composition;

public sealed class TrafficSamplerTests
{
    [Fact]
    public void The_totals_of_vteps_that_went_are_kept_but_not_without_end()
    {
        var forwarding = new ForwardingState();
        var sampler = new TrafficSampler(forwarding, TimeProvider.System);
        _ = forwarding.AcquireNextHop(Spec(forwarding.DefineVtep("stays"), 1));
        for (uint round = 0; round < 20; round++)
        {
            var hops = new List<(VtepId Vtep, NextHopId Hop)>();
            for (uint i = 1; i <= 1000; i++)
            {
                var vtep = forwarding.DefineVtep($"{round}-{i}");
                hops.Add((vtep, forwarding.AcquireNextHop(Spec(vtep, (round << 16) + i))));
            }

            sampler.Refresh();
            foreach (var (vtep, hop) in hops)
            {
                forwarding.ReleaseNextHop(hop);
                forwarding.RemoveVtep(vtep);
            }

            sampler.Refresh();
            Assert.NotNull(sampler.Peer("stays"));
            Assert.True(round > 10 || sampler.Peer("0-1") is not null);
        }

        Assert.Null(sampler.Peer("0-1"));
        Assert.NotNull(sampler.Peer("19-1"));
    }

    private static NextHopSpec Spec(VtepId vtep, uint address) => new(vtep, UnderlayAddress.FromIPv4(0x0A00_0000 + address), EncapKind.Vxlan, 4789, PolicyOptionMode.Advisory);
}
