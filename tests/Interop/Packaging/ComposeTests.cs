using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Packaging;

/// <summary>The lab of <c>docker-compose.yml</c>, as somebody who reads docs/labs.md would run it.</summary>
[Trait("Category", "Peer")]
[Trait("Category", "Long")]
[Collection(DockerCollection.Name)]
public sealed class ComposeTests(DockerDaemon docker)
{
    private const string Project = "lab";
    private static readonly string[] Hosts = ["a", "b", "c", "k"];
    private static readonly string[] Vteps = ["a", "b", "c"];

    [Fact]
    public void Workloads_of_four_hosts_reach_each_other_by_the_overlay_only_and_again_after_a_VTEP_was_killed()
    {
        _ = Staged.Programs;
        docker.Start();
        try
        {
            docker.Compose(Project, "up", "--build", "--detach").OrThrow();
            foreach (var vtep in Vteps) WaitForHealth(vtep);
            foreach (var (from, to) in Pairs()) WaitForPing(from, to);
            foreach (var from in Hosts) PingAll(from);

            Confined();
            // Both encapsulations are in use, and the kernel's device is one of the peers.
            var peers = docker.Exec(Container("vtep-a"), "overlayctl", "status").OrThrow().StdOut.Split('\n');
            Assert.Contains(peers, l => l.StartsWith("b ", StringComparison.Ordinal) && l.Contains("geneve", StringComparison.Ordinal));
            Assert.Contains(peers, l => l.StartsWith("k ", StringComparison.Ordinal) && l.Contains("vxlan", StringComparison.Ordinal));

            docker.Docker("kill", Container("vtep-a")).OrThrow();
            Assert.False(Ping("a", "b").Ok, "there is a way that is not the overlay");
            PingAll("b", except: "a");

            docker.Docker("start", Container("vtep-a")).OrThrow();
            WaitForHealth("a");
            foreach (var (from, to) in Pairs()) WaitForPing(from, to);
            foreach (var from in Hosts) PingAll(from);
        }
        catch (Exception e) when (e is not SkipTestException)
        {
            throw new InvalidOperationException(docker.Compose(Project, "logs", "--no-color", "--tail", "40").ToString(), e);
        }
        finally
        {
            docker.Compose(Project, "down", "--timeout", "2");
        }

        Assert.Equal("", docker.Docker("ps", "--all", "--quiet").OrThrow().StdOut.Trim());
        Assert.DoesNotContain("underlay", docker.Docker("network", "ls").OrThrow().StdOut, StringComparison.Ordinal);
    }

    [Fact]
    public void With_the_EVPN_profile_three_VTEPs_know_each_other_by_a_route_reflector_alone()
    {
        _ = Staged.Programs;
        docker.Start();
        docker.Plane = "evpn";
        try
        {
            docker.Compose(Project, "up", "--build", "--detach").OrThrow();
            foreach (var vtep in Vteps)
            {
                WaitForHealth(vtep);
                Wait.Until(
                    () => docker.Exec(Container("vtep-" + vtep), "overlayctl", "evpn", "neighbors").StdOut.Split('\n').Any(l => l.StartsWith("192.0.2.20 ", StringComparison.Ordinal) && l.Contains("established", StringComparison.Ordinal)),
                    TimeSpan.FromSeconds(20), $"vtep-{vtep} has its route reflector", () => $"{docker.Docker("logs", Container("rr"))}\n{docker.Exec(Container("vtep-" + vtep), "overlayctl", "evpn", "neighbor", "show", "192.0.2.20")}");
            }

            foreach (var (from, to) in Pairs()) WaitForPing(from, to);
            foreach (var from in Hosts) PingAll(from);
            var table = docker.Exec(Container("vtep-a"), "overlayctl", "fdb", "show").OrThrow().StdOut.Split('\n');
            Assert.Contains(table, l => l.Contains(" evpn ", StringComparison.Ordinal) && l.Contains("192.0.2.12", StringComparison.Ordinal));
        }
        catch (Exception e) when (e is not SkipTestException)
        {
            throw new InvalidOperationException(docker.Compose(Project, "logs", "--no-color", "--tail", "40").ToString(), e);
        }
        finally
        {
            docker.Compose(Project, "down", "--timeout", "2");
            docker.Plane = "static";
        }
    }

