using Overlay.Control.Evpn.Bgp.Wire;
using Overlay.Control.Evpn.Options;
using Overlay.Control.Evpn.Tests.Rib.Support;
using Overlay.Encap;
using static Overlay.Control.Evpn.Tests.Rib.Support.LocalFacts;
using static Overlay.Control.Evpn.Tests.Rib.Support.RibBench;

namespace Overlay.Control.Evpn.Tests.Rib;

/// <summary>Route distinguishers of our routes, and what becomes of routes when they change.</summary>
public sealed class AdvertNumberTests
{
    [Fact]
    public void A_small_VNI_has_its_own_number_and_larger_ones_give_way()
    {
        RibBench bench = Started();
        foreach (uint vni in new uint[] { 0x10007, 0x20007 })
        {
            bench.Adverts.Tell(new LocalEvent { Kind = LocalEventKind.VniAttached, Vni = new Vni(vni) });
        }

        bench.Adverts.Tell(Learned(1) with { Vni = new Vni(0x10007) });
        FakeSession peer = bench.Open("192.0.2.9");
        List<string> sent = bench.Sent(peer);
        Assert.Contains("+ 192.0.2.1:7 02:00:00:00:00:01", sent);
        Assert.Contains("+ 192.0.2.1:8 flood 192.0.2.1", sent);
        bench.Adverts.Tell(new LocalEvent { Kind = LocalEventKind.VniAttached, Vni = new Vni(7) });
        sent = bench.Sent(peer);
        Assert.Contains("+ 192.0.2.1:7 flood 192.0.2.1", sent);
        Assert.Contains("- 192.0.2.1:7 02:00:00:00:00:01", sent);
        Assert.Contains("+ 192.0.2.1:9 02:00:00:00:00:01", sent);
        Assert.Contains("+ 192.0.2.1:9 flood 192.0.2.1", sent);
        Assert.Equal(4, sent.Count);
    }

    [Fact]
    public void Two_VNIs_that_give_each_other_their_route_distinguishers_lose_nothing()
    {
        RouteDistinguisher a = RouteDistinguisher.OfIPv4(RouterId, 1001);
        RouteDistinguisher b = RouteDistinguisher.OfIPv4(RouterId, 1002);
        EvpnOptions Of(RouteDistinguisher v, RouteDistinguisher w) => DefaultOptions with
        {
            Vnis = DefaultOptions.Vnis.Add(new Vni(V), new EvpnVniOptions { Rd = v }).Add(new Vni(W), new EvpnVniOptions { Rd = w }),
        };
        RibBench bench = Started(Of(a, b));
        bench.Adverts.Tell(new LocalEvent { Kind = LocalEventKind.VniAttached, Vni = new Vni(W) });
        foreach (uint vni in new[] { V, W })
        {
            bench.Adverts.Tell(Learned(1, vni) with { Vni = new Vni(vni) });
            bench.Adverts.Tell(Bound(1, "10.0.0.1") with { Vni = new Vni(vni) });
        }

        FakeSession peer = bench.Open("192.0.2.9");
        _ = bench.Sent(peer);
        bench.Adverts.Apply(Of(b, a));
        Assert.Equal((4, 2), bench.Adverts.Count());

        // The sequence tells whose MAC it is: each key is said anew, as the other's, and none is withdrawn.
        Assert.Equal(
            [
                "+ 192.0.2.1:1001 02:00:00:00:00:01 10.0.0.1 seq 200", "+ 192.0.2.1:1001 02:00:00:00:00:01 seq 200", "+ 192.0.2.1:1001 flood 192.0.2.1",
                "+ 192.0.2.1:1002 02:00:00:00:00:01 10.0.0.1 seq 100", "+ 192.0.2.1:1002 02:00:00:00:00:01 seq 100", "+ 192.0.2.1:1002 flood 192.0.2.1",
            ],
            bench.Sent(peer).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Settings_of_one_VNI_say_its_routes_anew_and_those_of_no_other()
    {
        RibBench bench = Started();
        bench.Adverts.Tell(new LocalEvent { Kind = LocalEventKind.VniAttached, Vni = new Vni(W) });
        bench.Adverts.Tell(Learned(1));
        bench.Adverts.Tell(Learned(2) with { Vni = new Vni(W) });
        FakeSession peer = bench.Open("192.0.2.9");
        _ = bench.Sent(peer);
        EvpnOptions with = DefaultOptions with { Vnis = DefaultOptions.Vnis.Add(new Vni(W), new EvpnVniOptions { AdvertiseMacs = false }) };
        bench.Adverts.Apply(with);
        Assert.Equal(["- 192.0.2.1:200 02:00:00:00:00:02", "+ 192.0.2.1:200 flood 192.0.2.1"], bench.Sent(peer));

        // Of a VNI that is not here yet, nothing is said; then by its settings alone.
        var to = new Vni(300);
        bench.Adverts.Apply(with with { Vnis = with.Vnis.Add(to, new EvpnVniOptions { IsEnabled = false }) });
        Assert.Empty(bench.Sent(peer));
        bench.Adverts.Tell(new LocalEvent { Kind = LocalEventKind.VniAttached, Vni = to });
        Assert.DoesNotContain(bench.Sent(peer), static s => s.StartsWith('+'));
    }
}
