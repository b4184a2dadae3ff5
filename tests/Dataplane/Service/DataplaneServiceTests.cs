using Overlay.Dataplane.Diagnostics;
using Overlay.Encap;
using Overlay.Forwarding.Topology;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Dataplane.Tests.Service;

public sealed class DataplaneServiceTests
{
    [Theory]
    [InlineData(false, EncapKind.Vxlan)]
    [InlineData(false, EncapKind.Geneve)]
    [InlineData(true, EncapKind.Vxlan)]
    [InlineData(true, EncapKind.Geneve)]
    public void Two_hosts_ping_each_other(bool isIPv6, EncapKind encap)
    {
        using var hosts = new TwoHosts(isIPv6, encap);
        NetLab.WaitForPing(hosts.TenantA, "10.0.0.2");
        NetLab.WaitForPing(hosts.TenantA, "fd00::2");
        string mtu = Cmd.Run(hosts.TenantA, "cat", "/sys/class/net/tap0/mtu").OrThrow().StdOut.Trim();
        Assert.Equal(isIPv6 ? "1430" : "1450", mtu);
        Cmd.Run(hosts.TenantA, "ping", "-c", "3", "-i", "0.01", "-M", "do", "-s", isIPv6 ? "1402" : "1422", "10.0.0.2").OrThrow();
        TwoHosts.AssertBalanced(hosts.A);
        TwoHosts.AssertBalanced(hosts.B);
        Assert.Equal(0, hosts.A.Snapshot().WorkerFaults);
    }

    [Fact]
    public void Traffic_passes_with_several_workers_and_every_frame_has_an_outcome()
    {
        using var hosts = new TwoHosts(isIPv6: false, EncapKind.Vxlan, workers: 2);
        NetLab.WaitForPing(hosts.TenantA, "10.0.0.2");
        Cmd.Run(hosts.TenantA, "ping", "-c", "2000", "-i", "0", "-q", "-f", "10.0.0.2").OrThrow();
        TwoHosts.AssertBalanced(hosts.A);
        Assert.Equal(2 * 2, hosts.A.Snapshot().Sockets.Length);
    }

    [Fact]
    public async Task A_port_that_only_changes_its_mode_keeps_its_device_and_its_index()
    {
        using var hosts = new TwoHosts(isIPv6: false, EncapKind.Vxlan);
        NetLab.WaitForPing(hosts.TenantA, "10.0.0.2");
        using RunningProcess flood = Cmd.Start(hosts.TenantA, null, "ping", "-f", "-q", "-w", "2", "10.0.0.2");
        string before = NetLab.Ip(hosts.TenantA, "-o", "link", "show", "tap0").StdOut.Split(':')[0];
        using TopologyPlan plan = hosts.A.Prepare(TwoHosts.Topology(hosts.TenantA, port => port with { Mode = PortMode.Transparent, MacLimit = 7 }));
        Assert.Empty(plan.Errors);
        hosts.A.Commit(plan);
        await hosts.A.RetireAsync(plan);
        Assert.Empty(plan.Retired);
        Assert.Equal(before, NetLab.Ip(hosts.TenantA, "-o", "link", "show", "tap0").StdOut.Split(':')[0]);
        for (int round = 0; round < 20; round++)
            TwoHosts.Apply(hosts.A, hosts.HostA, TwoHosts.Topology(hosts.TenantA, port => port with { MacLimit = 100 + round }));
        _ = flood.WaitForExit(TwoHosts.Limit).OrThrow();
        Assert.Equal(0, hosts.A.Snapshot().Counters.Dropped(Direction.Tx, DropReason.PortDown));
        Assert.True(hosts.A.Snapshot().Ports[0].TxFrames >= hosts.A.Snapshot().Counters.Delivered(Direction.Tx));
    }

