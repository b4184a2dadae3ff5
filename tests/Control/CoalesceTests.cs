using Overlay.Control.Tests.Support;
using Overlay.Encap;
using static Overlay.Control.Tests.Support.Bench;

namespace Overlay.Control.Tests;

/// <summary>When the lists of a VNI are made: at once as a rule, and once for many changes while they rain.</summary>
public sealed class CoalesceTests
{
    private static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(50);

    [Fact]
    public void A_change_takes_effect_at_once_when_nothing_else_waits()
    {
        var bench = new Bench();
        Say(bench, "b", "192.0.2.2");
        bench.Core.FlushSome(isDrained: true);
        Assert.Equal("b", bench.Floods());
        Assert.Equal("192.0.2.2", bench.Allows());
        Assert.Null(bench.Core.FlushDue(isDrained: true));
    }

    [Fact]
    public void While_more_waits_a_change_waits_for_fifty_milliseconds_at_most()
    {
        var bench = new Bench();
        Say(bench, "b", "192.0.2.2");
        bench.Core.FlushSome(isDrained: false);
        Assert.Equal(Delay, bench.Core.FlushDue(isDrained: false));
        bench.Time.Advance(TimeSpan.FromMilliseconds(49));
        Say(bench, "c", "192.0.2.3");
        bench.Core.FlushSome(isDrained: false);
        Assert.Equal("", bench.Floods());
        bench.Time.Advance(TimeSpan.FromMilliseconds(1));
        bench.Core.FlushSome(isDrained: false);
        Assert.Equal("b c", bench.Floods());
    }

    [Fact]
    public void During_a_resync_lists_are_written_once_for_all_that_was_given()
    {
        var bench = new Bench();
        bench.Evpn.BeginResync(ResyncScope.Plane);
        for (int i = 2; i < 100; i++)
        {
            Say(bench, $"vtep-{i:00}", $"192.0.2.{i}");
            bench.Core.FlushSome(isDrained: true);
        }

        Assert.Equal("", bench.Floods());
        int writes = bench.Writer.Writes;
        bench.Time.Advance(Delay);
        bench.Core.FlushSome(isDrained: true);
        Assert.Equal(98, bench.Writer.FloodList(V).Length);

        // A VTEP and a next hop each, a flood list, an allow-list, and the end of remote learning.
        Assert.InRange(bench.Writer.Writes - writes, 1, 98 + 98 + 3);
    }

    [Fact]
    public void A_query_sees_what_was_said_before_it()
    {
        var bench = new Bench();
        bench.Evpn.BeginResync(ResyncScope.Plane);
        Say(bench, "b", "192.0.2.2");
        bench.Core.FlushSome(isDrained: false);
        bench.Core.Flush();
        Assert.Equal("b", bench.Floods());
        Assert.Null(bench.Core.FlushDue(isDrained: false));
    }

    [Fact]
    public void A_vni_that_never_stops_changing_settles_all_the_same()
    {
        var bench = new Bench();
        int settled = 0;
        string last = "";
        for (int ms = 0; ms < 1000; ms++)
        {
            if (ms % 2 == 0)
            {
                Say(bench, "b", "192.0.2.2");
                Say(bench, $"vtep-{ms:000}", $"198.51.{ms / 200}.{(ms % 200) + 1}");
            }

            bench.Core.FlushSome(isDrained: false);
            settled += bench.Floods() == last ? 0 : 1;
            last = bench.Floods();
            bench.Time.Advance(TimeSpan.FromMilliseconds(1));
        }

        Assert.InRange(settled, 18, 21);
    }

    [Fact]
    public void A_mac_stays_where_it_is_until_its_new_place_is_resolved()
    {
        var bench = new Bench();
        Say(bench, "b", "192.0.2.2");
        bench.Core.Upsert(bench.Evpn, null, new MacRoute(new Vni(V), Mac(1), To("b")));
        bench.Core.FlushSome(isDrained: true);
        Say(bench, "c", "192.0.2.3");
        bench.Core.Upsert(bench.Evpn, null, new MacRoute(new Vni(V), Mac(1), To("c")));
        bench.Core.FlushSome(isDrained: false);
        Assert.Equal("b", bench.Place(1));
        bench.Time.Advance(Delay);
        bench.Core.FlushSome(isDrained: false);
        Assert.Equal("c", bench.Place(1));
    }

    private static void Say(Bench bench, string name, string address)
    {
        bench.Core.Describe(bench.Evpn, null, Vtep(name, address));
        bench.Core.Upsert(bench.Evpn, null, new FloodRoute(new Vni(V), To(name)));
    }
}
