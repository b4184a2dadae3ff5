using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Pair;

/// <summary>Two daemons, nothing foreign: what a user sees first, and the figures promised for it.</summary>
public sealed class PairTests
{
    private const string MacA = "02:00:00:00:00:0a";
    private const string MacB = "02:00:00:00:00:0b";

    public static TheoryData<string, string> Combinations() => new() { { "vxlan", "v4" }, { "vxlan", "v6" }, { "geneve", "v4" }, { "geneve", "v6" } };

    [Theory]
    [MemberData(nameof(Combinations))]
    public void ARP_ND_ICMP_and_TCP_cross(string encap, string family)
    {
        using var lab = new NetLab();
        var (a, b) = Build(lab, encap, family, quiet: false);
        NetLab.Address(a.Tenant, "t0", "10.0.0.1/24", "fd00::1/64");
        NetLab.Address(b.Tenant, "t0", "10.0.0.2/24", "fd00::2/64");

        a.WaitForPing("10.0.0.2");
        a.WaitForPing("fd00::2");
        TcpTransfer.Run(a.Tenant, b.Tenant, "10.0.0.2");
        TcpTransfer.Run(b.Tenant, a.Tenant, "fd00::1");
        foreach (var site in new[] { a, b })
        {
            var drops = site.Daemon.SettledDrops();
            Assert.Equal((0L, 0L), (drops.Unaccounted("rx"), drops.Unaccounted("tx")));
        }
    }

    [Theory]
    [MemberData(nameof(Combinations))]
    public void Every_frame_of_a_bounded_stream_arrives_once_and_in_order(string encap, string family)
    {
        const int Frames = 10_000;
        const int FramesPerSecond = 5_000;
        const int Flows = 16;
        using var lab = new NetLab();
        var (a, b) = Build(lab, encap, family, quiet: true);
        using var sender = new PacketSocket(a.Tenant, "t0", receive: false);
        using var receiver = new PacketSocket(b.Tenant, "t0");
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < Frames; i++)
        {
            var payload = new byte[64];
            BinaryPrimitives.WriteInt32BigEndian(payload, i);
            sender.Send(Wire.Ethernet(MacB, MacA, 0x0800, Wire.Udp("10.0.0.1", "10.0.0.2", 1000 + (i % Flows), 9, payload)));
            while (Stopwatch.GetElapsedTime(start).TotalSeconds * FramesPerSecond < i) Thread.Yield();
        }

