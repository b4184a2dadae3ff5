using System.Collections.Concurrent;
using Overlay.Dataplane.Underlay;
using Overlay.Encap;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Dataplane.Tests.Underlay;

public sealed class UnderlayMonitorTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);
    private readonly NetLab _lab = new();

    public void Dispose() => _lab.Dispose();

    [Fact]
    public void Addresses_links_and_mtu_are_followed()
    {
        string ns = _lab.AddHost("m");
        Cmd.Run(ns, "ip", "link", "add", "u0", "type", "veth", "peer", "name", "u1").OrThrow();
        Cmd.Run(ns, "ip", "link", "set", "u0", "up").OrThrow();
        Cmd.Run(ns, "ip", "link", "set", "u1", "up").OrThrow();
        var changes = new ConcurrentQueue<UnderlayChange>();
        using var monitor = new UnderlayMonitor([UnderlayAddress.Parse("192.0.2.1"), UnderlayAddress.Parse("2001:db8::1")], () => [], changes.Enqueue);
        Assert.Null(NetNs.Run(ns, monitor.Start));
        Assert.All(monitor.Current.Addresses, address => Assert.False(address.Present));

        Cmd.Run(ns, "ip", "addr", "add", "192.0.2.1/24", "dev", "u0").OrThrow();
        Cmd.Run(ns, "ip", "addr", "add", "2001:db8::1/64", "dev", "u0", "nodad").OrThrow();
        Wait.Until(() => monitor.Current.Addresses.All(address => address is { Present: true, LinkUp: true, Device: "u0", Mtu: 1500 }), Limit, "both addresses");
        Cmd.Run(ns, "ip", "link", "set", "u0", "mtu", "1400").OrThrow();
        Wait.Until(() => monitor.Current.Addresses.All(address => address.Mtu == 1400), Limit, "the MTU");
        Cmd.Run(ns, "ip", "link", "set", "u1", "down").OrThrow();
        Wait.Until(() => monitor.Current.Addresses.All(address => !address.LinkUp), Limit, "the lost carrier");
        Cmd.Run(ns, "ip", "addr", "del", "192.0.2.1/24", "dev", "u0").OrThrow();
        Wait.Until(() => !monitor.Current.Addresses[0].Present, Limit, "the lost address");
        Cmd.Run(ns, "ip", "link", "del", "u0").OrThrow();
        Wait.Until(() => monitor.Current.Addresses.All(address => !address.Present), Limit, "the lost link");
        Assert.Equal(monitor.Current, changes.Last());
    }

    [Fact]
    public void An_address_on_a_loopback_device_takes_its_mtu_from_the_route_to_the_peers()
    {
        string ns = _lab.AddHost("m");
        Cmd.Run(ns, "ip", "link", "add", "u0", "mtu", "1420", "type", "veth", "peer", "name", "u1").OrThrow();
        Cmd.Run(ns, "ip", "link", "set", "u0", "up").OrThrow();
        Cmd.Run(ns, "ip", "link", "set", "u1", "up").OrThrow();
        Cmd.Run(ns, "ip", "addr", "add", "198.51.100.1/32", "dev", "lo").OrThrow();
        Cmd.Run(ns, "ip", "addr", "add", "192.0.2.1/24", "dev", "u0").OrThrow();
        Cmd.Run(ns, "ip", "route", "add", "198.51.100.2/32", "via", "192.0.2.2").OrThrow();
        using var monitor = new UnderlayMonitor([UnderlayAddress.Parse("198.51.100.1")], () => [UnderlayAddress.Parse("198.51.100.2")], _ => { });
        Assert.Null(NetNs.Run(ns, monitor.Start));
        Assert.Equal(1420, monitor.Current.Addresses[0].Mtu);
        Cmd.Run(ns, "ip", "route", "replace", "198.51.100.2/32", "via", "192.0.2.2", "mtu", "1300").OrThrow();
        Wait.Until(() => monitor.Current.Addresses[0].Mtu == 1300, Limit, "the route's MTU");
    }

    [Fact]
    public void The_mtu_of_routes_to_peers_is_known_and_that_of_IPv6_on_a_device_but_not_what_ICMP_told_the_kernel()
    {
        string ns = _lab.AddHost("m");
        NetLab.Ip(ns, "link", "add", "u0", "mtu", "9000", "type", "veth", "peer", "name", "u1");
        NetLab.Ip(ns, "link", "set", "u0", "up");
        NetLab.Ip(ns, "link", "set", "u1", "up");
        NetLab.Address(ns, "u0", "192.0.2.1/24", "2001:db8::1/64");
        UnderlayAddress near = UnderlayAddress.Parse("192.0.2.9");
        UnderlayAddress far = UnderlayAddress.Parse("198.51.100.2");
        UnderlayAddress six = UnderlayAddress.Parse("2001:db8::9");
        using var monitor = new UnderlayMonitor([UnderlayAddress.Parse("192.0.2.1"), UnderlayAddress.Parse("2001:db8::1")], () => [near, far, six], _ => { });
        Assert.Null(NetNs.Run(ns, monitor.Start));
        NetLab.Ip(ns, "route", "add", "198.51.100.0/24", "via", "192.0.2.2", "mtu", "1500");
        Wait.Until(() => monitor.RouteMtus.GetValueOrDefault(far) == 1500, Limit, "the route's MTU");
        Assert.False(monitor.RouteMtus.ContainsKey(near) || monitor.RouteMtus.ContainsKey(six));
        NetLab.Sysctl(ns, "net/ipv6/conf/u0/mtu", "1400");
        monitor.Refresh();
        Wait.Until(() => monitor.RouteMtus.GetValueOrDefault(six) == 1400, Limit, "the MTU of IPv6 on the device");
        NetLab.Ip(ns, "route", "del", "198.51.100.0/24");
        Wait.Until(() => !monitor.RouteMtus.ContainsKey(far), Limit, "the route to be gone");
    }

    [Fact]
    public void A_device_towards_a_peer_that_is_narrower_than_that_of_the_local_address_is_known()
    {
        string ns = _lab.AddHost("m");
        foreach ((string device, string other, string mtu) in new[] { ("u0", "u1", "9000"), ("w0", "w1", "1420") })
        {
            NetLab.Ip(ns, "link", "add", device, "mtu", mtu, "type", "veth", "peer", "name", other);
            NetLab.Ip(ns, "link", "set", device, "up");
            NetLab.Ip(ns, "link", "set", other, "up");
        }

        NetLab.Address(ns, "u0", "192.0.2.1/24");
        NetLab.Address(ns, "w0", "203.0.113.1/24");
        UnderlayAddress near = UnderlayAddress.Parse("192.0.2.9");
        UnderlayAddress far = UnderlayAddress.Parse("198.51.100.2");
        using var monitor = new UnderlayMonitor([UnderlayAddress.Parse("192.0.2.1")], () => [near, far], _ => { });
        Assert.Null(NetNs.Run(ns, monitor.Start));
        NetLab.Ip(ns, "route", "add", "198.51.100.0/24", "via", "203.0.113.2");
        Wait.Until(() => monitor.RouteMtus.GetValueOrDefault(far) == 1420, Limit, "the device's MTU");
        Assert.False(monitor.RouteMtus.ContainsKey(near));
        NetLab.Ip(ns, "route", "replace", "198.51.100.0/24", "via", "203.0.113.2", "mtu", "1300");
        Wait.Until(() => monitor.RouteMtus.GetValueOrDefault(far) == 1300, Limit, "the route's MTU, which is less");
        NetLab.Ip(ns, "route", "replace", "198.51.100.0/24", "via", "192.0.2.2");
        Wait.Until(() => !monitor.RouteMtus.ContainsKey(far), Limit, "the wide device");
    }

    [Fact]
    public void Lost_messages_make_the_monitor_read_everything_again()
    {
        string ns = _lab.AddHost("m");
        NetLab.Ip(ns, "link", "add", "u0", "type", "veth", "peer", "name", "u1");
        using var entered = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        using var monitor = new UnderlayMonitor([UnderlayAddress.Parse("192.0.2.1")], () => [], change =>
        {
            entered.Set();
            _ = release.Wait(TimeSpan.FromSeconds(30));
        });
        Assert.Null(NetNs.Run(ns, monitor.Start));
        NetLab.Address(ns, "u0", "192.0.2.1/24");
        Assert.True(entered.Wait(Limit));

        // The monitor hears nothing now; far more happens than its socket can hold.
        string batch = Path.Combine(_lab.Folder, "batch");
        File.WriteAllLines(batch, Enumerable.Range(0, 4000).Select(i => $"link set u0 mtu {1300 + (i % 2)}"));
        NetLab.Ip(ns, "-batch", batch);
        NetLab.Ip(ns, "link", "set", "u0", "mtu", "1234");
        release.Set();
        Wait.Until(() => monitor.Current.Addresses[0].Mtu == 1234, Limit, "the last MTU");
        Assert.NotEqual(0, monitor.OverflowCount);
    }
}
