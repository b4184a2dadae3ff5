using System.Globalization;
using Overlay.TestKit.Net;

namespace Overlay.Interop.Mtu;

/// <summary>
/// Two sites behind a router of the kernel's, whose second link may be narrower:
/// <code>
/// tenant a ── overlayd a ──1500── router ──1400── overlayd b ── tenant b
/// </code>
/// </summary>
internal sealed record MtuLab(Site A, Site B, string Router, string Ours, string Theirs)
{
    /// <summary>What the second link takes, where it is narrower.</summary>
    public const int Narrow = 1400;

    /// <summary>Builds it, with a port <c>t0</c> at each site, and waits until the ends reach each other.</summary>
    /// <param name="lab">Where namespaces are made.</param>
    /// <param name="encap">The encapsulation sent.</param>
    /// <param name="outerIPv6">The family of the underlay.</param>
    /// <param name="port">Settings of both ports.</param>
    /// <param name="second">MTU of the second link.</param>
    public static MtuLab Build(NetLab lab, string encap, bool outerIPv6, string port, int second = Narrow)
    {
        var a = new Site(lab, "a");
        var b = new Site(lab, "b");
        var router = lab.AddHost("r");
        NetLab.Join(a.Host, "u0", router, "ra", 1500);
        NetLab.Join(b.Host, "u0", router, "rb", second);
        NetLab.Sysctl(router, "net/ipv4/ip_forward", "1");
        NetLab.Sysctl(router, "net/ipv6/conf/all/forwarding", "1");
        NetLab.Address(a.Host, "u0", "192.0.2.1/24", "2001:db8:1::1/64");
        NetLab.Address(router, "ra", "192.0.2.254/24", "2001:db8:1::fe/64");
        NetLab.Address(b.Host, "u0", "198.51.100.2/24", "2001:db8:2::2/64");
        NetLab.Address(router, "rb", "198.51.100.254/24", "2001:db8:2::fe/64");
        NetLab.Ip(a.Host, "route", "add", "default", "via", "192.0.2.254");
        NetLab.Ip(b.Host, "route", "add", "default", "via", "198.51.100.254");
        NetLab.Ip(a.Host, "-6", "route", "add", "default", "via", "2001:db8:1::fe");
        NetLab.Ip(b.Host, "-6", "route", "add", "default", "via", "2001:db8:2::fe");
        var (ours, theirs) = outerIPv6 ? ("2001:db8:1::1", "2001:db8:2::2") : ("192.0.2.1", "198.51.100.2");
        b.Start(b.Yaml($"\"{theirs}\"", 100, $"- {{ name: a, addresses: [\"{ours}\"], encap: {encap}, vnis: [100] }}", port: port), "10.0.0.2/24", "fd00::2/64");
        a.Start(a.Yaml($"\"{ours}\"", 100, $"- {{ name: b, addresses: [\"{theirs}\"], encap: {encap}, vnis: [100] }}", port: port), "10.0.0.1/24", "fd00::1/64");
        NetLab.WaitForPing(a.Host, theirs);
        return new MtuLab(a, b, router, ours, theirs);
    }

    /// <summary>The MTU that the kernel of a tenant uses towards an address.</summary>
    public static bool Uses(string tenant, string address, int mtu) =>
        Cmd.Run(tenant, "ip", "route", "get", address).StdOut.Contains(string.Create(CultureInfo.InvariantCulture, $"mtu {mtu}"), StringComparison.Ordinal);
}
