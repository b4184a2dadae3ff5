using System.Globalization;
using Overlay.TestKit.Net;

namespace Overlay.Interop;

/// <summary>A host with overlayd and a tenant behind one of its TAPs: the half of most topologies that is ours.</summary>
public sealed class Site
{
    private readonly NetLab _lab;

    /// <summary>Makes the two namespaces; the daemon starts with <see cref="Start"/>.</summary>
    public Site(NetLab lab, string name, bool quietTenant = false)
    {
        _lab = lab;
        Host = lab.AddHost(name);
        Tenant = lab.AddHost(name + "t");
        if (quietTenant) NetLab.SilenceNewDevices(Tenant);
    }

    /// <summary>The host's namespace: the underlay side.</summary>
    public string Host { get; }

    /// <summary>The namespace the TAPs are in.</summary>
    public string Tenant { get; }

    /// <summary>The daemon.</summary>
    public OverlaydProcess Daemon { get; private set; } = null!;

    /// <summary>Starts the daemon and gives <c>t0</c>, where there is one, its addresses.</summary>
    public Site Start(string yaml, params ReadOnlySpan<string> tenantAddresses)
    {
        // Its own TAPs get no address of their own in the host; the underlay has its addresses already.
        NetLab.SilenceNewDevices(Host);
        Daemon = OverlaydProcess.Start(_lab, Host, yaml);
        if (tenantAddresses.Length > 0) NetLab.Address(Tenant, "t0", tenantAddresses);
        return this;
    }

    /// <summary>Starts a daemon anew with a file as <see cref="OverlaydProcess"/> wrote it before: same socket, same state folder.</summary>
    public void Restart(string file) => Daemon = OverlaydProcess.StartAgain(_lab, Daemon, file);

    /// <summary>A configuration with one port <c>t0</c> in one VNI.</summary>
    public string Yaml(string local, int vni, string peers, string listen = "", string port = "", string vniExtra = "", string more = "") => string.Create(CultureInfo.InvariantCulture, $$"""
        node: { name: vtep, local: [{{local}}] }
        listen: { vxlan: 4789, geneve: 6081{{(listen.Length > 0 ? ", " + listen : "")}} }
        ports:
          t0: { tap: t0, netns: {{Tenant}}{{(port.Length > 0 ? ", " + port : "")}} }
        vnis:
          - { id: {{vni}}, ports: [t0]{{(vniExtra.Length > 0 ? ", " + vniExtra : "")}} }
        peers:
        {{Indent(peers)}}
        {{more}}
        """);

    /// <summary>Pings an address from the tenant.</summary>
    public void WaitForPing(string address) => NetLab.WaitForPing(Tenant, address, TimeSpan.FromSeconds(15));

    private static string Indent(string text) => string.Join('\n', text.Split('\n').Select(l => "  " + l.Trim()));
}