    [Fact]
    public void Ports_come_and_go_while_traffic_passes()
    {
        using var hosts = new TwoHosts(isIPv6: false, EncapKind.Vxlan);
        NetLab.WaitForPing(hosts.TenantA, "10.0.0.2");
        TopologySpec one = TwoHosts.Topology(hosts.TenantA);
        PortSpec second = new() { Name = "db", Device = "tap1", Netns = hosts.TenantB };
        TopologySpec two = one with { Ports = one.Ports.Add("db", second), Vnis = [one.Vnis[0] with { Ports = ["web", "db"] }] };
        for (int round = 0; round < 5; round++)
        {
            TwoHosts.Apply(hosts.A, hosts.HostA, two);
            Assert.True(NetLab.HasDevice(hosts.TenantB, "tap1"));
            Assert.Equal(2, hosts.A.Snapshot().Ports.Length);
            TwoHosts.Apply(hosts.A, hosts.HostA, one);
            WaitUntilGone(hosts.TenantB, "tap1");
            NetLab.WaitForPing(hosts.TenantA, "10.0.0.2");
        }
    }

    [Fact]
    public void A_plan_that_is_given_up_leaves_nothing_behind()
    {
        using var hosts = new TwoHosts(isIPv6: false, EncapKind.Vxlan);
        TopologySpec one = TwoHosts.Topology(hosts.TenantA);
        PortSpec good = new() { Name = "good", Device = "tap1", Netns = hosts.TenantB };
        PortSpec bad = new() { Name = "bad", Device = "tap2", Netns = "no-such-namespace" };
        using (TopologyPlan plan = hosts.A.Prepare(one with { Ports = one.Ports.Add("good", good).Add("bad", bad) }))
        {
            Assert.Contains("'bad'", Assert.Single(plan.Errors), StringComparison.Ordinal);
            Assert.True(NetLab.HasDevice(hosts.TenantB, "tap1"));
        }

        WaitUntilGone(hosts.TenantB, "tap1");
        NetLab.WaitForPing(hosts.TenantA, "10.0.0.2");
    }

    [Fact]
    public void A_plan_that_is_given_up_leaves_a_device_of_somebody_else_as_it_was()
    {
        using var hosts = new TwoHosts(isIPv6: false, EncapKind.Vxlan);
        TopologySpec one = TwoHosts.Topology(hosts.TenantA);
        NetLab.Ip(hosts.TenantB, "tuntap", "add", "tap1", "mode", "tap");
        NetLab.Ip(hosts.TenantB, "link", "set", "tap1", "address", "02:00:00:00:00:11", "mtu", "1300");
        NetLab.Ip(hosts.TenantB, "link", "add", "br1", "type", "bridge");
        PortSpec theirs = new()
        {
            Name = "theirs",
            Device = "tap1",
            Netns = hosts.TenantB,
            Mac = MacAddress.Parse("02:00:00:00:00:22"),
            Mtu = 1200,
            Bridge = "br1",
        };
        TopologySpec two = one with { Ports = one.Ports.Add("theirs", theirs) };
        string before = Link();
        using (TopologyPlan plan = hosts.A.Prepare(two with { Ports = two.Ports.Add("bad", new() { Name = "bad", Device = "tap2", Netns = "no-such-namespace" }) }))
            Assert.Single(plan.Errors);

        Assert.Equal(before, Link());
        using (TopologyPlan plan = hosts.A.Prepare(one with { Ports = one.Ports.Add("theirs", theirs with { Bridge = "br9" }) }))
            Assert.Contains("br9", Assert.Single(plan.Errors), StringComparison.Ordinal);

        TwoHosts.Apply(hosts.A, hosts.HostA, two);
        string after = Link();
        foreach (string wanted in (ReadOnlySpan<string>)["mtu 1200", "02:00:00:00:00:22", "master br1", ",UP"])
            Assert.Contains(wanted, after, StringComparison.Ordinal);

        DataplaneSnapshot.PortStatus status = Assert.Single(hosts.A.Snapshot().Ports, static port => port.Name == "theirs");
        Assert.Equal(("02:00:00:00:00:22", 1200, true), (status.Mac.ToString(), status.Mtu, status.IsUp));

        // What a descriptor is open on has a carrier, which is not ours to preserve.
        string Link() => NetLab.Ip(hosts.TenantB, "-o", "link", "show", "tap1").StdOut.Replace("NO-CARRIER,", "", StringComparison.Ordinal);
    }

