using System.Globalization;
using Overlay.TestKit.Net;

namespace Overlay.EndToEnd.Lab;

/// <summary>
/// Two hosts in network namespaces, joined by an underlay, and a contender between them. Disposing it ends every process in the namespaces and removes them.
/// </summary>
/// <remarks>
/// <code>
/// host and many      near[ov0 10.202.0.1]──overlay──eth0 ═══ eth0──overlay──[ov0 10.202.0.2]far      many: far has 16 VTEP addresses, and 16 MACs on ov0
/// bridge             near-w[eth0]──(br0: w0, ov0)──overlay──eth0 ═══ eth0──overlay──(br0: ov0, w0)──[eth0]far-w
/// </code>
/// </remarks>
internal sealed class TwoHosts : IDisposable
{
    private readonly string[] _hosts;
    private readonly string[] _tenants;

    private TwoHosts(IContender contender, Layout layout, Wire wire)
    {
        Contender = contender;
        Layout = layout;
        Lab = new NetLab("ovb");
        _hosts = [Lab.AddHost("near"), Lab.AddHost("far")];
        _tenants = layout == Layout.Bridge ? [Lab.AddHost("near-w"), Lab.AddHost("far-w")] : _hosts;
        JoinUnderlay(wire);
    }

    /// <summary>The namespaces, and all that is ended with them.</summary>
    public NetLab Lab { get; }

    /// <summary>Who joins them.</summary>
    public IContender Contender { get; }

    /// <summary>What stands between tenants and overlay.</summary>
    public Layout Layout { get; }

    /// <summary>The tenants' MTU.</summary>
    public int Mtu => Address.UnderlayMtu - Contender.Overhead;

    /// <summary>The processes of the contender.</summary>
    public IReadOnlyList<int> Daemons { get; private set; } = [];

    /// <summary>Whether a packet of the tenants' MTU with DF crosses: without it TCP figures mean nothing.</summary>
    public bool FullMtuPasses { get; private set; }

    /// <summary>Makes the hosts and lets the contender join them; on any failure nothing is left.</summary>
    public static TwoHosts Up(IContender contender, Layout layout, Wire wire)
    {
        var hosts = new TwoHosts(contender, layout, wire);
        try
        {
            hosts.Daemons = contender.Join(hosts);
            hosts.Finish();
            return hosts;
        }
        catch
        {
            hosts.Dispose();
            throw;
        }
    }

    /// <summary>The namespace of a host.</summary>
    public string Host(Side side) => _hosts[(int)side];

    /// <summary>The namespace that a tenant's address is in.</summary>
    public string Tenant(Side side) => _tenants[(int)side];

    /// <summary>VTEP addresses of a host: one, or 16 on the far host of <see cref="Layout.Many"/>.</summary>
    public IReadOnlyList<string> Vteps(Side side) =>
        [.. Enumerable.Range(0, VtepCount(side)).Select(i => Address.Vtep(side, Contender.IPv6Underlay, i))];

    /// <summary>The same with the prefix length.</summary>
    public string[] VtepCidrs(Side side) => [.. Vteps(side).Select(a => a + (Contender.IPv6Underlay ? "/64" : "/24"))];