    [Fact]
    public void With_the_etcd_profile_three_VTEPs_know_each_other_by_a_cluster_of_three_alone()
    {
        _ = Staged.Programs;
        docker.Start();
        docker.Plane = "etcd";
        try
        {
            docker.Compose(Project, "up", "--build", "--detach").OrThrow();
            foreach (var vtep in Vteps)
            {
                WaitForHealth(vtep);
                Wait.Until(() => Etcd(vtep, "status").Contains("in-touch", StringComparison.Ordinal), TimeSpan.FromSeconds(20), $"vtep-{vtep} has its store", () => $"{docker.Docker("logs", Container("etcd-1"))}\n{Etcd(vtep, "status")}");
            }

            foreach (var (from, to) in Pairs()) WaitForPing(from, to);
            foreach (var from in Hosts) PingAll(from);
            var table = docker.Exec(Container("vtep-a"), "overlayctl", "fdb", "show").OrThrow().StdOut.Split('\n');
            Assert.Contains(table, l => l.Contains(" etcd ", StringComparison.Ordinal) && l.Contains("192.0.2.12", StringComparison.Ordinal));
            Assert.Contains("/overlay/v1/vteps/b", docker.Exec(Container("etcd-1"), "etcdctl", "get", "--prefix", "--keys-only", "/overlay/").OrThrow().StdOut, StringComparison.Ordinal);

            // A member of three, and nobody notices; a VTEP, and what it said goes with its lease.
            docker.Docker("kill", Container("etcd-1")).OrThrow();
            foreach (var from in Hosts) PingAll(from);
            docker.Docker("kill", Container("vtep-c")).OrThrow();
            Wait.Until(() => !Etcd("a", "dump").Contains("/vteps/c ", StringComparison.Ordinal), TimeSpan.FromSeconds(20), "the dead VTEP's keys go with its lease", () => Etcd("a", "status") + Etcd("a", "dump"));
            Wait.Until(
                () => !docker.Exec(Container("vtep-a"), "overlayctl", "fdb", "show").OrThrow().StdOut.Contains("192.0.2.13", StringComparison.Ordinal),
                TimeSpan.FromSeconds(10), "and so do its entries", () => Etcd("a", "status"));
            PingAll("a", except: "c");
            docker.Docker("start", Container("vtep-c")).OrThrow();
            WaitForHealth("c");
            foreach (var (from, to) in Pairs()) WaitForPing(from, to);
        }
        catch (Exception e) when (e is not SkipTestException)
        {
            throw new InvalidOperationException(docker.Compose(Project, "logs", "--no-color", "--tail", "40").ToString(), e);
        }
        finally
        {
            docker.Compose(Project, "down", "--timeout", "2");
            docker.Plane = "static";
        }
    }

    // Who the daemon is and what it may; what a workload sees.
    private void Confined()
    {
        var status = docker.Exec(Container("vtep-a"), "cat", "/proc/1/status").OrThrow().StdOut.Split('\n');
        Assert.Contains("Uid:\t10001\t10001\t10001\t10001", status);
        foreach (var set in new[] { "CapPrm", "CapEff", "CapBnd" }) Assert.Contains($"{set}:\t0000000000001000", status);
        var devices = docker.Exec(Container("web-a"), "ip", "-o", "link").OrThrow().StdOut.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["lo", "eth0"], devices.Select(l => l.Split(": ")[1].Split('@')[0]));
        Assert.Equal("", docker.Exec(Container("web-a"), "ip", "route", "show", "default").OrThrow().StdOut.Trim());
    }

    private string Etcd(string vtep, string verb) => docker.Exec(Container("vtep-" + vtep), "overlayctl", "etcd", verb).StdOut;

    private static string Container(string service) => $"{Project}_{service}_1";

    private static string Address(string host) => $"10.90.0.{Array.IndexOf(Hosts, host) + 1}";

    private static IEnumerable<(string From, string To)> Pairs() => Hosts.SelectMany(from => Hosts.Where(to => to != from).Select(to => (from, to)));

    private void WaitForHealth(string vtep) => Wait.Until(
        () => docker.Docker("inspect", "--format", "{{.State.Health.Status}}", Container("vtep-" + vtep)).StdOut.Trim() == "healthy",
        TimeSpan.FromSeconds(20), $"vtep-{vtep} is healthy", () => docker.Docker("inspect", "--format", "{{json .State}}", Container("vtep-" + vtep)).ToString());

    private CmdResult Ping(string from, string to) => docker.Exec(Container("web-" + from), "ping", "-c", "1", "-W", "1", Address(to));

    private void WaitForPing(string from, string to) => Wait.Until(() => Ping(from, to).Ok, TimeSpan.FromSeconds(10), $"web-{from} pings web-{to}");

    // 20 frames a second to each of the others: it ends with the tenth answer, and none before it may be missing.
    private void PingAll(string from, string except = "")
    {
        foreach (var to in Hosts.Where(h => h != from && h != except))
        {
            var result = docker.Exec(Container("web-" + from), "ping", "-n", "-c", "10", "-i", "0.05", "-w", "30", Address(to));
            Assert.True(result.Ok && Echoes.Missing(result.StdOut).Count == 0, result.ToString());
        }
    }
}
