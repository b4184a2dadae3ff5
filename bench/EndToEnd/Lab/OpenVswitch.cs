using System.Globalization;
using Overlay.TestKit.Net;

namespace Overlay.EndToEnd.Lab;

/// <summary>Open vSwitch with its userspace datapath, VXLAN: a switch of its own on each host.</summary>
internal sealed class OpenVswitch : IContender
{
    /// <inheritdoc/>
    public string Name => "ovs";

    /// <inheritdoc/>
    public string Description => "Open vSwitch, userspace datapath, VXLAN";

    /// <inheritdoc/>
    public int Overhead => 50;

    // It reads frames off the veth by AF_PACKET: a checksum that the sender left to the device would never be finished.
    /// <inheritdoc/>
    public bool UnderlayOffloads => false;

    /// <inheritdoc/>
    public IReadOnlyList<Row> RowsOn(Wire wire) => wire == Wire.Veth ? [Row.Tcp1, Row.Udp64, Row.Flows, Row.Mixed, Row.Rtt, Row.Loaded] : [];

    /// <inheritdoc/>
    public IReadOnlyList<int> Join(TwoHosts hosts)
    {
        var switches = Enum.GetValues<Side>().Select(side => OvsPeer.Start(hosts.Lab, hosts.Host(side), Address.Underlay, hosts.VtepCidrs(side))).ToArray();
        foreach (var side in Enum.GetValues<Side>())
        {
            var ovs = switches[(int)side];
            var vteps = hosts.Vteps(Address.Other(side));
            ovs.AddPort(Address.Mac(side), hosts.Mtu);
            // A host that answers at several addresses takes the tunnel's packets at all of them.
            var local = hosts.Vteps(side).Count > 1 ? null : hosts.Vteps(side)[0];
            for (var i = 0; i < vteps.Count; i++) ovs.AddTunnel(Tunnel(i), "vxlan", local, vteps[i], Address.Vni.ToString(CultureInfo.InvariantCulture));
            if (vteps.Count > 1) ForwardByMac(ovs, vteps.Count);
        }

        return [.. switches.Select(s => s.Pid)];
    }

    private static string Tunnel(int index) => string.Create(CultureInfo.InvariantCulture, $"tun{index}");

    // Written down as for everybody: nothing is learned and nothing flooded to 16 tunnels.
    private static void ForwardByMac(OvsPeer ovs, int tunnels)
    {
        var first = ovs.PortNumber(Tunnel(0));
        List<string> flows = [$"dl_dst={Address.Mac(Side.Near)},actions=output:{ovs.PortNumber(Address.Port)}", $"dl_dst={Address.Mac(Side.Far)},actions=output:{first}"];
        for (var i = 0; i < tunnels; i++) flows.Add($"dl_dst={Address.FarMac(i)},actions=output:{ovs.PortNumber(Tunnel(i))}");
        ovs.SetFlows([.. flows]);
    }
}
