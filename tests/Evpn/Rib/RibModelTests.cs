using Overlay.Control.Evpn.Bgp.Session;
using Overlay.Control.Evpn.Bgp.Wire;
using Overlay.Control.Evpn.Options;
using Overlay.Control.Evpn.Tests.Rib.Support;
using Overlay.Encap;
using static Overlay.Control.Evpn.Tests.Rib.Support.RibBench;

namespace Overlay.Control.Evpn.Tests.Rib;

/// <summary>Random announcements, withdraws, losses, returns, refreshes and reloads; after each step the control loop has what a naive model says, and no more.</summary>
public sealed class RibModelTests
{
    private static readonly string[] Peers = ["192.0.2.7", "192.0.2.8", "192.0.2.9"];
    private static readonly string[] Vteps = ["192.0.2.2", "192.0.2.3", "2001:db8::4"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void The_control_loop_has_what_a_naive_model_says(int seed)
    {
        var random = new Random(seed);
        var bench = new RibBench();
        var sessions = new FakeSession?[Peers.Length];
        bool[] inRefresh = new bool[Peers.Length];
        var routes = new Dictionary<(int Peer, int Vtep, int Mac, bool HasAddress), Given>();
        int epoch = 0;
        int[] staleBelow = new int[Peers.Length];
        int[] refreshBelow = new int[Peers.Length];
        bool hasIPv6 = true;
        bool hasV = true;
        for (int step = 0; step < 2500; step++)
        {
            int p = random.Next(Peers.Length);
            int vtep = random.Next(Vteps.Length);
            int mac = random.Next(1, 6);
            bool hasAddress = random.Next(3) == 0;
            (int, int, int, bool) key = (p, vtep, mac, hasAddress);
            switch (random.Next(20))
            {
                case < 8 when sessions[p] is { } session:
                    var given = new Given((uint)random.Next(3), random.Next(12) == 0, random.Next(10) == 0 ? W : V, (uint)random.Next(99, 102), ++epoch);
                    bench.Announce(
                        session,
                        From(Vteps[vtep], given.Vni, given is { Sequence: 0, IsSticky: false } ? [] : [ExtendedCommunity.MacMobility(given.Sequence, given.IsSticky)]) with { LocalPreference = given.Preference },
                        MacRoute("192.0.2.2", mac, (uint)(V + vtep), hasAddress ? $"10.0.0.{mac}" : null, label: given.Vni));
                    routes[key] = given;
                    break;
                case < 12 when sessions[p] is { } session:
                    bench.Withdraw(session, MacRoute("192.0.2.2", mac, (uint)(V + vtep), hasAddress ? $"10.0.0.{mac}" : null));
                    _ = routes.Remove(key);
                    break;
                case 12 when sessions[p] is { } session:
                    bool isHard = random.Next(4) == 0;
                    bench.Lose(session, isHard ? BgpCloseKind.Removed : BgpCloseKind.TransportLost);
                    sessions[p] = null;
                    staleBelow[p] = ++epoch;
                    refreshBelow[p] = 0;
                    if (isHard)
                    {
                        Forget(routes, k => k.Key.Peer == p);
                    }

                    break;
                case 13 when sessions[p] is null:
                    sessions[p] = bench.Open(Peers[p]);
                    inRefresh[p] = true;
                    break;
                case 14 or 15 when sessions[p] is { } session && inRefresh[p]:
                    bench.EndOfRib(session);
                    inRefresh[p] = false;
                    Forget(routes, r => r.Key.Peer == p && r.Value.Epoch < staleBelow[p]);
                    break;
                case 16 when sessions[p] is { } session:
                    bench.Routes.Refresh(session, RouteRefreshKind.Begin);
                    if (!inRefresh[p])
                    {
                        refreshBelow[p] = ++epoch;
                    }

                    break;
                case 17 when sessions[p] is { } session && refreshBelow[p] != 0:
                    bench.Routes.Refresh(session, RouteRefreshKind.End);
                    Forget(routes, r => r.Key.Peer == p && r.Value.Epoch < refreshBelow[p]);
                    refreshBelow[p] = 0;
                    break;
                case 18:
                    hasIPv6 = random.Next(3) != 0;
                    bench.Rib.SetLocal(hasIPv6 ? [Ip("192.0.2.1"), Ip("2001:db8::1")] : [Ip("192.0.2.1")]);
                    break;
                case 19:
                    hasV = random.Next(4) != 0;
                    bench.Rib.SetVnis(new Dictionary<uint, bool> { [V] = hasV });
                    break;
                default:
                    break;
            }

            // Of routes that nothing tells apart the one that was there first stays, so whose it is is not compared; that it is one is.
            string[] has = [.. bench.Sink.All().Select(Plain).Order(StringComparer.Ordinal)];
            Assert.Equal(Expected(routes, staleBelow, hasIPv6, hasV), has);
            Assert.Equal(routes.Count, bench.Rib.Figures().RoutesByType[2]);
        }

        foreach (FakeSession? session in sessions)
        {
            if (session is not null)
            {
                bench.Lose(session);
            }
        }

        foreach (string peer in Peers)
        {
            bench.Rib.Forget(peer);
        }

        Assert.Equal(0, bench.Sink.Count);
        Assert.Equal((0, 0), (bench.Rib.Figures().Attributes, bench.Rib.Figures().Neighbors));
    }

    private static void Forget(Dictionary<(int Peer, int Vtep, int Mac, bool HasAddress), Given> routes, Func<KeyValuePair<(int Peer, int Vtep, int Mac, bool HasAddress), Given>, bool> which)
    {
        foreach ((int, int, int, bool) key in routes.Where(which).Select(static r => r.Key).ToArray())
        {
            _ = routes.Remove(key);
        }
    }

    /// <summary>A line of the control loop without the peer and the encapsulation.</summary>
    private static string Plain(string line)
    {
        string[] words = line.Split(' ');
        return words[0] == "mac"
            ? $"mac {words[1]} {words[2]} {Array.IndexOf(Vteps, words[4])} {words[6]}{(words.Length > 7 ? " sticky" : string.Empty)}"
            : $"ip {words[1]} {words[2]} {words[4]}";
    }

    private static SortedSet<string> Expected(Dictionary<(int Peer, int Vtep, int Mac, bool HasAddress), Given> routes, int[] staleBelow, bool hasIPv6, bool hasV)
    {
        // Best per NLRI: usable, live, preference, and then the peer's router id, which is its address.
        var best = new List<((int Peer, int Vtep, int Mac, bool HasAddress) Key, Given Given, bool IsStale)>();
        foreach (var nlri in routes.GroupBy(static r => (r.Key.Vtep, r.Key.Mac, r.Key.HasAddress)))
        {
            var winner = nlri.OrderBy(r => IsUsable(r.Key.Vtep, r.Value) ? 0 : 1).ThenBy(r => r.Value.Epoch < staleBelow[r.Key.Peer] ? 1 : 0).ThenByDescending(static r => r.Value.Preference)
                .ThenBy(static r => r.Key.Peer).First();
            if (IsUsable(winner.Key.Vtep, winner.Value))
            {
                best.Add((winner.Key, winner.Value, winner.Value.Epoch < staleBelow[winner.Key.Peer]));
            }
        }

        var expected = new SortedSet<string>(StringComparer.Ordinal);
        var ordered = best.OrderBy(static b => b.IsStale ? 1 : 0).ThenBy(static b => b.Given.IsSticky ? 0 : 1).ThenByDescending(static b => b.Given.Sequence)
            .ThenBy(static b => Ip(Vteps[b.Key.Vtep])).ToList();
        foreach (var mac in ordered.GroupBy(static b => (b.Given.Vni, b.Key.Mac)))
        {
            var top = mac.First();
            expected.Add($"mac {mac.Key.Vni} {Mac(mac.Key.Mac)} {top.Key.Vtep} {top.Given.Sequence}{(top.Given.IsSticky ? " sticky" : string.Empty)}");
        }

        foreach (var address in ordered.Where(static b => b.Key.HasAddress).GroupBy(static b => (b.Given.Vni, b.Key.Mac)))
        {
            expected.Add($"ip {address.Key.Vni} 10.0.0.{address.Key.Mac} {Mac(address.Key.Mac)}");
        }

        return expected;

        bool IsUsable(int vtep, Given given) => (hasIPv6 || vtep != 2) && (hasV || given.Vni != V);
    }

    private sealed record Given(uint Sequence, bool IsSticky, uint Vni, uint Preference, int Epoch);
}
