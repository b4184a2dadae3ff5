using Overlay.Control.Tests.Support;
using Overlay.Encap;
using static Overlay.Control.Tests.Support.Bench;

namespace Overlay.Control.Tests;

public sealed class AgeingTests
{
    [Fact]
    public void A_mac_that_is_not_seen_ages_and_one_in_use_does_not()
    {
        var bench = new Bench();
        bench.Peer(bench.Static, "b", "192.0.2.2");
        bench.OnPort(1, 0);
        bench.OnPort(2, 0);
        bench.FromVtep(3, "192.0.2.2");
        bench.Route(bench.Static, 4, "b");
        bench.Pass(TimeSpan.FromSeconds(290), () => bench.Writer.Touch(V, Mac(2)));
        Assert.Equal(4, bench.Writer.MacCount(V));
        bench.Pass(TimeSpan.FromSeconds(60), () => bench.Writer.Touch(V, Mac(2)));
        Assert.Equal(("-", "p0", "-", "b"), (bench.Place(1), bench.Place(2), bench.Place(3), bench.Place(4)));
        Assert.Equal(2, bench.Core.LearnCounters().Aged);
        bench.Pass(TimeSpan.FromSeconds(400));
        Assert.Equal(("-", "b"), (bench.Place(2), bench.Place(4)));
        Assert.Equal(0, bench.Core.LearnCounters().InForce);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(20)]
    [InlineData(300)]
    public void The_age_is_kept_within_a_quarter(int seconds)
    {
        var bench = new Bench(vni: v => v with { Age = TimeSpan.FromSeconds(seconds) });
        bench.OnPort(1, 0);
        bench.Pass(TimeSpan.FromSeconds(seconds * 0.75), () => bench.Writer.Touch(V, Mac(1)));
        double lived = 0;
        while (bench.Place(1) != "-")
        {
            bench.Pass(TimeSpan.FromMilliseconds(500));
            lived += 0.5;
            Assert.True(lived < (seconds * 1.5) + 2);
        }

        Assert.InRange(lived, seconds * 0.75, (seconds * 1.25) + 1);
    }

    [Fact]
    public void A_wrap_of_the_epoch_makes_nothing_old_or_young()
    {
        var bench = new Bench();
        bench.Writer.Epoch = ushort.MaxValue - 3;
        bench.OnPort(1, 0);
        bench.OnPort(2, 0);
        bench.Pass(TimeSpan.FromSeconds(200), () => bench.Writer.Touch(V, Mac(1)));
        Assert.True(bench.Writer.Epoch < 1000);
        Assert.Equal(("p0", "p0"), (bench.Place(1), bench.Place(2)));
        bench.Pass(TimeSpan.FromSeconds(150), () => bench.Writer.Touch(V, Mac(1)));
        Assert.Equal(("p0", "-"), (bench.Place(1), bench.Place(2)));
    }

    [Fact]
    public void An_age_longer_than_a_wrap_is_kept()
    {
        // VNI 200 ages in 0.8 s, so an epoch is 0.1 s and 65,536 of them are 109 minutes; VNI 100 keeps its MACs for three hours.
        var bench = new Bench(vni: static v => v with { Age = TimeSpan.FromHours(3) });
        bench.Apply(bench.Topology with { Vnis = [bench.Topology.Vnis[0], bench.Topology.Vnis[1] with { Age = TimeSpan.FromSeconds(0.8) }] });
        bench.OnPort(1, 0);
        for (int second = 0; second < 4 * 3600; second += 5)
        {
            bench.Writer.Epoch += 49;
            bench.Time.Advance(TimeSpan.FromSeconds(5));
            bench.Core.Tick();
            bench.Core.Flush();
            Assert.Equal(second + 5 < 3 * 3600 ? "p0" : bench.Place(1), bench.Place(1));
        }

        Assert.Equal("-", bench.Place(1));
    }

    [Fact]
    public void Age_zero_means_never()
    {
        var bench = new Bench(vni: static v => v with { Age = TimeSpan.Zero });
        bench.OnPort(1, 0);
        bench.Pass(TimeSpan.FromHours(1));
        Assert.Equal("p0", bench.Place(1));
    }

    [Fact]
    public void A_mac_that_ages_is_told_to_planes()
    {
        var bench = new Bench();
        bench.Evpn.Started();
        bench.OnPort(1, 0);
        _ = bench.Told(bench.Evpn);
        bench.Pass(TimeSpan.FromSeconds(350));
        Assert.Equal((LocalEventKind.MacAged, Mac(1)), bench.Told(bench.Evpn).Select(static e => (e.Kind, e.Mac)).Single());
    }
}
