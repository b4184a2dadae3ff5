using System.Globalization;
using System.Net.Http;
using Overlay.TestKit.Net;
using Xunit;
using static Overlay.Interop.Learning.LearningLab;

namespace Overlay.Interop.Learning;

/// <summary>What a bridge with a vxlan device does, and what it does not: learn, move, age, flush, limits, sticky and frozen MACs, a flood of invented ones.</summary>
public sealed class LearningTests
{
    [Fact]
    public void Macs_are_learned_move_and_are_flushed_by_each_key()
    {
        using var lab = new LearningLab("{ move_limit: 0 }");
        void Fill()
        {
            lab.Until(Mac(1), "t0", () => lab.FromPort("t0", Mac(1)));
            lab.Until(Mac(2), "t1", () => lab.FromPort("t1", Mac(2)));
            lab.Until(Mac(3), "b", () => lab.FromPeer("192.0.2.2", Mac(3)));
            lab.Until(Mac(4), "c", () => lab.FromPeer("192.0.2.3", Mac(4)));
            lab.Until(Mac(1), "t2", () => lab.FromPort("t2", Mac(1)), vni: 101);
        }

        string Places() => string.Join(' ', Enumerable.Range(1, 4).Select(i => lab.Place(Mac(i))).Append(lab.Place(Mac(1), 101)));
        Fill();
        Assert.Equal("t0 t1 b c t2", Places());

        // Only what leads there: a frame to it leaves by one port, or to one peer.
        lab.Injector.Clear();
        lab.Port("t1").Clear();
        lab.FromPort("t0", Mac(1), Mac(2));
        lab.Port("t1").WaitFor(f => f.AsSpan(0, 6).SequenceEqual(Wire.Mac(Mac(2))), "the frame at t1");
        lab.FromPort("t0", Mac(1), Mac(4));
        lab.Injector.WaitFor(f => f.AsSpan(30, 4).SequenceEqual(new byte[] { 192, 0, 2, 3 }), "the datagram to c");
        Assert.Null(lab.Injector.Find(f => f.AsSpan(30, 4).SequenceEqual(new byte[] { 192, 0, 2, 2 })));

        // From port to port, from peer to peer, and from a peer to a port at once.
        lab.Until(Mac(2), "t0", () => lab.FromPort("t0", Mac(2)));
        lab.Until(Mac(4), "b", () => lab.FromPeer("192.0.2.2", Mac(4)));
        lab.Until(Mac(3), "t1", () => lab.FromPort("t1", Mac(3)));
        Assert.Equal("t0 t0 t1 b t2", Places());

        // A workload that migrates: it is silent here and its frames come from a peer.
        lab.Until(Mac(3), "c", () => lab.FromPeer("192.0.2.3", Mac(3)), limit: TimeSpan.FromSeconds(20));

        lab.Flush("all=true");
        Fill();
        Assert.Equal(1, lab.Flush("peer=b"));
        Assert.Equal("t0 t1 - c t2", Places());
        Assert.Equal(1, lab.Flush("port=t1"));
        Assert.Equal("t0 - - c t2", Places());
        Assert.Equal(1, lab.Flush($"vni=101&mac={Mac(1)}"));
        Assert.Equal("t0 - - c -", Places());
        Fill();
        Assert.Equal(4, lab.Flush("vni=100"));
        Assert.Equal("- - - - t2", Places());
        Assert.Equal(("b", "b sticky"), (lab.Place(Static), lab.Place(Sticky)));
        Assert.Equal(System.Net.HttpStatusCode.NotFound, lab.Daemon.Api.Send(HttpMethod.Post, "/v1/fdb/flush?port=t9").Status);
    }

