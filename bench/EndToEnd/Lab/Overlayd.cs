using Overlay.TestKit.Net;

namespace Overlay.EndToEnd.Lab;

/// <summary>Our own daemon, one on each host.</summary>
internal sealed class Overlayd : IContender
{
    private readonly OverlaydVariant _variant;
    private readonly string _program;
    private readonly List<OverlaydProcess> _processes = [];

    /// <summary>Runs <paramref name="program"/> in this variant.</summary>
    public Overlayd(OverlaydVariant variant, string program)
    {
        _variant = variant;
        _program = program;
    }

    /// <inheritdoc/>
    public string Name => _variant.Name;

    /// <inheritdoc/>
    public string Description => _variant.Description;

    /// <summary>The daemons of the hosts that are up, in the order of <see cref="Side"/>.</summary>
    public IReadOnlyList<OverlaydProcess> Processes => _processes;

    // Inner Ethernet 14, tunnel header 8, UDP 8, IP 20 or 40; our two options take 16 more.
    /// <inheritdoc/>
    public int Overhead => 14 + 8 + 8 + (_variant.IPv6 ? 40 : 20) + (_variant.Options ? 16 : 0);

    /// <inheritdoc/>
    public bool IPv6Underlay => _variant.IPv6;

    /// <inheritdoc/>
    public IReadOnlyList<Row> RowsOn(Wire wire) => (wire, _variant.Rows) switch
    {
        (Wire.Veth, { } rows) => rows,
        (Wire.Veth, null) => Enum.GetValues<Row>(),
        (_, null) => [Row.Tcp1, Row.Tcp4],
        _ => [],
    };

    /// <inheritdoc/>
    public IReadOnlyList<int> Join(TwoHosts hosts)
    {
        _processes.Clear();
        foreach (var side in Enum.GetValues<Side>())
        {
            var host = hosts.Host(side);
            if (_variant.Veth) AddVeth(host);
            var yaml = OverlaydConfiguration.Write(_variant, side, hosts.Layout, hosts.Vteps(side), hosts.Vteps(Address.Other(side)), hosts.Mtu);
            _processes.Add(OverlaydProcess.Start(hosts.Lab, host, yaml, program: _program));
        }

        return [.. _processes.Select(p => p.Pid)];
    }

    private static void AddVeth(string host)
    {
        NetLab.Ip(host, "link", "add", Address.Port, "type", "veth", "peer", "name", OverlaydConfiguration.VethEnd);
        NetLab.Ip(host, "link", "set", OverlaydConfiguration.VethEnd, "up");
    }
}
