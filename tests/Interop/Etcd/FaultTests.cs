using System.Diagnostics;
using System.Globalization;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Etcd;

/// <summary>What happens to the store must not happen to frames: one lab, one story through every fault, and steady flows all along.</summary>
[Trait("Category", "Peer")]
public sealed class FaultTests(ITestOutputHelper output)
{
    private const int Hosts = 120;
    private const int QuorumSeconds = 30;

    [Fact]
    public void No_frame_is_lost_whatever_happens_to_the_store_and_tables_come_to_equal_what_hosts_did()
    {
        Requires.Tools("nft");
        using var lab = new EtcdLab(new EtcdPeerOptions { Arguments = ["--quota-backend-bytes", "8388608"] });
        lab.Start(", lease: 30s");
        lab.Move(0, Hosts, lab.Everywhere);
        lab.Agree("hosts have spoken");
        lab.Flow(0, 1, 2000);
        lab.Flow(1, 0, 2000);
        lab.Flow(0, 2, 500);
        lab.Flow(2, 1, 500);
        Tell(lab, "leader killed", LeaderKilled);
        Tell(lab, "member paused", MemberPaused);
        Tell(lab, "cut off, compacted meanwhile", CutOff);
        Tell(lab, "quorum lost", QuorumLost);
        Tell(lab, "disk full", DiskFull);
        Tell(lab, "lease revoked", LeaseRevoked);
        Tell(lab, "everything deleted", EverythingDeleted);
        Tell(lab, "store restored", Restored);
        var flows = lab.Finish();
        foreach (var (name, sent, lost, twice, gap, refused) in flows) output.WriteLine($"{name}: {sent} frames, {lost} lost, {twice} twice, longest gap {gap.TotalMilliseconds:0} ms, {refused} times the queue was full");
        output.WriteLine(Machine.Report());
        Assert.All(flows, flow => Assert.Equal((0, 0), (flow.Lost, flow.Twice)));
        lab.Agree("in the end");
        var screen = lab.Sites[0].Daemon.Ctl("etcd", "status").OrThrow().StdOut;
        foreach (var word in new[] { "in-touch", "deleted_by_other", "own_key_changed" }) Assert.Contains(word, screen, StringComparison.Ordinal);
    }

