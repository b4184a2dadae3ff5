using System.Diagnostics;
using System.Globalization;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Etcd;

/// <summary>Three overlayd that know nothing but an etcd cluster: they find each other, believe what is right of what stands there, and forget who dies.</summary>
[Trait("Category", "Peer")]
public sealed class NetworkTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData("geneve", false)]
    [InlineData("vxlan", true)]
    public void Three_daemons_form_a_network_from_nothing_but_etcd(string encap, bool isIPv6)
    {
        var began = Stopwatch.GetTimestamp();
        using var lab = new EtcdLab(isIPv6: isIPv6);
        lab.Start($", encap: [{encap}]");
        Assert.All(lab.Everywhere, site => Assert.Equal("in-touch", lab.State(site)));
        foreach (var (from, to) in new[] { (0, 1), (1, 2), (2, 0) })
        {
            lab.Sites[from].WaitForPing($"10.0.0.{to + 1}");
            var entry = lab.Entry(from, lab.Mac(to))!;
            Assert.Equal(("etcd", encap, lab.Address(to + 1)), ((string?)entry["origin"], (string?)entry["encap"], (string?)entry["address"]));
        }

        TcpTransfer.Run(lab.Sites[0].Tenant, lab.Sites[1].Tenant, "10.0.0.2");
        Assert.Contains("vteps/vtep-c", lab.Sites[0].Daemon.Ctl("etcd", "dump").OrThrow().StdOut, StringComparison.Ordinal);
        Assert.Contains("in-touch", lab.Sites[0].Daemon.Ctl("etcd", "status").OrThrow().StdOut, StringComparison.Ordinal);
        output.WriteLine($"{Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s");
    }

    [Fact]
    public void A_VTEP_that_is_killed_goes_with_its_lease_and_no_guard_holds_it_up()
    {
        using var lab = new EtcdLab();
        lab.Start(", lease: 4s");
        lab.Move(0, 50, 0, 1);
        lab.Move(50, 150, 2);
        lab.Agree("hosts have spoken");
        lab.Flow(0, 1, 2000);
        lab.Flow(1, 0, 2000);
        lab.Sites[2].Daemon.Kill();
        var began = Stopwatch.GetTimestamp();
        lab.Forget(2);
        lab.Agree("its entries go");
        Wait.Until(
            () => lab.Sites.Take(2).All(s => (int)s.Daemon.Api.Get("/v1/vnis")["vnis"]![0]!["flood_peers"]! == 1),
            Patience, "it is in nobody's flood list", () => lab.Sites[0].Daemon.Status().ToJsonString());
        var took = Stopwatch.GetElapsedTime(began).TotalSeconds;
        Assert.DoesNotContain(lab.Sites[0].Daemon.Api.Get("/v1/etcd/dump")["keys"]!.AsArray(), k => (string?)k!["vtep"] == "vtep-c");
        Assert.Equal((1, 0), (lab.Counter(0, "vteps_expired"), lab.Faults(0, "deleted_by_other")));
        Assert.Empty(lab.Sites[0].Daemon.Status()["alarms"]!.AsArray());
        output.WriteLine($"200 entries; all 151 of the dead one gone {took:0.0} s after its end, with a lease of 4 s; {Machine.Report()}");
        Assert.Equal(0, lab.Lost());

        // It comes back, and is one of them at once.
        lab.Sites[2].Restart(File.ReadAllText(lab.Sites[2].Daemon.ConfigPath));
        lab.Return(2);
        lab.Agree("it is back");
        Assert.All(lab.Finish(), flow => Assert.Equal((0, 0), (flow.Lost, flow.Twice)));
    }

    [Fact]
    public void What_is_wrong_in_the_store_is_ignored_counted_and_named_and_no_frame_is_lost()
    {
        const string Root = "/overlay/v1/", Macs = Root + "vnis/100/macs/02:bb:00:00:00:";
        (string Key, string Value, string Fault)[] bad =
        [
            (Root + "vnis/100/what/x", "{}", "key_outside_schema"),
            (Root + "vteps/x/y", "{}", "key_outside_schema"),
            (Root + "moved/vtep-a/16777216/02:bb:00:00:00:01", """{"version":1,"vtep":"vtep-b"}""", "bad_vni"),
            (Root + "vnis/100/macs/01:00:5e:00:00:01", """{"version":1,"vtep":"vtep-b"}""", "bad_mac"),
            (Root + "vnis/100/macs/02:bb", """{"version":1,"vtep":"vtep-b"}""", "bad_mac"),
            (Root + "vnis/100/neighbors/10.0.0.256", """{"version":1,"vtep":"vtep-b","mac":"02:bb:00:00:00:01"}""", "bad_address"),
            (Root + "vteps/z", """{"version":1,"vtep":"z","addresses":["224.0.0.1"]}""", "bad_address"),
            (Macs + "02", "not json", "not_json"),
            (Macs + "03", "", "not_json"),
            (Macs + "04", "{\"version\":1,\"vtep\":\"\\ud800\"}", "not_utf8"),
            (Macs + "05", """{"version":2,"vtep":"vtep-b"}""", "other_version"),
            (Macs + "06", """{"version":1,"vtep":"a/b"}""", "bad_vtep"),
            (Macs + "07", """{"version":1,"vtep":"vtep-b","sequence":-1}""", "bad_field"),
            (Macs + "08", new string(' ', 9000), "too_large"),
        ];
        using var lab = new EtcdLab();
        lab.Start();
        lab.Move(0, 20, 0, 1, 2);
        lab.Agree("hosts have spoken");
        lab.Flow(0, 1, 2000);
        lab.Flow(1, 0, 2000);
        foreach (var (key, value, _) in bad) lab.Etcd.Ctl("put", "--", key, value).OrThrow();

        // The same MAC by two writers: the later word counts, and is counted.
        var (first, second) = ("""{"version":1,"vtep":"vtep-b","sequence":3}""", """{"version":1,"vtep":"vtep-c","sequence":3}""");
        lab.Etcd.Ctl("put", "--", Macs + "ff", first).OrThrow();
        lab.Etcd.Ctl("put", "--", Macs + "ff", second).OrThrow();
        Wait.Until(() => (string?)lab.Entry(0, "02:bb:00:00:00:ff")?["peer"] == "vtep-c", Patience, "the later writer is believed", lab.Logs);
        foreach (var fault in bad.GroupBy(b => b.Fault))
        {
            Assert.True(fault.Count() == lab.Faults(0, fault.Key), $"{fault.Key}: {lab.Faults(0, fault.Key)}");
        }

        Assert.Equal(1, lab.Faults(0, "mac_two_writers"));
        var screen = lab.Sites[0].Daemon.Ctl("etcd", "status").OrThrow().StdOut;
        foreach (var fault in bad.GroupBy(b => b.Fault))
        {
            Assert.Contains(screen.Split('\n'), line => line.Contains($"{fault.Count()} times {fault.Key}", StringComparison.Ordinal) && line.Contains(fault.Last().Key, StringComparison.Ordinal));
        }

        lab.Etcd.Ctl("del", "--", Macs + "ff").OrThrow();
        lab.Agree("nothing of it is in force");
        var flows = lab.Finish();
        output.WriteLine(string.Join("; ", flows.Select(f => string.Create(CultureInfo.InvariantCulture, $"{f.Name}: {f.Sent} frames, {f.Lost} lost"))));
        Assert.All(flows, flow => Assert.Equal((0, 0), (flow.Lost, flow.Twice)));
    }

    [Fact]
    public void Our_VTEP_claimed_by_another_writer_raises_an_alarm_and_is_written_again()
    {
        using var lab = new EtcdLab();
        lab.Start();
        lab.Flow(0, 1, 2000);
        lab.Flow(1, 0, 2000);

        // Another that says to have our address: frames to it must not go to us, and ours go on.
        lab.Etcd.Ctl("put", "--", "/overlay/v1/vteps/x", """{"version":1,"vtep":"x","addresses":["192.0.2.1"]}""").OrThrow();
        lab.Await(() => lab.Alarms(0).Any(a => a.StartsWith("vtep_claimed", StringComparison.Ordinal) && a.Contains("vteps/x", StringComparison.Ordinal)), "its owner raises an alarm", () => string.Join('\n', lab.Alarms(0)));
        Assert.Equal(1, lab.Faults(0, "vtep_claimed"));
        lab.Agree("nobody believes it");
        Assert.Equal("192.0.2.1", (string?)lab.Entry(1, lab.Mac(0))!["address"]);
        Assert.All(lab.Finish(), flow => Assert.Equal((0, 0), (flow.Lost, flow.Twice)));

        // Another that writes our own key.
        Assert.Empty(lab.Alarms(1));
        lab.Etcd.Ctl("put", "--", "/overlay/v1/vteps/vtep-b", """{"version":1,"vtep":"vtep-b","addresses":["192.0.2.77"],"run":"other"}""").OrThrow();
        lab.Await(() => lab.Alarms(1).Any(a => a.StartsWith("vtep_claimed", StringComparison.Ordinal) && a.Contains("vteps/vtep-b", StringComparison.Ordinal) && a.Contains("192.0.2.77", StringComparison.Ordinal)), "its owner raises an alarm", () => string.Join('\n', lab.Alarms(1)));
        lab.Await(() => (string?)lab.Entry(0, lab.Mac(1))!["address"] == "192.0.2.2" && lab.Etcd.Ctl("get", "/overlay/v1/vteps/vtep-b").StdOut.Contains("\"192.0.2.2\"", StringComparison.Ordinal), "it is written again, and believed");
        Assert.Contains("vtep_claimed", lab.Sites[1].Daemon.Ctl("etcd", "status").OrThrow().StdOut, StringComparison.Ordinal);
        lab.Sites[0].WaitForPing("10.0.0.2");
    }
}
