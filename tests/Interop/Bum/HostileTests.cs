using System.Diagnostics;
using System.Globalization;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Bum;

/// <summary>Storms, strangers and tenants that make tunnel packets of their own; what arrives is counted by nftables.</summary>
public sealed class HostileTests
{
    private const int EtherType = 0x88b5;
    private const string Victim = "02:bb:00:00:00:01";
    private const string Stormer = "02:bb:00:00:00:02";
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    [Fact]
    public void A_broadcast_storm_is_cut_to_its_limit_and_a_unicast_flow_beside_it_loses_at_most_one_in_a_thousand()
    {
        const int Milliseconds = 2000;
        const int Flow = 10_000;
        const int Storm = 20_000;
        using var lab = new NetLab();
        var (a, b) = Build(lab);
        var at = new NftCounters(b.Tenant, [("known", "t0", Matching(Victim)), ("storm", "t0", Matching(Stormer))]);
        using var flow = new PacketSocket(a.Tenant, "t0", receive: false);
        using var storm = new PacketSocket(a.Tenant, "t1", receive: false);

        // Where b's tenant is has to be known: the flow is unicast from its first frame.
        var there = NetLab.MacOf(b.Tenant, "t0");
        using (var answer = new PacketSocket(b.Tenant, "t0", receive: false)) answer.Send(Wire.Ethernet("ff:ff:ff:ff:ff:ff", there, 0x88b6, new byte[50]));
        Wait.Until(() => a.Daemon.Api.Get("/v1/fdb?vni=100")["entries"]!.AsArray().Any(e => (string)e!["mac"]! == there), Soon, "a learns b's tenant");

        // A busy machine may take the sender or the tenant's kernel off the processor: twice again, with what it was like.
        var report = "";
        for (var attempt = 0; attempt < 3; attempt++)
        {
            var (before, began) = (at.Read(), Stopwatch.GetTimestamp());
            var storming = new Thread(() => Pace(storm, Wire.Ethernet("ff:ff:ff:ff:ff:ff", Stormer, EtherType, new byte[64]), Storm, Milliseconds));
            storming.Start();
            Pace(flow, Wire.Ethernet(there, Victim, EtherType, new byte[64]), Flow, Milliseconds);
            storming.Join();
            var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
            Wait.TryUntil(() => at.Read()["known"] - before["known"] == Flow, TimeSpan.FromSeconds(2));
            var (flowed, stormed) = (at.Read()["known"] - before["known"], at.Read()["storm"] - before["storm"]);

            // What still waited at the port when the senders were done had until now to pass.
            var passing = Stopwatch.GetElapsedTime(began).TotalSeconds;

            // A second's worth at once, and the rate.
            Assert.InRange(stormed, 900, (1000 * (passing + 1)) + 10);
            report += string.Create(CultureInfo.InvariantCulture, $"{flowed} of {Flow} in {seconds:0.00} s, storm {stormed}, load {File.ReadAllText("/proc/loadavg").Trim()}\n");
            if (flowed >= Flow - (Flow / 1000)) break;
            Assert.True(attempt < 2, report + a.Daemon.Drops());
        }

        var drops = a.Daemon.SettledDrops();
        Assert.True(drops.Drops.GetValueOrDefault("storm_limit/tx") > 1000, drops.ToString());
        Assert.Equal((0L, 0L), (drops.Unaccounted("tx"), drops.Unaccounted("rx")));
        Wait.Until(() => a.Daemon.Status()["alarms"]!.AsArray().Any(alarm => alarm!.ToString().StartsWith("storm vni 100, port t1: more broadcast frames", StringComparison.Ordinal)), Soon, "the alarm", () => $"{a.Daemon.Status()}");
        var shown = a.Daemon.Ctl("storm", "--vni", "100");
        Assert.Contains("vni 100, port t1: ", shown.OrThrow().StdOut, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(4789)]
    [InlineData(6081)]
    public void Tunnel_packets_that_a_tenant_makes_for_our_own_address_are_carried_and_never_opened(int port)
    {
        const int Count = 50;
        using var lab = new NetLab();
        var (a, b) = Build(lab);
        var carried = $"ether saddr {Victim} udp dport {port}";
        var there = new NftCounters(b.Tenant, [("carried", "t0", carried), ("opened", "t0", Matching(Stormer))]);
        var here = new NftCounters(a.Tenant, [("carried", "t1", carried), ("opened", "t1", Matching(Stormer)), ("opened_back", "t0", Matching(Stormer))]);
        using var tenant = new PacketSocket(a.Tenant, "t0", receive: false);
        var before = a.Daemon.SettledDrops();
        var inner = Wire.Ethernet("ff:ff:ff:ff:ff:ff", Stormer, EtherType, new byte[64]);
        var payload = port == 4789 ? Wire.Vxlan(100, inner) : Wire.Geneve(100, inner);
        foreach (var (source, destination) in new[] { ("192.0.2.2", "192.0.2.1"), ("192.0.2.1", "192.0.2.1"), ("192.0.2.2", "255.255.255.255"), ("192.0.2.2", "239.1.1.100") })
        {
            for (var i = 0; i < Count; i++) tenant.Send(Wire.Ethernet("ff:ff:ff:ff:ff:ff", Victim, 0x0800, Wire.Udp(source, destination, 50_000 + i, port, payload)));
        }

        Wait.Until(() => there.Read()["carried"] == 4 * Count && here.Read()["carried"] == 4 * Count, Soon, "the packets arrive as they are", () => $"{a.Daemon.Drops().Since(before)}");
        Assert.Equal((0L, 0L, 0L), (there.Read()["opened"], here.Read()["opened"], here.Read()["opened_back"]));
        var drops = a.Daemon.SettledDrops();
        Assert.Equal(before.Total("rx", "received"), drops.Total("rx", "received"));
        Assert.DoesNotContain(a.Daemon.Api.Get("/v1/fdb?vni=100")["entries"]!.AsArray(), e => (string)e!["mac"]! == Stormer);
    }

    [Fact]
    public void An_ARP_storm_where_ARP_is_suppressed_takes_nothing_from_a_unicast_flow_and_fills_no_table_beyond_its_limit()
    {
        const int Milliseconds = 2000;
        const int Flow = 10_000;
        const int Storm = 20_000;
        const int PlaceLimit = 4096;
        using var lab = new NetLab();
        var (a, b) = Build(lab, ", flood: { arp_suppress: true }");
        var at = new NftCounters(b.Tenant, [("known", "t0", Matching(Victim)), ("storm", "t0", "ether type arp")]);
        using var flow = new PacketSocket(a.Tenant, "t0", receive: false);
        using var storm = new PacketSocket(a.Tenant, "t1", receive: false);
        var there = NetLab.MacOf(b.Tenant, "t0");
        using (var answer = new PacketSocket(b.Tenant, "t0", receive: false)) answer.Send(Wire.Ethernet("ff:ff:ff:ff:ff:ff", there, 0x88b6, new byte[50]));
        Wait.Until(() => a.Daemon.Api.Get("/v1/fdb?vni=100")["entries"]!.AsArray().Any(e => (string)e!["mac"]! == there), Soon, "a learns b's tenant");

        // Each claims an address of its own, and asks for another that nobody has; every fourth comes from a MAC of its own as well.
        var frames = Enumerable.Range(0, Storm).Select(i =>
        {
            var mac = i % 4 == 0 ? $"02:cc:00:{i >> 16:x2}:{i >> 8 & 255:x2}:{i & 255:x2}" : Stormer;
            return Wire.Ethernet("ff:ff:ff:ff:ff:ff", mac, 0x0806, Wire.Arp(1, mac, $"10.1.{i >> 8}.{i & 255}", "00:00:00:00:00:00", $"10.2.{i >> 8}.{i & 255}"));
        }).ToArray();
        var report = "";
        for (var attempt = 0; attempt < 3; attempt++)
        {
            var (before, began) = (at.Read(), Stopwatch.GetTimestamp());
            var storming = new Thread(() => Pace(storm, i => frames[i], Storm, Milliseconds));
            storming.Start();
            Pace(flow, Wire.Ethernet(there, Victim, EtherType, new byte[64]), Flow, Milliseconds);
            storming.Join();
            var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
            Wait.TryUntil(() => at.Read()["known"] - before["known"] == Flow, TimeSpan.FromSeconds(2));
            var (flowed, stormed) = (at.Read()["known"] - before["known"], at.Read()["storm"] - before["storm"]);

            // What still waited at the port when the senders were done had until now to pass.
            var passing = Stopwatch.GetElapsedTime(began).TotalSeconds;

            // Nobody can be answered for: what storm control lets pass is flooded.
            Assert.InRange(stormed, 900, (1000 * (passing + 1)) + 10);
            report += string.Create(CultureInfo.InvariantCulture, $"{flowed} of {Flow} in {seconds:0.00} s, storm {stormed}, load {File.ReadAllText("/proc/loadavg").Trim()}\n");
            if (flowed >= Flow - (Flow / 1000)) break;
            Assert.True(attempt < 2, report + a.Daemon.Drops());
        }

        // As many bindings as a port may have, as many MACs as learning allows, and the rest is an alarm: not a longer table.
        // On a slow machine the storm may have to be longer for that.
        var next = 0;
        Wait.Until(
            () =>
            {
                if (a.Daemon.Status()["alarms"]!.AsArray().Any(alarm => alarm!.ToString().StartsWith("neighbor_limit vni 100", StringComparison.Ordinal))) return true;
                for (var end = next + 100; next < end; next++) storm.Send(frames[next % Storm]);
                return false;
            },
            Soon,
            "the alarm",
            () => $"{a.Daemon.Status()}");
        Assert.InRange(a.Daemon.Api.Get("/v1/vnis?vni=100")["vnis"]![0]!["fdb_entries"]!.GetValue<int>(), 4, PlaceLimit + 16);
        Assert.InRange(a.Daemon.Api.Get("/v1/neighbors?vni=100")["neighbors"]!.AsArray().Count, 1000, PlaceLimit);
        var drops = a.Daemon.SettledDrops();
        Assert.True(drops.Drops.GetValueOrDefault("storm_limit/tx") > 1000, drops.ToString());
        Assert.Equal((0L, 0L), (drops.Unaccounted("tx"), drops.Unaccounted("rx")));
        Assert.Equal(0L, (long)a.Daemon.Api.Get("/v1/neighbors?vni=100")["vnis"]![0]!["suppressed_ipv4"]!);
    }

    [Fact]
    [Trait("Category", "Long")]
    public void A_million_datagrams_from_sources_that_nobody_listed_deliver_nothing_teach_nothing_and_are_not_answered()
    {
        const int Count = 1_000_000;
        const int Window = 500;
        var limit = TimeSpan.FromSeconds(120);
        using var lab = new NetLab();
        var (a, _) = Build(lab);
        var stranger = lab.AddHost("x");
        lab.Plug(a.Switch, stranger, "u0");
        NetLab.Address(stranger, "u0", "192.0.2.99/24");

        // An answer would go to the stranger, whatever address it was for; it is the only one that anything could be for.
        NetLab.Ip(a.Host, "route", "add", "default", "via", "192.0.2.99");
        NetLab.WaitForPing(a.Host, "192.0.2.99");
        var arrivals = new NftCounters(a.Host, [("arrived", "u0", "udp dport { 4789, 6081 }")]);
        var inside = new NftCounters(a.Tenant, [("opened", "t0", $"ether type 0x{EtherType:x4}")]);
        var back = new NftCounters(stranger, [("answers", "u0", "ip saddr 192.0.2.1")]);
        var entries = a.Daemon.Api.Get("/v1/fdb?vni=100")["entries"]!.AsArray().Count;
        var before = a.Daemon.SettledDrops();
        var (overflowBefore, backlogBefore) = (Overflow(a.Daemon), BacklogDrops());
        var random = new Random(99);
        var (mac, own) = (NetLab.MacOf(a.Host, "u0"), NetLab.MacOf(stranger, "u0"));
        var datagrams = Enumerable.Range(0, 2000).Select(i =>
        {
            var inner = Wire.Ethernet(i % 2 == 0 ? "ff:ff:ff:ff:ff:ff" : "02:ee:00:00:00:01", $"02:dd:00:00:{i >> 8:x2}:{i & 255:x2}", EtherType, new byte[50]);
            var source = i % 4 == 0 ? "192.0.2.99" : $"198.51.{random.Next(256)}.{random.Next(1, 255)}";
            return Wire.Ethernet(mac, own, 0x0800, i % 3 == 0 ? Wire.Udp(source, "192.0.2.1", 50_000 + i, 6081, Wire.Geneve(100, inner)) : Wire.Udp(source, "192.0.2.1", 50_000 + i, 4789, Wire.Vxlan(100, inner)));
        }).ToArray();
        using var wire = new PacketSocket(stranger, "u0", receive: false);
        var began = Stopwatch.GetTimestamp();

        // So many at a time that no queue between us and the socket overflows: what the daemon has not read by then, its socket holds.
        var (sent, missing) = (0, 0L);
        while (sent < Count && Stopwatch.GetElapsedTime(began) < limit)
        {
            for (var end = sent + Window; sent < end; sent++) wire.Send(datagrams[sent % datagrams.Length]);

            // What did not come by now is not waited for again in every window; that all of them are somewhere is asked at the end.
            if (!Wait.TryUntil(() => Seen() + missing >= sent, TimeSpan.FromSeconds(5))) missing = Math.Max(0, sent - Seen());
        }

        Wait.TryUntil(() => a.Daemon.Drops().Total("rx", "received") - before.Total("rx", "received") + Overflow(a.Daemon) - overflowBefore >= arrivals.Read()["arrived"], Soon);
        var drops = a.Daemon.SettledDrops(Soon).Since(before);
        var (received, overflow, arrived, backlog) = (drops.Total("rx", "received"), Overflow(a.Daemon) - overflowBefore, arrivals.Read()["arrived"], BacklogDrops() - backlogBefore);
        var report = $"{sent} sent in {Stopwatch.GetElapsedTime(began).TotalSeconds:0} s, {arrived} arrived, {overflow} at a full socket, {backlog} in the kernel's backlog; {drops}";

        // Everything that was sent is somewhere, and all that came to us has one name.
        Assert.True(sent >= Count / 10, report);
        Assert.True(arrived + backlog >= sent && arrived <= sent, report);
        Assert.True(arrived == received + overflow, report);
        Assert.True(drops.Drops.GetValueOrDefault("vtep_unknown/rx") == received && received > 0 && drops.Total("rx", "delivered") == 0, report);
        Assert.Equal((0L, 0L), (inside.Read()["opened"], back.Read()["answers"]));
        Assert.Equal(entries, a.Daemon.Api.Get("/v1/fdb?vni=100")["entries"]!.AsArray().Count);

        long Seen() => a.Daemon.Drops().Total("rx", "received") - before.Total("rx", "received") + Overflow(a.Daemon) - overflowBefore + BacklogDrops() - backlogBefore;
    }

    private static long Overflow(OverlaydProcess daemon) => (long)daemon.Api.Get("/v1/drops")["kernel"]!.AsArray().Single(row => (string)row!["name"]! == "udp_socket_overflow")!["value"]!;

    // Of the whole machine: frames between two devices that a processor had no room for.
    private static long BacklogDrops() => File.ReadLines("/proc/net/softnet_stat").Sum(line => long.Parse(line.Split(' ')[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture));

    private static string Matching(string source) => $"ether type 0x{EtherType:x4} ether saddr {source}";

    private static void Pace(PacketSocket socket, byte[] frame, int count, int milliseconds) => Pace(socket, _ => frame, count, milliseconds);

    private static void Pace(PacketSocket socket, Func<int, byte[]> frame, int count, int milliseconds)
    {
        var began = Stopwatch.GetTimestamp();
        for (var sent = 0; sent < count;)
        {
            var due = Math.Min(count, (int)(count * Stopwatch.GetElapsedTime(began).TotalMilliseconds / milliseconds));
            // What was held up does not come all at once.
            for (var end = Math.Min(due, sent + 20); sent < end; sent++) socket.Send(frame(sent));
            Thread.Yield();
        }
    }

    private static (HostileSite A, Site B) Build(NetLab lab, string extra = "")
    {
        var wire = lab.AddSwitch("sw");
        var a = new Site(lab, "a", quietTenant: true);
        var b = new Site(lab, "b", quietTenant: true);
        foreach (var (site, address) in new[] { (a, "192.0.2.1/24"), (b, "192.0.2.2/24") })
        {
            lab.Plug(wire, site.Host, "u0");
            NetLab.Address(site.Host, "u0", address);
        }

        b.Start(b.Yaml("192.0.2.2", 100, "- { name: a, addresses: [192.0.2.1], vnis: [100] }", vniExtra: "learning: { remote: true }"));
        a.Start(a.Yaml("192.0.2.1", 100, "- { name: b, addresses: [192.0.2.2], vnis: [100] }", vniExtra: "learning: { remote: true }" + extra)
            .Replace("vnis:\n  - { id: 100, ports: [t0]", $"  t1: {{ tap: t1, netns: {a.Tenant} }}\nvnis:\n  - {{ id: 100, ports: [t0, t1]", StringComparison.Ordinal));
        return (new HostileSite(a, wire), b);
    }

    private sealed record HostileSite(Site Site, string Switch)
    {
        internal string Host => Site.Host;

        internal string Tenant => Site.Tenant;

        internal OverlaydProcess Daemon => Site.Daemon;
    }
}
