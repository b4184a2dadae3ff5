using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Bum;

/// <summary>Broadcast, unknown unicast and multicast among overlayd and vxlan devices of the kernel: one copy to each, none back, counted by nftables.</summary>
[Trait("Category", "Peer")]
public sealed class FloodingTests
{
    private const int Frames = 20;
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    public static TheoryData<bool, bool> Modes => new() { { false, false }, { false, true }, { true, false }, { true, true } };

    [Theory]
    [MemberData(nameof(Modes))]
    public void Each_of_five_VTEPs_reaches_the_others_with_one_copy_and_none_comes_back(bool multicast, bool v6)
    {
        using var lab = new NetLab();
        var five = new FiveVteps(lab, v6, multicast);
        string[] destinations = ["ff:ff:ff:ff:ff:ff", "02:ee:00:00:00:01", "01:00:5e:00:00:fb"];
        foreach (var from in five.Nodes)
        {
            foreach (var destination in destinations) from.Send(destination, Frames);
        }

        var expected = five.Expected(Frames * destinations.Length, [.. five.Nodes]);
        Wait.TryUntil(() => Sum(five.Read()) >= Sum(expected), Soon);
        // More than was expected would come later.
        Wait.Settled(() => Sum(five.Read()), TimeSpan.FromMilliseconds(300), Soon);
        Assert.Equal(Lines(expected), Lines(five.Read()));
        foreach (var site in five.Sites)
        {
            var drops = site.Daemon.SettledDrops();
            Assert.Equal((0L, 0L), (drops.Unaccounted("tx"), drops.Unaccounted("rx")));
            Assert.True(drops.Drops.Count == 0, drops.ToString());
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Who_is_heard_by_the_group_is_answered_by_unicast(bool v6)
    {
        using var lab = new NetLab();
        var five = new FiveVteps(lab, v6, multicast: true);
        var (a, k) = (five.Nodes[0], five.Nodes[3]);
        k.Send("ff:ff:ff:ff:ff:ff", 1);
        // Only a prefix admits k: it is learned as a VTEP of its own, at its address.
        Wait.Until(() => five.Sites[0].Daemon.Api.Get("/v1/fdb?vni=100")["entries"]!.AsArray().Any(e => (string)e!["mac"]! == FiveVteps.Mac(k) && (string)e["address"]! == k.Address), Soon, "a learns k", () => $"{five.Sites[0].Daemon.Api.Get("/v1/fdb?vni=100")}");
        a.Send(FiveVteps.Mac(k), Frames);
        Wait.Until(() => five.Read().GetValueOrDefault($"k/tenant_{a.Name}") == Frames, Soon, "the answers", () => string.Join('\n', five.Read()));
        Wait.Settled(() => Sum(five.Read()), TimeSpan.FromMilliseconds(200), Soon);
        Assert.Equal(
            ["a/tenant_k=1", "a/wire_k=1", "b/tenant_k=1", "b/wire_k=1", "c/tenant_k=1", "c/wire_k=1", "k/tenant_a=20", "k/wire_a=20", "l/tenant_k=1", "l/wire_k=1", "switch/left_a=20", "switch/left_k=1"],
            Lines(five.Read()));
    }

    private static long Sum(IEnumerable<KeyValuePair<string, long>> counters) => counters.Sum(pair => pair.Value);

    private static string[] Lines(SortedDictionary<string, long> counters) => [.. counters.Select(pair => $"{pair.Key}={pair.Value}")];
}
