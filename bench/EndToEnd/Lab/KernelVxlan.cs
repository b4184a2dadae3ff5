using System.Globalization;
using Overlay.TestKit.Net;

namespace Overlay.EndToEnd.Lab;

/// <summary>The vxlan device of the Linux kernel, with its forwarding table written down. What everything else is compared with.</summary>
internal sealed class KernelVxlan : IContender
{
    /// <summary>The name that ratios are to.</summary>
    public const string Baseline = "kernel";

    /// <inheritdoc/>
    public string Name => Baseline;

    /// <inheritdoc/>
    public string Description => "the kernel's vxlan device, IPv4 underlay, no learning";

    /// <inheritdoc/>
    public int Overhead => 50;

    /// <inheritdoc/>
    public IReadOnlyList<Row> RowsOn(Wire wire) => wire == Wire.Veth ? Enum.GetValues<Row>() : [Row.Tcp1, Row.Tcp4];

    /// <inheritdoc/>
    public IReadOnlyList<int> Join(TwoHosts hosts)
    {
        foreach (var side in Enum.GetValues<Side>())
        {
            var (host, other) = (hosts.Host(side), Address.Other(side));
            NetLab.Ip(
                host, "link", "add", Address.Port, "type", "vxlan", "id", Address.Vni.ToString(CultureInfo.InvariantCulture), "local", hosts.Vteps(side)[0],
                "dstport", "4789", "nolearning");
            var vteps = hosts.Vteps(other);
            foreach (var mac in new[] { "00:00:00:00:00:00", Address.Mac(other), Address.Mac(other, Layout.Bridge) }) Forward(host, mac, vteps[0]);
            for (var i = 0; i < vteps.Count && vteps.Count > 1; i++) Forward(host, Address.FarMac(i), vteps[i]);
        }

        return [];
    }

    private static void Forward(string host, string mac, string vtep) => Cmd.Run(host, "bridge", "fdb", "append", mac, "dev", Address.Port, "dst", vtep).OrThrow();
}
