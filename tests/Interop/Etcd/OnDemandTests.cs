using System.Globalization;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Etcd;

/// <summary>A table that is too large to hold everywhere: what frames want is asked for, and they wait for the answer.</summary>
[Trait("Category", "Peer")]
public sealed class OnDemandTests(ITestOutputHelper output)
{
    private const int Many = 100_000, Batch = 10_000, Used = 100;
    private const long Most = 30 << 10;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    [Fact]
    public void Of_a_hundred_thousand_MACs_those_that_frames_want_are_held_and_no_first_frame_is_lost()
    {
        using var lab = new EtcdLab(new EtcdPeerOptions { Arguments = ["--max-txn-ops", "20000", "--max-request-bytes", "8388608"] });
        lab.Start(vni: ", etcd: { mode: on-demand }", isWhole: false);
        var before = Resident(lab);
        lab.Etcd.Script($$"""
            for batch in $(seq 0 {{(Many / Batch) - 1}}); do
                awk -v first=$((batch * {{Batch}})) 'BEGIN {
                    print ""
                    for (i = first; i < first + {{Batch}}; i++) printf "put /overlay/v1/vnis/100/macs/02:cc:00:%02x:%02x:%02x \"{\\\"version\\\":1,\\\"vtep\\\":\\\"vtep-b\\\"}\"\n", int(i / 65536), int(i / 256) % 256, i % 256
                    print ""
                    print ""
                }' | $etcdctl txn > /dev/null
            done
            """).OrThrow();
        Assert.True(lab.Keys() >= Many, $"{lab.Keys()} keys");
        using var there = new PacketSocket(lab.Sites[1].Tenant, "t0", filter: static frame => frame[0] == 2 && frame[1] == 0xcc);
        using var elsewhere = new PacketSocket(lab.Sites[2].Tenant, "t0", filter: static frame => frame[0] == 2 && frame[1] == 0xcc);
        using var sender = new PacketSocket(lab.Sites[0].Tenant, "t0", receive: false);

        // Half of them one after the other, half at once.
        var source = lab.Mac(0);
        var wanted = Enumerable.Range(0, Used).Select(i => Host(i * 997)).ToArray();
        var took = new List<double>();
        for (var i = 0; i < Used / 2; i++)
        {
            var sent = DateTimeOffset.UtcNow;
            sender.Send(Frame(wanted[i], source));
            lab.Await(() => there.Count == i + 1, $"the first frame to {wanted[i]}", () => $"{there.Count} of {i + 1}\n{lab.Status(0).ToJsonString()}\n{lab.Sites[0].Daemon.Drops()}");
            took.Add((there.Frames[i].Time - sent).TotalMilliseconds);
        }

        foreach (var mac in wanted.Skip(Used / 2)) sender.Send(Frame(mac, source));
        lab.Await(() => there.Count == Used, "the first frames of the rest", () => $"{there.Count} of {Used}\n{lab.Status(0).ToJsonString()}\n{lab.Sites[0].Daemon.Drops()}");
        took.Sort();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"first frames one after the other: median {took[took.Count / 2]:0.0} ms, longest {took[^1]:0.0} ms; {Machine.Report()}"));
        Assert.True(took[took.Count / 2] < Longest.TotalMilliseconds, $"median {took[took.Count / 2]:0.0} ms");
        foreach (var mac in wanted) sender.Send(Frame(mac, source));
        lab.Await(() => there.Count == 2 * Used, "the second frames");
        Assert.Equal(0, elsewhere.Count);
        Assert.All(there.Frames.GroupBy(f => Convert.ToHexString(f.Data.AsSpan(0, 6))), group => Assert.Equal(2, group.Count()));

        var entries = lab.Sites[0].Daemon.Api.Get($"/v1/fdb?vni={EtcdLab.Vni}")["entries"]!.AsArray().Count;
        var growth = Resident(lab) - before;
        output.WriteLine($"{entries} entries, {lab.Status(0)["answers"]} answers; resident set {before >> 10} MiB before, {growth} KiB more with {Many} MACs in the store");
        Assert.InRange(entries, Used, Used + 10);
        Assert.True(growth < Most, $"{growth} KiB more");

        // Answers follow the store.
        lab.Etcd.Ctl("put", "--", "/overlay/v1/vnis/100/macs/" + wanted[0], """{"version":1,"vtep":"vtep-c","sequence":1}""").OrThrow();
        lab.Await(() => (string?)lab.Entry(0, wanted[0])?["peer"] == "vtep-c", "the answer follows the store");
        sender.Send(Frame(wanted[0], source));
        lab.Await(() => elsewhere.Count == 1, "frames follow");
    }

    private static string Host(int number) => string.Create(CultureInfo.InvariantCulture, $"02:cc:00:{number >> 16:x2}:{(number >> 8) & 0xff:x2}:{number & 0xff:x2}");

    private static byte[] Frame(string to, string from) => Wire.Ethernet(to, from, 0x0800, Wire.Udp("10.0.0.1", "10.0.0.2", 1000, 9, new byte[64]));

    // KiB.
    private static long Resident(EtcdLab lab) =>
        long.Parse(File.ReadLines($"/proc/{lab.Sites[0].Daemon.Pid}/status").Single(l => l.StartsWith("VmRSS", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
}
