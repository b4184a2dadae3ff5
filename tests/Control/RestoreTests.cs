using Overlay.Control.HandOver;
using Overlay.Control.Tests.Support;
using Overlay.Encap;
using Overlay.Forwarding;
using static Overlay.Control.Tests.Support.Bench;

namespace Overlay.Control.Tests;

/// <summary>What was learned before a restart is learned again by the rules for what is seen now, and ages go on.</summary>
public sealed class RestoreTests
{
    [Fact]
    public void What_was_seen_on_ports_and_from_vteps_is_there_again()
    {
        var old = new Bench(vni: static v => v with { Allow = [Prefix()] });
        old.Peer(old.Static, "b", "192.0.2.2");
        old.OnPort(1, 0);
        old.OnPort(2, 1);
        old.FromVtep(3, "192.0.2.2");
        old.FromVtep(4, "198.51.100.7", encap: EncapKind.Geneve);
        old.Core.SetPort("p0", true, Mac(60));
        SeenMacs seen = old.Core.ExportSeen();
        Assert.Equal(4, seen.Macs.Count);

        var bench = new Bench(vni: static v => v with { Allow = [Prefix()] });
        bench.Peer(bench.Static, "b", "192.0.2.2");
        Assert.Equal(4, bench.Core.RestoreSeen(seen, 0, 100, 0));
        Assert.Equal(("p0", "p1", "b", "198.51.100.7"), (bench.Place(1), bench.Place(2), bench.Place(3), bench.Place(4)));
        Assert.Equal((FdbOrigin.Local, FdbOrigin.Learned), (bench.Origin(1), bench.Origin(3)));
        Assert.Equal(EncapKind.Geneve, bench.Spec(4).Encap);
        Assert.Equal("-", bench.Place(60));
    }

    [Fact]
    public void Ages_go_on_and_an_entry_that_is_used_begins_anew()
    {
        var old = new Bench();
        old.OnPort(1, 0);
        old.OnPort(2, 0);
        old.Pass(TimeSpan.FromSeconds(200));
        SeenMacs seen = old.Core.ExportSeen();
        Assert.All(seen.Macs, static mac => Assert.InRange(mac.Age, 1990u, 2010u));

        // Fifty seconds without a daemon: fifty are left of three hundred.
        var bench = new Bench();
        Assert.Equal(2, bench.Core.RestoreSeen(seen, 0, 100, 500));
        bench.Pass(TimeSpan.FromSeconds(10), () => bench.Writer.Touch(V, Mac(2)));
        bench.Pass(TimeSpan.FromSeconds(30));
        Assert.Equal(("p0", "p0"), (bench.Place(1), bench.Place(2)));
        bench.Pass(TimeSpan.FromSeconds(50));
        Assert.Equal(("-", "p0"), (bench.Place(1), bench.Place(2)));
        bench.Pass(TimeSpan.FromSeconds(300));
        Assert.Equal("-", bench.Place(2));
    }

    [Fact]
    public void What_is_older_than_the_age_is_left_out()
    {
        var bench = new Bench();
        var seen = new SeenMacs([new SeenPlace("p0", default, default)], [new SeenMac(new Vni(V), Mac(1), 0, 2000), new SeenMac(new Vni(V), Mac(2), 0, uint.MaxValue)]);
        Assert.Equal(0, bench.Core.RestoreSeen(seen, 0, 100, 1000));
        Assert.Equal(("-", "-"), (bench.Place(1), bench.Place(2)));
    }

    [Fact]
    public void Limits_static_sticky_and_newer_entries_hold()
    {
        var bench = new Bench(vni: static v => v with { LearnLimit = 4 });
        bench.Peer(bench.Static, "b", "192.0.2.2");
        bench.Route(bench.Static, 1, "b");
        bench.Route(bench.Evpn, 2, "b", sticky: true);
        bench.OnPort(3, 1);
        var seen = new SeenMacs([new SeenPlace("p0", default, default)], [.. Enumerable.Range(1, 20).Select(static i => new SeenMac(new Vni(V), Mac(i), 0, 10))]);
        bench.Core.RestoreSeen(seen, 0, 100, 0);
        Assert.Equal(("b", "b", "p1"), (bench.Place(1), bench.Place(2), bench.Place(3)));
        Assert.Equal(4, bench.Core.LearnCounters().InForce);
    }

    [Fact]
    public void What_makes_no_sense_any_more_is_passed_over()
    {
        var bench = new Bench(vni: static v => v with { Ports = ["p0"] });
        SeenPlace[] places = [new("p0", default, default), new("p1", default, default), new("gone", default, default), new(null, Ip("203.0.113.9"), EncapKind.Vxlan)];
        SeenMac[] macs =
        [
            new(new Vni(V), Mac(1), 1, 0), new(new Vni(V), Mac(2), 2, 0), new(new Vni(V), Mac(3), 3, 0), new(new Vni(V), Mac(4), 4, 0), new(new Vni(V), Mac(5), -1, 0),
            new(new Vni(999), Mac(6), 0, 0), new(new Vni(V), new MacAddress(0), 0, 0), new(new Vni(V), new MacAddress(0x0100_0000_0001), 0, 0),
        ];
        Assert.Equal(0, bench.Core.RestoreSeen(new SeenMacs(places, macs), 0, 100, 0));
        Assert.Equal(0, bench.Core.RestoreSeen(new SeenMacs(places, macs), 50, 100, 0));
        Assert.Equal(0, bench.Writer.MacCount(V));
    }

    private static UnderlayPrefix Prefix()
    {
        Assert.True(UnderlayPrefix.TryParse("198.51.100.0/24", out UnderlayPrefix prefix));
        return prefix;
    }
}