        var arrived = Wait.TryUntil(() => receiver.Count >= Frames, TimeSpan.FromSeconds(5));
        Assert.True(arrived, $"{receiver.Count} of {Frames}; a {a.Daemon.SettledDrops()}; b {b.Daemon.SettledDrops()}; {Machine.Report()}");
        Assert.Equal(Frames, receiver.Count);
        var last = new int[Flows];
        Array.Fill(last, -1);
        foreach (var frame in receiver.Frames)
        {
            var number = BinaryPrimitives.ReadInt32BigEndian(frame.Data.AsSpan(42));
            Assert.True(number > last[number % Flows], $"frame {number} of flow {number % Flows} after {last[number % Flows]}");
            last[number % Flows] = number;
        }
    }

    [Fact]
    public void A_flow_keeps_its_source_port_over_a_restart_and_flows_spread()
    {
        const int Flows = 64;
        using var lab = new NetLab();
        var (a, b) = Build(lab, "vxlan", "v4", quiet: true);
        using var wire = new PacketSocket(b.Host, "u0", filter: f => f.Length > 50 && f[23] == 17 && ((f[36] << 8) | f[37]) == 4789);
        var before = SourcePorts(a, wire, Flows);
        Assert.All(before.Values, p => Assert.InRange(p, 49_152, 65_535));
        Assert.True(before.Values.Distinct().Count() > Flows / 4, $"{before.Values.Distinct().Count()} ports for {Flows} flows");

        var config = File.ReadAllText(a.Daemon.ConfigPath);
        Assert.Equal(0, a.Daemon.Terminate().ExitCode);
        a.Restart(config);

        wire.Clear();
        Assert.Equal(before.OrderBy(p => p.Key), SourcePorts(a, wire, Flows).OrderBy(p => p.Key));
    }

    [Fact]
    public void The_daemon_is_ready_soon_small_and_quiet_when_idle()
    {
        using var lab = new NetLab();
        var (a, _) = Build(lab, "vxlan", "v4", quiet: true);
        // The promise is for what ships, compiled ahead, on the machine that the figures of docs/performance.md are of. A slower one, or one that others use too,
        // is known by how long the same program takes to start, read its configuration and end, and gets that much longer. A plain build compiles for another
        // fifth of a second.
        var limit = TimeSpan.FromMilliseconds(Environment.GetEnvironmentVariable("OVERLAY_TEST_OVERLAYD") is null ? 600 : 400);
        var config = File.ReadAllText(a.Daemon.ConfigPath);
        var starts = new List<(TimeSpan Ready, double Pace)>();
        while (starts.Count < 3 && !starts.Any(t => t.Ready <= t.Pace * limit))
        {
            a.Daemon.Terminate();
            Machine.WaitForQuiet(TimeSpan.FromSeconds(3));
            var pace = Math.Clamp(CheckTime(a.Daemon.ConfigPath) / TimeSpan.FromMilliseconds(75), 1, 5);
            a.Restart(config);
            starts.Add((a.Daemon.TimeToReady, pace));
        }

        // The compiler's second look at what ran at the start is not idleness, and it comes again half a minute later for what runs once a second: repeated twice at most.
        var settled = Wait.TryUntil(() => IdleShare(a.Daemon.Pid, TimeSpan.FromSeconds(1)).Share <= 0.003, TimeSpan.FromSeconds(40));
        var attempts = new List<(double Share, string Busiest)>();
        while (attempts.Count < 3 && !attempts.Any(t => t.Share <= 0.005)) attempts.Add(IdleShare(a.Daemon.Pid, TimeSpan.FromSeconds(5)));
        var idle = attempts.Min(t => t.Share);
        var windows = string.Join("; ", attempts.Select(t => $"{t.Share:P2} ({t.Busiest})"));
        var ready = string.Join("; ", starts.Select(t => $"{t.Ready.TotalMilliseconds:0} ms at pace {t.Pace:0.00}"));
        var rss = File.ReadLines($"/proc/{a.Daemon.Pid}/status").Where(l => l.StartsWith("VmRSS:", StringComparison.Ordinal)).Select(l => long.Parse(l.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture)).Single();
        TestContext.Current.SendDiagnosticMessage($"ready after {ready}, idle {idle:P2} of a core, measured as {windows}, {(settled ? "settled" : "never settled")} before, RSS {rss / 1024.0:0.0} MiB; {Machine.Report()}");
        Assert.True(rss <= 90 << 10, $"RSS {rss} KiB");
        Assert.True(idle <= 0.01 * starts.Max(t => t.Pace), $"idle {windows}; {ready}; {Machine.Report()}");
        Assert.True(starts.Any(t => t.Ready <= t.Pace * limit), $"ready after {ready}; {Machine.Report()}");
    }

    private static Dictionary<int, int> SourcePorts(Site a, PacketSocket wire, int flows)
    {
        using var sender = new PacketSocket(a.Tenant, "t0", receive: false);
        for (var i = 0; i < flows; i++) sender.Send(Wire.Ethernet(MacB, MacA, 0x0800, Wire.Udp("10.0.0.1", "10.0.0.2", 1000 + i, 9, new byte[32])));
        Wait.Until(() => wire.Count >= flows, TimeSpan.FromSeconds(5), "all flows on the wire", () => $"{wire.Count}; {a.Daemon.Drops()}");
        return wire.Frames.ToDictionary(f => (f.Data[50 + 34] << 8) | f.Data[50 + 35], f => (f.Data[34] << 8) | f.Data[35]);
    }

    // The one place where time has to pass: idleness is measured over it.
    private static (double Share, string Busiest) IdleShare(int pid, TimeSpan time)
    {
        var before = ThreadTimes.Of(pid);
        var watch = Stopwatch.StartNew();
        Wait.TryUntil(() => false, time);
        var after = ThreadTimes.Of(pid);
        return (after.Since(before) / watch.Elapsed, after.Busiest(before));
    }

    // The best of three: what disturbs one of them is not the machine's pace.
    private static TimeSpan CheckTime(string config) => Enumerable.Range(0, 3).Min(_ =>
    {
        var watch = Stopwatch.StartNew();
        Cmd.Run(null, Binaries.Overlayd, "--check", config);
        return watch.Elapsed;
    });

    private static (Site A, Site B) Build(NetLab lab, string encap, string family, bool quiet)
    {
        var (ours, theirs, prefix) = family == "v4" ? ("192.0.2.1", "192.0.2.2", 24) : ("2001:db8::1", "2001:db8::2", 64);
        var a = new Site(lab, "a", quiet);
        var b = new Site(lab, "b", quiet);
        NetLab.Join(a.Host, "u0", b.Host, "u0");
        NetLab.Address(a.Host, "u0", $"{ours}/{prefix}");
        NetLab.Address(b.Host, "u0", $"{theirs}/{prefix}");
        b.Start(b.Yaml($"\"{theirs}\"", 100, $"- {{ name: a, addresses: [\"{ours}\"], encap: {encap}, vnis: [100] }}", port: $"mac: \"{MacB}\""));
        a.Start(a.Yaml($"\"{ours}\"", 100, $"- {{ name: b, addresses: [\"{theirs}\"], encap: {encap}, vnis: [100] }}", port: $"mac: \"{MacA}\"", more: $"macs: [ {{ vni: 100, mac: \"{MacB}\", peer: b }} ]"));
        NetLab.WaitForPing(a.Host, theirs);
        return (a, b);
    }
}