    /// <summary>The far host's MACs as macvlan devices on the overlay's device.</summary>
    public void AddFarMacsByMacvlan()
    {
        var far = Host(Side.Far);
        for (var i = 0; i < Address.FarVteps; i++)
        {
            var device = string.Create(CultureInfo.InvariantCulture, $"mv{i}");
            NetLab.Ip(far, "link", "add", device, "link", Address.Port, "address", Address.FarMac(i), "mtu", Text(Mtu), "type", "macvlan", "mode", "private");
            NetLab.Ip(far, "link", "set", device, "up");
            NetLab.Address(far, device, Address.FarTenant(i) + "/32");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Lab.Dispose();

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private int VtepCount(Side side) => Layout == Layout.Many && side == Side.Far ? Address.FarVteps : 1;

    private void JoinUnderlay(Wire wire)
    {
        if (!Contender.IPv6Underlay) SilenceIPv6();
        NetLab.Join(Host(Side.Near), Address.Underlay, Host(Side.Far), Address.Underlay, Address.UnderlayMtu, Contender.UnderlayOffloads);
        foreach (var side in Enum.GetValues<Side>())
        {
            NetLab.Address(Host(side), Address.Underlay, VtepCidrs(side));
            if (wire == Wire.Nic)
            {
                Cmd.Run(
                    Host(side), "ethtool", "-K", Address.Underlay, "tso", "off", "tx-udp_tnl-segmentation", "off", "tx-udp_tnl-csum-segmentation", "off",
                    "tx-udp-segmentation", "off", "gro", "on").OrThrow();
            }
        }

        if (Contender.IPv6Underlay) SilenceIPv6();
    }

    // The tenants speak IPv4 only: no device of theirs sends anything of its own.
    private void SilenceIPv6()
    {
        foreach (var ns in _hosts.Concat(_tenants).Distinct()) NetLab.SilenceNewDevices(ns);
    }

    private void Finish()
    {
        foreach (var side in Enum.GetValues<Side>())
        {
            var host = Host(side);
            NetLab.Ip(host, "link", "set", Address.Port, "address", Address.Mac(side));
            NetLab.Ip(host, "link", "set", Address.Port, "mtu", Text(Mtu), "up");
            var (ns, device) = Layout == Layout.Bridge ? (Tenant(side), AddBridge(side)) : (host, Address.Port);
            NetLab.Address(ns, device, $"{Address.Tenant(side)}/{Text(Address.TenantPrefix)}");
        }

        if (Layout == Layout.Many) AddFarTenants();
        NetLab.WaitForPing(Tenant(Side.Near), Address.Tenant(Side.Far), TimeSpan.FromSeconds(20));
        FullMtuPasses = Cmd.Run(Tenant(Side.Near), "ping", "-M", "do", "-s", Text(Mtu - 28), "-c", "2", "-i", "0.1", "-W", "1", Address.Tenant(Side.Far)).Ok;
    }

    private string AddBridge(Side side)
    {
        const string Workload = "eth0";
        var (host, tenant) = (Host(side), Tenant(side));
        NetLab.Ip(host, "link", "add", "br0", "type", "bridge");
        NetLab.Ip(host, "link", "set", "br0", "mtu", Text(Mtu), "up");
        Cmd.Run(null, "ip", "link", "add", Workload, "netns", tenant, "type", "veth", "peer", "name", "w0", "netns", host).OrThrow();
        NetLab.Ip(tenant, "link", "set", Workload, "address", Address.Mac(side, Layout.Bridge), "mtu", Text(Mtu), "up");
        NetLab.Ip(host, "link", "set", "w0", "mtu", Text(Mtu), "master", "br0", "up");
        NetLab.Ip(host, "link", "set", Address.Port, "master", "br0");
        return Workload;
    }

    // Neighbours are written down: nothing is flooded, so that 16 VTEPs cost only what the measured frames cost.
    private void AddFarTenants()
    {
        var (near, far) = (Host(Side.Near), Host(Side.Far));
        Neighbour(near, Address.Tenant(Side.Far), Address.Mac(Side.Far));
        Neighbour(far, Address.Tenant(Side.Near), Address.Mac(Side.Near));
        for (var i = 0; i < Address.FarVteps; i++) Neighbour(near, Address.FarTenant(i), Address.FarMac(i));
        Contender.AddFarMacs(this);
        for (var i = 0; i < Address.FarVteps; i++) NetLab.WaitForPing(near, Address.FarTenant(i), TimeSpan.FromSeconds(20));
    }

    private static void Neighbour(string ns, string address, string mac) =>
        NetLab.Ip(ns, "neigh", "replace", address, "lladdr", mac, "dev", Address.Port, "nud", "permanent");
}