    private void Tell(EtcdLab lab, string fault, Action<EtcdLab> act)
    {
        var began = Stopwatch.GetTimestamp();
        act(lab);
        var lost = lab.Lost();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{fault}: {Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s, {lost} lost"));
        Assert.True(lost == 0, $"{fault}: {lost} frames lost\n{lab.Logs()}");
    }

    private static void LeaderKilled(EtcdLab lab)
    {
        var leader = lab.Etcd.Leader;
        lab.Etcd.Kill(leader);
        lab.Move(0, 20, lab.Everywhere);
        lab.Agree("without its leader");
        lab.WaitForState("in-touch", lab.Everywhere);
        lab.Etcd.Start(leader);
        lab.Await(() => lab.Everywhere.All(site => lab.Status(site)["endpoints"]!.AsArray().All(e => (bool)e!["healthy"]!)), "all see that it is back");
    }

    private static void MemberPaused(EtcdLab lab)
    {
        var watched = lab.Etcd.Member((string)lab.Status(0)["endpoints"]!.AsArray().Single(e => (bool)e!["watched"]!)!["endpoint"]!);
        var lists = lab.Counter(0, "lists");
        lab.Etcd.Freeze(watched);
        lab.Move(20, 20, lab.Everywhere);
        lab.Agree("while a member is paused", maybeStale: true);
        lab.WaitForState("in-touch", lab.Everywhere);
        lab.Etcd.Continue(watched);
        Assert.True(lab.Counter(0, "watches_broken") > 0);
        Assert.Equal(lists, lab.Counter(0, "lists"));
    }

    private static void CutOff(EtcdLab lab)
    {
        var host = lab.Sites[0].Host;
        Cmd.Run(host, "nft", $"add table inet cut; add chain inet cut out {{ type filter hook output priority 0; }}; add rule inet cut out tcp dport {EtcdPeer.Ports} drop").OrThrow();
        lab.WaitForState("out-of-touch", 0);
        Assert.False((bool)lab.Plane(0)["connected"]!);
        Assert.Equal("", lab.OddAt(0, maybeStale: true));
        lab.Move(40, 20, 1, 2);
        lab.Await(() => lab.OddAt(1, false).Length == 0 && lab.OddAt(2, false).Length == 0, "the others go on", () => lab.OddAt(1, false) + lab.OddAt(2, false));
        lab.Etcd.Ctl("compact", lab.Etcd.Revision().ToString(CultureInfo.InvariantCulture), "--physical=true").OrThrow();
        Cmd.Run(host, "nft", "delete table inet cut").OrThrow();
        lab.Agree("it is back");
        lab.WaitForState("in-touch", lab.Everywhere);
        Assert.Equal(1, lab.Counter(0, "lists_compacted"));
        Assert.Equal(0, lab.Counter(0, "leases_lost"));
    }

    private static void QuorumLost(EtcdLab lab)
    {
        lab.Etcd.Kill(0);
        lab.Etcd.Kill(1);
        var since = Stopwatch.GetTimestamp();
        lab.WaitForState("out-of-touch", lab.Everywhere);

        // The model has them where they are; others than the two cannot know.
        var before = lab.Everywhere.Select(site => lab.Sites[site].Daemon.Api.Get($"/v1/fdb?vni={EtcdLab.Vni}")["entries"]!.AsArray().Count).ToArray();
        lab.Move(60, 10, 1);
        lab.Await(
            () =>
            {
                Assert.Equal(before, lab.Everywhere.Select(site => lab.Sites[site].Daemon.Api.Get($"/v1/fdb?vni={EtcdLab.Vni}")["entries"]!.AsArray().Count));
                return Stopwatch.GetElapsedTime(since).TotalSeconds >= QuorumSeconds;
            },
            "half a minute");
        foreach (var site in lab.Everywhere)
        {
            Assert.Equal("out-of-touch", lab.State(site));
            Assert.True((double)lab.Plane(site)["stale_seconds"]! > 5);
        }

        lab.Etcd.Start(0);
        lab.Etcd.Start(1);
        lab.Agree("there is a quorum again");
        lab.WaitForState("in-touch", lab.Everywhere);
    }

    private static void DiskFull(EtcdLab lab)
    {
        // What does not fit any more is refused, and that is the point.
        lab.Etcd.Script("for i in 1 2 3 4 5 6 7 8 9 10; do head -c 1000000 /dev/zero | tr '\\0' x | $etcdctl put /ballast >/dev/null || break; done");
        Assert.Contains("NOSPACE", lab.Etcd.Ctl("alarm", "list").StdOut, StringComparison.Ordinal);
        lab.Await(() => lab.Everywhere.All(site => lab.Sites[site].Daemon.Ctl("etcd", "status").StdOut.Contains("NOSPACE", StringComparison.Ordinal)), "it is shown", () => lab.Status(0).ToJsonString());
        lab.Move(70, 10, lab.Everywhere);
        lab.Etcd.Ctl("del", "/ballast").OrThrow();
        lab.Etcd.Ctl("compact", lab.Etcd.Revision().ToString(CultureInfo.InvariantCulture), "--physical=true").OrThrow();
        lab.Etcd.Ctl("defrag").OrThrow();
        lab.Etcd.Ctl("alarm", "disarm").OrThrow();
        lab.Agree("there is room again");
        lab.WaitForState("in-touch", lab.Everywhere);
        lab.Await(() => lab.Everywhere.All(site => lab.Status(site)["endpoints"]!.AsArray().All(e => e!["alarms"]!.AsArray().Count == 0)), "the alarm is over");
    }

    private static void Restored(EtcdLab lab)
    {
        var snapshot = lab.Etcd.Save();
        lab.Move(80, 20, lab.Everywhere);
        lab.Agree("after the snapshot");
        lab.Etcd.Restore(snapshot);
        lab.Move(100, 5, lab.Everywhere);
        lab.Agree("the store went back");
        lab.WaitForState("in-touch", lab.Everywhere);
        Assert.All(lab.Everywhere, site => Assert.Equal(1, lab.Counter(site, "lists_backwards")));

        // Only then is it swept what nobody wrote again: there is nothing.
        lab.Await(() => lab.Everywhere.All(site => lab.Sites[site].Daemon.Status()["alarms"]!.AsArray().Count == 0), "the sweep is done", () => lab.Sites[0].Daemon.Status().ToJsonString());
        lab.Agree("after the sweep");
    }

    private static void LeaseRevoked(EtcdLab lab)
    {
        var keys = lab.Keys();
        var (lease, lost) = ((string)lab.Status(1)["lease"]!, lab.Counter(1, "leases_lost"));
        lab.Etcd.Ctl("lease", "revoke", lease).OrThrow();
        lab.Await(() => lab.Counter(1, "leases_lost") == lost + 1 && lab.Status(1)["lease"] is { } now && (string?)now != lease, "it has another lease");
        lab.Await(() => lab.Keys() == keys, "everything is written again");
        lab.Agree("nothing went");
        Assert.All([0, 2], site => Assert.Equal(1, lab.Counter(site, "vteps_expired")));
    }

    private static void EverythingDeleted(EtcdLab lab)
    {
        var keys = lab.Keys();
        lab.Etcd.Ctl("del", "--prefix", "/overlay/").OrThrow();
        lab.Await(() => lab.Everywhere.All(site => lab.Faults(site, "deleted_by_other") > 0 && lab.Faults(site, "own_key_changed") > 0), "all see it");
        lab.Await(() => lab.Keys() == keys, "owners have written it again", () => $"{lab.Keys()} of {keys}");
        lab.Agree("nothing went");
    }
}