    [Fact]
    public void A_deleted_device_closes_its_port_and_the_next_plan_opens_it_again()
    {
        using var hosts = new TwoHosts(isIPv6: false, EncapKind.Vxlan);
        NetLab.WaitForPing(hosts.TenantA, "10.0.0.2");
        NetLab.Ip(hosts.TenantA, "link", "del", "tap0");
        Wait.Until(() => !hosts.A.Snapshot().Ports[0].IsUp, TwoHosts.Limit, "the port to be down");
        TwoHosts.Apply(hosts.A, hosts.HostA, TwoHosts.Topology(hosts.TenantA));
        NetLab.Address(hosts.TenantA, "tap0", "10.0.0.1/24");
        NetLab.WaitForPing(hosts.TenantA, "10.0.0.2");
    }

    [Fact]
    public void What_the_kernel_dropped_at_ports_is_still_known_when_they_are_gone()
    {
        using var hosts = new TwoHosts(isIPv6: false, EncapKind.Vxlan);
        NetLab.Ip(hosts.TenantB, "tuntap", "add", "dev", "tap1", "mode", "tap", "multi_queue");
        NetLab.Ip(hosts.TenantB, "link", "set", "tap1", "txqueuelen", "1");
        TopologySpec one = TwoHosts.Topology(hosts.TenantA);
        TopologySpec two = one with { Ports = one.Ports.Add("db", new PortSpec { Name = "db", Device = "tap1", Netns = hosts.TenantB }) };
        TwoHosts.Apply(hosts.A, hosts.HostA, two);
        using var tenant = new PacketSocket(hosts.TenantB, "tap1", receive: false);
        Wait.Until(Overflows, TwoHosts.Limit, "an overflow");
        TwoHosts.Apply(hosts.A, hosts.HostA, one);
        long dropped = Dropped();
        Assert.NotEqual(0, dropped);

        // It counts on from where it was.
        TwoHosts.Apply(hosts.A, hosts.HostA, two);
        Assert.True(hosts.A.Snapshot().Ports.Single(port => port.Name == "db").QueueDrops >= dropped);
        Assert.InRange(Dropped(), dropped, dropped + 100);

        long Dropped() => hosts.A.Snapshot().Kernel.Single(counter => counter.Name == "tap_queue_drops").Value;

        bool Overflows()
        {
            for (int i = 0; i < 100; i++)
                tenant.Offer(new byte[60]);
            return Dropped() > 200;
        }
    }

    [Fact]
    public void A_mac_that_somebody_gave_the_device_is_taken_over()
    {
        using var hosts = new TwoHosts(isIPv6: false, EncapKind.Vxlan);
        NetLab.Ip(hosts.TenantA, "link", "set", "tap0", "address", "02:00:00:00:00:42");
        hosts.A.FollowDevices();
        Assert.Equal("02:00:00:00:00:42", hosts.A.Snapshot().Ports[0].Mac.ToString());
    }

    [Fact]
    public void An_auto_mtu_that_somebody_changed_is_set_again_and_a_fixed_one_is_taken_over()
    {
        using var hosts = new TwoHosts(isIPv6: false, EncapKind.Vxlan);
        NetLab.Ip(hosts.TenantA, "link", "set", "tap0", "mtu", "1300");
        hosts.A.FollowDevices();
        Assert.Equal(1450, hosts.A.Snapshot().Ports[0].Mtu);
        Assert.Contains("mtu 1450", NetLab.Ip(hosts.TenantA, "link", "show", "tap0").StdOut, StringComparison.Ordinal);
        TwoHosts.Apply(hosts.A, hosts.HostA, TwoHosts.Topology(hosts.TenantA, static port => port with { Mtu = 1400 }));
        NetLab.Ip(hosts.TenantA, "link", "set", "tap0", "mtu", "1300");
        hosts.A.FollowDevices();
        Assert.Equal(1300, hosts.A.Snapshot().Ports[0].Mtu);
    }