    [Fact]
    public void A_silent_mac_ages_in_time_and_one_that_speaks_does_not()
    {
        using var lab = new LearningLab("{ age: 300s }", learning101: "{ age: 2s, remote: false }");
        var began = System.Diagnostics.Stopwatch.GetTimestamp();
        lab.Until(Mac(1), "t2", () => lab.FromPort("t2", Mac(1)), vni: 101);
        lab.Until(Mac(2), "t2", () => lab.FromPort("t2", Mac(2)), vni: 101);
        lab.Until(Mac(3), "t0", () => lab.FromPort("t0", Mac(3)));
        lab.Until(Mac(1), "-", () => lab.FromPort("t2", Mac(2)), vni: 101, limit: TimeSpan.FromSeconds(20));

        // By its own VNI's time and not by the other's, on a slow machine too.
        Assert.InRange(System.Diagnostics.Stopwatch.GetElapsedTime(began).TotalSeconds, 1.5, 60);
        Assert.Equal(("t2", "t0"), (lab.Place(Mac(2), 101), lab.Place(Mac(3))));
    }

    [Fact]
    public void Sixteen_sources_into_a_limit_of_eight_are_eight_learned_and_nothing_else_is_refused()
    {
        using var lab = new LearningLab("{ limit: 8 }");
        for (var i = 1; i <= 16; i++) lab.FromPort(i % 2 == 0 ? "t0" : "t1", Mac(i));
        Wait.Until(() => Refused(lab) >= 8, TimeSpan.FromSeconds(10), "all sources were told of", () => $"{lab.Daemon.Api.Get("/v1/vnis")}");
        Assert.Equal(8, lab.Learned().Count);
        Assert.Contains(lab.Alarms(), a => a.StartsWith("learn_limit_vni vni 100:", StringComparison.Ordinal));
        Assert.Contains(lab.Daemon.Status()["reasons"]!.AsArray(), r => ((string)r!).EndsWith("vni show", StringComparison.Ordinal));

        // A frame to one that was not learned is flooded; a static MAC is taken all the same.
        lab.Injector.Clear();
        lab.FromPort("t0", Mac(2), Unknown);
        lab.Injector.WaitFor(f => f.AsSpan(30, 4).SequenceEqual(new byte[] { 192, 0, 2, 2 }), "a copy to b");
        lab.Injector.WaitFor(f => f.AsSpan(30, 4).SequenceEqual(new byte[] { 192, 0, 2, 3 }), "a copy to c");
        var file = File.ReadAllText(lab.Daemon.ConfigPath).Replace("macs:\n", $"macs:\n  - {{ vni: 100, mac: \"{Mac(40)}\", peer: c }}\n", StringComparison.Ordinal);
        File.WriteAllText(lab.Daemon.ConfigPath, file);
        Assert.Equal(System.Net.HttpStatusCode.OK, lab.Daemon.Api.Send(HttpMethod.Post, "/v1/config/reload").Status);
        lab.Until(Mac(40), "c");
        Assert.Equal(8, lab.Learned().Count);
        Assert.Equal(8, lab.Flush("vni=100"));
        lab.Until(Mac(16), "t0", () => lab.FromPort("t0", Mac(16)));
        Wait.Until(() => !lab.Alarms().Any(), TimeSpan.FromSeconds(10), "the alarm is over");
    }

    [Fact]
    public void A_sticky_mac_does_not_move_and_a_static_one_neither()
    {
        using var lab = new LearningLab("{ remote: true }");
        lab.FromPort("t0", Sticky);
        lab.FromPeer("192.0.2.3", Sticky);
        Wait.Until(() => lab.Dropped("mac_sticky", "tx") == 1 && lab.Dropped("mac_sticky", "rx") == 1, TimeSpan.FromSeconds(10), "both are dropped", () => $"{lab.Daemon.Drops()}");
        lab.Injector.Clear();
        lab.FromPort("t0", Static);
        lab.Injector.WaitFor(f => f.AsSpan(30, 4).SequenceEqual(new byte[] { 192, 0, 2, 3 }), "a frame from a static MAC elsewhere passes");
        Wait.Until(() => (long)lab.Daemon.Api.Get("/v1/vnis")["learning"]!["refused_by_rule"]!["static"]! > 0, TimeSpan.FromSeconds(10), "it is refused");
        Assert.Equal(("b", "b sticky"), (lab.Place(Static), lab.Place(Sticky)));
    }

