using System.Diagnostics;
using System.Text.Json.Nodes;
using Overlay.Interop.Metrics;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Allocation;

/// <summary>A running overlayd allocates nothing for a frame, its metrics on.</summary>
[Trait("Category", "Long")]
public sealed class AllocationTests
{
    private const int Frames = 1_000_000;
    private const int FramesPerSecond = 80_000;
    private const long Limit = 64 << 10;

    // The control side's work goes by time, not by frames: what it allocates in the seconds that a slow machine takes longer is no frame's.
    private static readonly TimeSpan Usual = TimeSpan.FromSeconds((double)Frames / FramesPerSecond);
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(5);

    [Theory]
    [InlineData("vxlan", "192.0.2.1", "192.0.2.2", 24)]
    [InlineData("geneve", "2001:db8::1", "2001:db8::2", 64)]
    public void A_million_frames_through_TAP_and_UDP_allocate_at_most_64_KiB(string encap, string ours, string theirs, int prefix)
    {
        using var lab = new NetLab();
        var a = new Site(lab, "a", quietTenant: true);
        var b = new Site(lab, "b", quietTenant: true);
        NetLab.Join(a.Host, "u0", b.Host, "u0");
        NetLab.Address(a.Host, "u0", $"{ours}/{prefix}");
        NetLab.Address(b.Host, "u0", $"{theirs}/{prefix}");
        const string Options = "identity: 7";
        const string Policy = "policy: { id: 17 }";
        b.Start(b.Yaml($"\"{theirs}\"", 100, $"- {{ name: a, addresses: [\"{ours}\"], encap: {encap}, vnis: [100] }}", port: Options + ", mac: \"02:00:00:00:00:0b\"", vniExtra: Policy, more: PageClient.Yaml));
        a.Start(a.Yaml($"\"{ours}\"", 100, $"- {{ name: b, addresses: [\"{theirs}\"], encap: {encap}, vnis: [100] }}", port: Options, vniExtra: Policy, more: PageClient.Yaml + "\nmacs: [ { vni: 100, mac: \"02:00:00:00:00:0b\", peer: b } ]"));
        using var sender = new PacketSocket(a.Tenant, "t0", receive: false);
        var frame = Wire.Ethernet("02:00:00:00:00:0b", "02:00:00:00:00:0a", 0x0800, Wire.Udp("10.0.0.1", "10.0.0.2", 7, 9, new byte[64]));

        // Both ways are compiled and every path's first-time cost is paid before the count begins.
        Blast(sender, frame, 100_000);
        Wait.Settled(() => Delivered(b), TimeSpan.FromMilliseconds(300), TimeSpan.FromSeconds(20));
        var idle = (A: new Meter(a), B: new Meter(b));
        var began = Stopwatch.GetTimestamp();
        _ = Wait.TryUntil(() => Stopwatch.GetElapsedTime(began) > Idle, Idle * 2);
        var aSecond = (A: idle.A.Spent() / Idle.TotalSeconds, B: idle.B.Spent() / Idle.TotalSeconds);
        var spent = Measure(encap, a, b, sender, frame, aSecond);
        for (var again = 0; again < 2 && Math.Max(spent.A, spent.B) > Limit; again++)
        {
            // What frames cost is in every figure. What comes now and then, without frames too (some 30 KB in one of five windows of ten seconds), is not: at most twice
            // more, and the least of each side counts.
            var next = Measure(encap, a, b, sender, frame, aSecond);
            spent = (Math.Min(spent.A, next.A), Math.Min(spent.B, next.B));
        }

        Assert.InRange(spent.A, long.MinValue, Limit);
        Assert.InRange(spent.B, long.MinValue, Limit);
        foreach (var site in new[] { a, b })
        {
            var drops = site.Daemon.SettledDrops();
            Assert.Equal(0, drops.Unaccounted("tx"));
            Assert.Equal(0, drops.Unaccounted("rx"));
        }
    }

    private static (long A, long B) Measure(string encap, Site a, Site b, PacketSocket sender, byte[] frame, (double A, double B) idle)
    {
        var before = (A: new Meter(a), B: new Meter(b));
        var start = Delivered(b);
        var began = Stopwatch.GetTimestamp();
        var offered = 0;
        while (Delivered(b) - start < Frames)
        {
            Assert.True(offered < 3 * Frames, $"{offered} frames offered, {Delivered(b) - start} delivered");
            Blast(sender, frame, FramesPerSecond);
            offered += FramesPerSecond;
        }

        Wait.Settled(() => Delivered(b), TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(10));
        var spent = (A: before.A.Spent(), B: before.B.Spent());
        var took = Stopwatch.GetElapsedTime(began);
        var longer = Math.Max(0, (took - Usual).TotalSeconds);
        TestContext.Current.SendDiagnosticMessage($"{encap}: {offered} offered, {Delivered(b) - start} delivered in {took.TotalSeconds:0.0} s; encapsulating side {spent.A} B, decapsulating side {spent.B} B, idle {idle.A:0} and {idle.B:0} B/s; {Machine.Report()}");
        return (spent.A - (long)(longer * idle.A), spent.B - (long)(longer * idle.B));
    }

    private static void Blast(PacketSocket sender, byte[] frame, int count)
    {
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < count; i++)
        {
            sender.Send(frame);
            if ((i & 63) != 0) continue;
            while (Stopwatch.GetElapsedTime(start).TotalSeconds * FramesPerSecond < i) Thread.Yield();
        }
    }

    // The device's own counter: asking the daemon would be part of what is measured.
    private static long Delivered(Site site) =>
        (long)JsonNode.Parse(NetLab.Ip(site.Tenant, "-s", "-j", "link", "show", "dev", "t0").StdOut)!.AsArray().Single()!["stats64"]!["rx"]!["packets"]!;

    private sealed class Meter
    {
        private readonly Site _site;
        private readonly long _cost;
        private readonly long _start;

        internal Meter(Site site)
        {
            _site = site;
            // A status request allocates too; what one costs is the smallest difference between two in a row.
            Read();
            var cost = long.MaxValue;
            var last = Read();
            for (var i = 0; i < 5; i++)
            {
                var next = Read();
                cost = Math.Min(cost, next - last);
                last = next;
            }

            _cost = cost;
            _start = last;
        }

        internal long Spent() => Read() - _start - _cost;

        private long Read() => (long)_site.Daemon.Status()["runtime"]!["allocated_bytes"]!;
    }
}