    [Fact]
    public void An_auto_mtu_follows_the_underlay()
    {
        using var hosts = new TwoHosts(isIPv6: false, EncapKind.Vxlan);
        NetLab.Ip(hosts.HostA, "link", "set", "u0", "mtu", "1400");
        Wait.Until(() => hosts.A.Snapshot().Ports[0].Mtu == 1350, TwoHosts.Limit, "the port's MTU");
        Assert.Contains("mtu 1350", NetLab.Ip(hosts.TenantA, "link", "show", "tap0").StdOut, StringComparison.Ordinal);
    }

    [Fact]
    public void Underlay_loss_and_return_heal_without_restart()
    {
        using var hosts = new TwoHosts(isIPv6: false, EncapKind.Vxlan);
        NetLab.WaitForPing(hosts.TenantA, "10.0.0.2");
        NetLab.Ip(hosts.HostA, "link", "set", "u0", "down");
        NetLab.Ip(hosts.HostA, "addr", "flush", "dev", "u0");
        Wait.Until(() => !hosts.A.Underlay.Addresses[0].Present, TwoHosts.Limit, "the address to be absent");
        NetLab.Ip(hosts.HostA, "link", "set", "u0", "up");
        NetLab.Address(hosts.HostA, "u0", $"{hosts.UnderlayA}/24");
        NetLab.WaitForPing(hosts.TenantA, "10.0.0.2");
        Wait.Until(() => hosts.A.Underlay.Addresses[0] is { Present: true, LinkUp: true }, TwoHosts.Limit, "the address to be present");
    }

    [Fact]
    public void Workers_read_the_sockets_that_replace_those_of_a_device_that_was_made_again()
    {
        using var hosts = new TwoHosts(isIPv6: false, EncapKind.Vxlan, workers: 2, device: "u0");
        NetLab.WaitForPing(hosts.TenantA, "10.0.0.2");
        NetLab.Ip(hosts.HostA, "link", "del", "u0");
        Wait.Until(() => !hosts.A.Underlay.Addresses[0].Present && !hosts.B.Underlay.Addresses[0].Present, TwoHosts.Limit, "the loss is seen");
        NetLab.Join(hosts.HostA, "u0", hosts.HostB, "u0");
        NetLab.Address(hosts.HostA, "u0", $"{hosts.UnderlayA}/24");
        NetLab.Address(hosts.HostB, "u0", $"{hosts.UnderlayB}/24");
        NetLab.WaitForPing(hosts.TenantA, "10.0.0.2");
        NetLab.WaitForPing(hosts.TenantB, "10.0.0.1");
        Assert.Equal(0, hosts.A.Snapshot().WorkerFaults + hosts.B.Snapshot().WorkerFaults);
    }

    [Fact]
    public async Task Stopping_removes_devices_and_every_frame_has_an_outcome()
    {
        using var hosts = new TwoHosts(isIPv6: false, EncapKind.Vxlan);
        NetLab.WaitForPing(hosts.TenantA, "10.0.0.2");
        await hosts.A.StopAsync(TimeSpan.FromMilliseconds(100));
        WaitUntilGone(hosts.TenantA, "tap0");
        CounterSnapshot counters = hosts.A.Forwarding.SnapshotCounters();
        Assert.Equal(counters.Received(Direction.Tx), counters.Delivered(Direction.Tx) + counters.Dropped(Direction.Tx) + counters.Consumed(Direction.Tx));
    }

    // A program that another test is starting just now holds our descriptors from its fork to its exec.
    private static void WaitUntilGone(string ns, string device) =>
        Wait.Until(() => !NetLab.HasDevice(ns, device), TimeSpan.FromSeconds(5), $"{device} to go");
}