    [Theory]
    [InlineData("port")]
    [InlineData("peer")]
    [InlineData("prefix")]
    public void A_mac_claimed_from_a_second_place_is_frozen_at_the_first_tried_again_and_let_go(string kind)
    {
        // A VTEP that only a prefix admits is there because of its MAC, which is taken from it.
        using var lab = new LearningLab("{ freeze: 3s, move_window: 60s }" + (kind == "prefix" ? ", allow: [192.0.2.0/24]" : ""));
        var (first, second) = kind switch { "port" => ("t0", "t1"), "peer" => ("b", "c"), _ => ("192.0.2.50", "192.0.2.51") };
        void Claim(string place)
        {
            if (kind == "port") lab.FromPort(place, Mac(1));
            else lab.FromPeer(place switch { "b" => "192.0.2.2", "c" => "192.0.2.3", _ => place }, Mac(1));
        }

        void Fight()
        {
            for (var move = 1; move <= 4; move++)
            {
                var to = move % 2 == 1 ? second : first;
                lab.Until(Mac(1), to, () => Claim(to));
            }

            lab.Until(Mac(1), first + " frozen", () => Claim(second));
        }

        lab.Until(Mac(1), first, () => Claim(first));
        Fight();
        Assert.Contains(lab.Alarms(), a => a.StartsWith("mac_frozen vni 100:", StringComparison.Ordinal));
        var row = lab.Daemon.Api.Get("/v1/fdb/moves")["moves"]![0]!;
        var word = kind == "port" ? "port" : "peer";
        Assert.Equal((Mac(1), $"{word} {first}", $"{word} {second}"), ((string)row["mac"]!, (string)row["place"]!, (string)row["to"]!));

        // The second claimant is dropped by name; whoever was first is not.
        var dir = kind == "port" ? "tx" : "rx";
        Claim(second);
        Wait.Until(() => lab.Dropped("mac_frozen", dir) > 0, TimeSpan.FromSeconds(10), "its frames are dropped", () => $"{lab.Daemon.Drops()}");

        // Tried again by itself, and let go by the operator.
        lab.Until(Mac(1), first, limit: TimeSpan.FromSeconds(20));
        Fight();
        Assert.Equal(1, (int)lab.Daemon.Api.Send(HttpMethod.Post, $"/v1/fdb/unfreeze?vni=100&mac={Mac(1)}").Body!["unfrozen"]!);
        Assert.Equal(first, lab.Place(Mac(1)));
        Assert.Empty(lab.Alarms());
        lab.Until(Mac(1), second, () => Claim(second));
    }

    [Fact]
    public void What_is_learned_from_a_peer_blocks_no_port_and_contradicts_it_aloud()
    {
        using var lab = new LearningLab("{ freeze: 1h }");
        lab.Until(Mac(1), "b", () => lab.FromPeer("192.0.2.2", Mac(1)));
        lab.Until(Mac(1), "t0", () => lab.FromPort("t0", Mac(1)));
        Wait.Until(
            () =>
            {
                lab.FromPort("t0", Mac(1));
                lab.FromPeer("192.0.2.2", Mac(1));
                return lab.Alarms().Any(a => a.StartsWith("mac_contested vni 100:", StringComparison.Ordinal) && a.EndsWith($"({Mac(1)}: port t0 has it, peer b claims it)", StringComparison.Ordinal));
            }, TimeSpan.FromSeconds(30), "an alarm that names both", () => $"{lab.Place(Mac(1))} {string.Join(';', lab.Alarms())} {lab.Daemon.Log}");
        Assert.Equal("t0", lab.Place(Mac(1)));
        Assert.Equal("peer b", (string)lab.Daemon.Api.Get("/v1/fdb/moves")["moves"]![0]!["contested_by"]!);

        // Frozen where it was learned: a frame on a port is no frame to drop.
        lab.Until(Mac(2), "b", () => lab.FromPeer("192.0.2.2", Mac(2)));
        foreach (var to in new[] { "c", "b", "c", "b" }) lab.Until(Mac(2), to, () => lab.FromPeer(to == "b" ? "192.0.2.2" : "192.0.2.3", Mac(2)));
        lab.Until(Mac(2), "b frozen", () => lab.FromPeer("192.0.2.3", Mac(2)));
        lab.Until(Mac(2), "t1", () => lab.FromPort("t1", Mac(2)));
        Assert.Equal(0, lab.Dropped("mac_frozen", "tx"));
    }

