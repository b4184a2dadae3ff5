using Overlay.Control.Tables;
using Overlay.Control.Tests.Support;
using Overlay.Encap;
using Overlay.Forwarding;
using static Overlay.Control.Tests.Support.Bench;

namespace Overlay.Control.Tests;

/// <summary>Random sequences of routes, resyncs, addresses and topologies; after each step the tables are what a naive model says.</summary>
public sealed class ModelTests
{
    private static readonly string[] Names = ["b", "c", "d"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void The_tables_are_what_a_naive_model_says(int seed)
    {
        var random = new Random(seed);
        var bench = new Bench();
        PlaneState[] planes = [bench.Static, bench.Evpn, bench.Ovsdb];
        bench.Describe(bench.Static, Vtep("b", "192.0.2.2", "2001:db8::2"));
        bench.Describe(bench.Static, Vtep("c", "192.0.2.3"));
        bench.Describe(bench.Static, Vtep("d", "2001:db8::4"));
        var macs = new Dictionary<(int Mac, int Plane), (string Vtep, uint Sequence, bool Fresh)>();
        var floods = new Dictionary<(string Vtep, int Plane), bool>();
        bool[] resyncing = new bool[3];
        bool hasIPv4 = true;
        bool hasIPv6 = true;
        for (int step = 0; step < 3000; step++)
        {
            int p = random.Next(3);
            int mac = random.Next(1, 12);
            string vtep = Names[random.Next(3)];
            switch (random.Next(14))
            {
                case < 6:
                    uint sequence = p == 1 ? (uint)random.Next(3) : 0;
                    bench.Route(planes[p], mac, vtep, sequence);
                    macs[(mac, p)] = (vtep, sequence, true);
                    break;
                case < 8:
                    bench.Withdraw(planes[p], mac);
                    _ = macs.Remove((mac, p));
                    break;
                case 8:
                    bench.Flood(planes[p], vtep);
                    floods[(vtep, p)] = true;
                    break;
                case 9:
                    bench.Core.WithdrawFlood(planes[p], null, new Vni(V), To(vtep));
                    bench.Core.Flush();
                    _ = floods.Remove((vtep, p));
                    break;
                case 10 when p != 0:
                    planes[p].BeginResync(ResyncScope.Plane);
                    resyncing[p] = true;
                    foreach ((int, int) key in macs.Keys.Where(k => k.Plane == p).ToArray())
                    {
                        macs[key] = macs[key] with { Fresh = false };
                    }

                    foreach ((string, int) key in floods.Keys.Where(k => k.Plane == p).ToArray())
                    {
                        floods[key] = false;
                    }

                    break;
                case 11:
                    bench.Complete(planes[p], ResyncScope.Plane);
                    if (resyncing[p])
                    {
                        resyncing[p] = false;
                        foreach ((int, int) key in macs.Where(m => m.Key.Plane == p && !m.Value.Fresh).Select(static m => m.Key).ToArray())
                        {
                            _ = macs.Remove(key);
                        }

                        foreach ((string, int) key in floods.Where(f => f.Key.Plane == p && !f.Value).Select(static f => f.Key).ToArray())
                        {
                            _ = floods.Remove(key);
                        }
                    }

                    break;
                case 12:
                    hasIPv4 = random.Next(4) != 0;
                    hasIPv6 = random.Next(4) != 0;
                    bench.Core.SetLocalAddresses([.. hasIPv4 ? [Ip("192.0.2.1")] : Array.Empty<UnderlayAddress>(), .. hasIPv6 ? [Ip("2001:db8::1")] : Array.Empty<UnderlayAddress>()]);
                    bench.Core.Flush();
                    break;
                default:
                    bench.Pass(TimeSpan.FromMilliseconds(500));
                    break;
            }

            Check(bench, macs, floods, hasIPv4, hasIPv6);
        }
    }

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    public void Counts_survive_any_order_of_hints_routes_and_topologies(int seed)
    {
        var random = new Random(seed);
        var bench = new Bench(vni: static v => v with { LearnLimit = 20, VtepLearnLimit = 9, RemoteLearning = true }, portLimit: 7);
        bench.Evpn.Started();
        bench.Peer(bench.Static, "b", "192.0.2.2");
        bench.Peer(bench.Static, "c", "192.0.2.3");
        for (int step = 0; step < 3000; step++)
        {
            int mac = random.Next(1, 40);
            switch (random.Next(12))
            {
                case < 4:
                    bench.OnPort(mac, random.Next(2));
                    break;
                case < 7:
                    bench.FromVtep(mac, random.Next(2) == 0 ? "192.0.2.2" : "192.0.2.3");
                    break;
                case 7:
                    bench.Route(bench.Evpn, mac, random.Next(2) == 0 ? "b" : "c", (uint)random.Next(4));
                    break;
                case 8:
                    bench.Withdraw(bench.Evpn, mac);
                    break;
                case 9:
                    bench.Core.SetPort("p0", random.Next(3) != 0, Mac(random.Next(50, 53)));
                    bench.Core.Flush();
                    break;
                case 10 when random.Next(8) == 0:
                    bench.ApplyVni(v => v with { Ports = random.Next(2) == 0 ? ["p0"] : ["p0", "p1"] });
                    break;
                default:
                    bench.Pass(TimeSpan.FromSeconds(random.Next(1, 30)));
                    break;
            }

            _ = bench.Told(bench.Evpn);
            FdbRow[] rows = [.. Enumerable.Range(1, 60).Select(i => bench.Writer.Row(V, Mac(i))).OfType<FdbRow>()];
            Assert.Equal(bench.Writer.MacCount(V), rows.Length);
            FdbRow[] seen = [.. rows.Where(static r => r.Origin is FdbOrigin.Local or FdbOrigin.Learned && r.Mac.Value < Mac(50).Value)];
            Assert.Equal(seen.Length, bench.Core.LearnCounters().InForce);
            Assert.InRange(seen.Length, 0, 20);

            // A MAC that comes back to where it was needs no room there.
            int moved = bench.Core.Moves(null, 1000).Rows.Length;
            Assert.All(seen.GroupBy(static r => r.Target), g => Assert.InRange(g.Count(), 1, (g.Key.IsPort ? 7 : 9) + moved));
            Assert.Equal(rows.Length, bench.Core.FdbShow(new Vni(V), 0, 1000).Rows.Length);
        }
    }

    private static void Check(
        Bench bench, Dictionary<(int Mac, int Plane), (string Vtep, uint Sequence, bool Fresh)> macs, Dictionary<(string Vtep, int Plane), bool> floods, bool hasIPv4, bool hasIPv6)
    {
        bool IsUsable(string vtep) => vtep switch { "b" => hasIPv4 || hasIPv6, "c" => hasIPv4, _ => hasIPv6 };
        for (int mac = 1; mac < 12; mac++)
        {
            string expected = "-";
            for (int plane = 0; plane < 3; plane++)
            {
                if (expected == "-" && macs.TryGetValue((mac, plane), out (string Vtep, uint, bool) route) && IsUsable(route.Vtep))
                {
                    expected = route.Vtep;
                }
            }

            Assert.Equal(expected, bench.Place(mac));
            if (expected == "b")
            {
                Assert.Equal(hasIPv4, bench.Spec(mac).Address.IsIPv4);
            }
        }

        string[] flooded = [.. floods.Keys.Select(static f => f.Vtep).Distinct(StringComparer.Ordinal).Where(IsUsable).Order(StringComparer.Ordinal)];
        Assert.Equal(string.Join(' ', flooded), bench.Floods());
        string[] admitted = [.. Names.Where(n => IsUsable(n) && (floods.Keys.Any(f => f.Vtep == n) || macs.Values.Any(m => m.Vtep == n)))];
        Assert.Equal(admitted, bench.Writer.AllowList(V).Select(a => bench.Writer.VtepOf(a.NextHop)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
        Assert.Equal(!floods.Keys.Any(static f => f.Plane != 0) && !macs.Keys.Any(static m => m.Plane != 0), bench.Writer.IsLearning(V));
    }
}
