namespace Overlay.TestKit.Net;

/// <summary>
/// An FRR of its own in a namespace: zebra and bgpd with sockets and files of their own, nothing shared with a system installation. With a vxlan device
/// of the kernel in a bridge it is the fabric's usual leaf, without one a route reflector.
/// </summary>
public sealed class FrrPeer : IDisposable
{
    private const string Programs = "/usr/lib/frr";
    private readonly NetLab _lab;
    private readonly string _folder;
    private RunningProcess _zebra;
    private RunningProcess _bgpd;

    private FrrPeer(NetLab lab, string netns, string configuration)
    {
        Requires.HostRoot("FRR gives up root for a user of its own");
        Requires.Tools("vtysh");
        _lab = lab;
        Netns = netns;
        _folder = Path.Combine(lab.Folder, $"frr-{netns}");
        Directory.CreateDirectory(_folder);
        File.WriteAllText(Path.Combine(_folder, "frr.conf"), $"hostname {netns}\nlog file {_folder}/frr.log debugging\n{configuration}\n");

        // The daemons read and write as user frr.
        Cmd.Run(null, "chmod", "a+rx", lab.Folder).OrThrow();
        Cmd.Run(null, "chown", "-R", "frr:frr", _folder).OrThrow();
        _zebra = StartZebra();
        _bgpd = StartBgpd();
    }

    /// <summary>The namespace.</summary>
    public string Netns { get; }

    /// <summary>bgpd's process id.</summary>
    public int BgpdPid => _bgpd.Pid;

    /// <summary>Starts zebra and bgpd with a configuration in FRR's language.</summary>
    public static FrrPeer Start(NetLab lab, string netns, string configuration) => lab.Own(new FrrPeer(lab, netns, configuration));

    /// <summary>
    /// Makes a bridge with a vxlan device of the kernel (no learning: the table is FRR's) and a tenant's veth in it, as FRR's EVPN wants it.
    /// </summary>
    /// <param name="netns">FRR's namespace.</param>
    /// <param name="tenant">The namespace that gets the other end, <c>t0</c>.</param>
    /// <param name="vni">The VNI.</param>
    /// <param name="local">FRR's VTEP address.</param>
    public static void AddVni(string netns, string tenant, int vni, string local)
    {
        var (bridge, vxlan, port) = ($"br{vni}", $"vx{vni}", $"p{vni}");
        NetLab.Ip(netns, "link", "add", bridge, "type", "bridge");
        NetLab.Ip(netns, "link", "add", vxlan, "type", "vxlan", "id", $"{vni}", "local", local, "dstport", "4789", "nolearning");
        NetLab.Ip(netns, "link", "add", port, "type", "veth", "peer", "name", "t0", "netns", tenant);
        NetLab.PlainDevice(netns, vxlan);
        NetLab.PlainDevice(netns, port);
        NetLab.PlainDevice(tenant, "t0");
        foreach (var device in new[] { vxlan, port }) NetLab.Ip(netns, "link", "set", device, "master", bridge, "mtu", "1450", "up");
        NetLab.Ip(netns, "link", "set", vxlan, "type", "bridge_slave", "learning", "off");
        NetLab.Ip(netns, "link", "set", bridge, "up");
        NetLab.Ip(tenant, "link", "set", "t0", "mtu", "1450", "up");
    }

    /// <summary>Runs commands of vtysh, one after the other.</summary>
    public string Vtysh(params ReadOnlySpan<string> commands)
    {
        List<string> args = ["vtysh", "--vty_socket", _folder];
        foreach (var command in commands) args.AddRange(["-c", command]);
        return Cmd.Run(Netns, [.. args]).OrThrow().StdOut;
    }

    /// <summary>
    /// Ends both daemons, hard, zebra first: the kernel keeps what it has. When bgpd goes alone or first, zebra takes the remote VTEPs and MACs out of the kernel at once, graceful
    /// restart or not.
    /// </summary>
    public void Kill()
    {
        foreach (var (daemon, name) in new[] { (_zebra, "zebra"), (_bgpd, "bgpd") })
        {
            daemon.Signal(Native.SigKill);
            daemon.WaitForExit(TimeSpan.FromSeconds(10));
            daemon.Dispose();
            File.Delete($"{_folder}/{name}.vty");
        }

        File.Delete($"{_folder}/zserv.api");
    }

    /// <summary>Starts them again; zebra leaves in the kernel what it finds there.</summary>
    public void StartAgain()
    {
        _zebra = StartZebra("-r", "-K", "120");
        _bgpd = StartBgpd();
    }

    /// <summary>What the daemons logged.</summary>
    public string Log() => File.Exists($"{_folder}/frr.log") ? File.ReadAllText($"{_folder}/frr.log") : string.Empty;

    /// <inheritdoc/>
    public void Dispose()
    {
        _bgpd.Dispose();
        _zebra.Dispose();
    }

    private RunningProcess StartZebra(params ReadOnlySpan<string> options)
    {
        var zebra = StartDaemon("zebra", options);
        Wait.Until(() => File.Exists($"{_folder}/zserv.api") && File.Exists($"{_folder}/zebra.vty"), TimeSpan.FromSeconds(15), "zebra's sockets", () => zebra.StdErr);
        return zebra;
    }

    private RunningProcess StartBgpd()
    {
        var bgpd = StartDaemon("bgpd");
        Wait.Until(() => File.Exists($"{_folder}/bgpd.vty") || bgpd.HasExited, TimeSpan.FromSeconds(15), "bgpd's socket", () => bgpd.StdErr);
        return bgpd;
    }

    private RunningProcess StartDaemon(string name, params ReadOnlySpan<string> options) => _lab.Own(Cmd.Start(
        Netns, null, [$"{Programs}/{name}", "-i", $"{_folder}/{name}.pid", "-z", $"{_folder}/zserv.api", "--vty_socket", _folder, "-f", $"{_folder}/frr.conf", "-A", "127.0.0.1", .. options]));
}