    [Fact]
    [Trait("Category", "Long")]
    public void Ten_million_invented_macs_cost_a_bounded_memory_and_a_victim_no_frame()
    {
        // The victim's pace follows the attack's: two thousand frames of it a victim's frame are far below ten thousand a second.
        const int Victims = 5000;
        const int Attack = 2000;
        using var lab = new LearningLab("{ age: 300s }", storm: "{ broadcast: 1000, unknown_unicast: 1000 }");
        lab.Until(Mac(1), "t0", () => lab.FromPort("t0", Mac(1), Static));
        var before = Rss(lab);
        lab.Injector.Clear();
        var attacker = LearningLab.Frame(Mac(2), Unknown);
        var victim = LearningLab.Frame(Mac(1), Static);
        var random = new Random(4);
        var arrived = 0;
        bool IsVictims(byte[] f) => f.Length >= 62 && f.AsSpan(50, 12).SequenceEqual(victim.AsSpan(0, 12));
        var began = System.Diagnostics.Stopwatch.GetTimestamp();
        for (var i = 0; i < Victims; i++)
        {
            for (var j = 0; j < Attack; j++)
            {
                random.NextBytes(attacker.AsSpan(7, 5));
                lab.Port("t1").Offer(attacker);
            }

            // What arrived is counted in between, so that the sniffer holds little.
            lab.Port("t0").Send(victim);
            if (i % 50 == 49) Wait.TryUntil(() => lab.Injector.Frames.Count(f => IsVictims(f.Data)) + arrived > i, TimeSpan.FromSeconds(10));
            if (i % 500 == 499)
            {
                arrived += lab.Injector.Frames.Count(f => IsVictims(f.Data));
                lab.Injector.Clear();
            }
        }

        var took = System.Diagnostics.Stopwatch.GetElapsedTime(began);
        var after = Rss(lab);
        var drops = lab.Daemon.SettledDrops();
        TestContext.Current.SendDiagnosticMessage($"{Victims * Attack} invented MACs in {took.TotalSeconds:0.0} s, RSS {before >> 10} -> {after >> 10} MiB, {drops.Total("tx", "received")} frames read; {Machine.Report()}");
        Assert.True(arrived == Victims, $"{arrived} of {Victims} arrived: {drops} {lab.Daemon.Api.Get("/v1/vnis")} {Machine.Report()}");
        Assert.Equal(4096, lab.Learned().Count(e => (string?)e["port"] == "t1"));
        Assert.Equal("t0", lab.Place(Mac(1)));
        Assert.Contains(lab.Alarms(), a => a.StartsWith("mac_limit_port port t1:", StringComparison.Ordinal));
        Assert.True(after - before < 48 << 10, $"RSS from {before} to {after} KiB");
        Assert.Equal(0, drops.Unaccounted("tx"));
    }

    private static long Refused(LearningLab lab) => (long)lab.Daemon.Api.Get("/v1/vnis?vni=100")["vnis"]![0]!["refused"]!;

    private static long Rss(LearningLab lab) =>
        long.Parse(File.ReadLines($"/proc/{lab.Daemon.Pid}/status").First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal)).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
}
