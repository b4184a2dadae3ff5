using System.Globalization;

namespace Overlay.TestKit.Net;

/// <summary>
/// An Open vSwitch of its own in a namespace: own database, own daemon, userspace datapath (<c>datapath_type=netdev</c>), nothing shared with a system
/// installation. <c>br-phy</c> owns the underlay device and its addresses, <c>br-int</c> holds the tenant's internal port and the tunnels.
/// </summary>
public sealed class OvsPeer : IDisposable
{
    private readonly Dictionary<string, string> _environment;
    private readonly RunningProcess _database;
    private readonly RunningProcess _switch;
    private readonly string _folder;

    private OvsPeer(NetLab lab, string netns, string underlayDevice, string[] cidrs, int mtu)
    {
        Requires.Tools("ovs-vswitchd", "ovsdb-server", "ovs-vsctl", "ovs-ofctl", "ovsdb-tool", "ovs-appctl");
        Netns = netns;
        _folder = Path.Combine(lab.Folder, $"ovs-{netns}");
        Directory.CreateDirectory(_folder);
        _environment = new(StringComparer.Ordinal) { ["OVS_RUNDIR"] = _folder, ["OVS_DBDIR"] = _folder, ["OVS_LOGDIR"] = _folder, ["OVS_SYSCONFDIR"] = _folder };
        Call("ovsdb-tool", "create", $"{_folder}/conf.db", "/usr/share/openvswitch/vswitch.ovsschema");
        _database = Cmd.Start(netns, _environment, "ovsdb-server", $"{_folder}/conf.db", $"--remote=punix:{_folder}/db.sock", $"--unixctl={_folder}/ovsdb.ctl", "-vconsole:off", $"--log-file={_folder}/ovsdb.log");
        lab.Own(_database);
        Wait.Until(() => File.Exists($"{_folder}/db.sock"), TimeSpan.FromSeconds(10), "ovsdb-server's socket");
        Vsctl("--no-wait", "init");
        _switch = Cmd.Start(netns, _environment, "ovs-vswitchd", $"unix:{_folder}/db.sock", $"--unixctl={_folder}/vsw.ctl", "-vconsole:off", $"--log-file={_folder}/vsw.log");
        lab.Own(_switch);
        var mac = NetLab.MacOf(netns, underlayDevice);
        Vsctl("add-br", "br-phy", "--", "set", "bridge", "br-phy", "datapath_type=netdev", $"other-config:hwaddr={mac}", "--", "add-port", "br-phy", underlayDevice);
        NetLab.Ip(netns, "addr", "flush", "dev", underlayDevice);
        NetLab.Ip(netns, "link", "set", "br-phy", "mtu", mtu.ToString(CultureInfo.InvariantCulture), "up");
        NetLab.Address(netns, "br-phy", cidrs);
        Vsctl("add-br", "br-int", "--", "set", "bridge", "br-int", "datapath_type=netdev");
    }

    /// <summary>The namespace.</summary>
    public string Netns { get; }

    /// <summary>The daemon's process id.</summary>
    public int Pid => _switch.Pid;

    /// <summary>The MAC of the tenant's port.</summary>
    public string PortMac { get; private set; } = "";

    /// <summary>The tenant's port: an internal device that is in the namespace.</summary>
    public string Port => "ov0";

    /// <summary>Starts database and daemon; <paramref name="underlayDevice"/>'s addresses move to <c>br-phy</c>.</summary>
    public static OvsPeer Start(NetLab lab, string netns, string underlayDevice, params string[] cidrs) => lab.Own(new OvsPeer(lab, netns, underlayDevice, cidrs, 1500));

    /// <summary>Adds the tenant's port with an address and the MTU.</summary>
    public void AddPort(string mac, int mtu, params ReadOnlySpan<string> cidrs)
    {
        PortMac = mac;
        Vsctl("add-port", "br-int", Port, "--", "set", "interface", Port, "type=internal", $"mac=\"{mac}\"", string.Create(CultureInfo.InvariantCulture, $"mtu_request={mtu}"));
        Wait.Until(() => NetLab.HasDevice(Netns, Port), TimeSpan.FromSeconds(5), $"{Port} in {Netns}");
        // The tenant's own checksums must be real: the userspace datapath sends what it reads.
        NetLab.PlainDevice(Netns, Port);
        NetLab.Ip(Netns, "link", "set", Port, "up");
        NetLab.Address(Netns, Port, cidrs);
    }

    /// <summary>Adds a tunnel, to any local address if <paramref name="local"/> is null. <paramref name="options"/> are further <c>key=value</c> interface options, <c>csum=true</c> for example.</summary>
    public void AddTunnel(string name, string type, string? local, string remote, string key, params ReadOnlySpan<string> options)
    {
        List<string> args = ["add-port", "br-int", name, "--", "set", "interface", name, $"type={type}", $"options:remote_ip=\"{remote}\"", $"options:key={key}"];
        if (local is not null) args.Add($"options:local_ip=\"{local}\"");
        foreach (var option in options) args.Add($"options:{option}");
        Vsctl([.. args]);
        // The userspace tunnel code learns the underlay's neighbours by listening to the bridge.
        NetLab.WaitForPing(Netns, remote);
    }

    /// <summary>Maps a Geneve option to <c>tun_metadataN</c> on <c>br-int</c>.</summary>
    public void MapOption(int optionClass, int type, int length, int index) =>
        Ofctl("add-tlv-map", "br-int", string.Create(CultureInfo.InvariantCulture, $"{{class=0x{optionClass:x4},type=0x{type:x2},len={length}}}->tun_metadata{index}"));

    /// <summary>Replaces the flows of <c>br-int</c>.</summary>
    public void SetFlows(params ReadOnlySpan<string> flows)
    {
        Ofctl("del-flows", "br-int");
        foreach (var flow in flows) Ofctl("add-flow", "br-int", flow);
    }

    /// <summary>Packets that matched the flow with this cookie.</summary>
    public long Packets(int cookie)
    {
        var output = Ofctl("dump-flows", "br-int", $"cookie=0x{cookie:x}/-1");
        return output.Split([' ', ',', '\n']).Where(w => w.StartsWith("n_packets=", StringComparison.Ordinal)).Sum(w => long.Parse(w.AsSpan(10), CultureInfo.InvariantCulture));
    }

    /// <summary>The OpenFlow number of a port.</summary>
    public string PortNumber(string name) => Vsctl("--", "wait-until", "interface", name, "ofport>0", "--", "get", "interface", name, "ofport").Trim();

    /// <summary>Runs ovs-vsctl against this switch.</summary>
    public string Vsctl(params ReadOnlySpan<string> args) => Call(["ovs-vsctl", "--timeout=20", $"--db=unix:{_folder}/db.sock", .. args]);

    /// <summary>Runs ovs-ofctl with the given verb on a bridge of this switch.</summary>
    public string Ofctl(string verb, string bridge, params ReadOnlySpan<string> args) => Call(["ovs-ofctl", "-O", "OpenFlow13", verb, $"{_folder}/{bridge}.mgmt", .. args]);

    /// <summary>Runs ovs-appctl against the daemon.</summary>
    public string Appctl(params ReadOnlySpan<string> args) => Call(["ovs-appctl", "-t", $"{_folder}/vsw.ctl", .. args]);

    /// <inheritdoc/>
    public void Dispose()
    {
        _switch?.Dispose();
        _database?.Dispose();
    }

    private string Call(params ReadOnlySpan<string> args)
    {
        using var process = Cmd.Start(Netns, _environment, args);
        return process.WaitForExit(Cmd.DefaultLimit).OrThrow().StdOut;
    }
}
