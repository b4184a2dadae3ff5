using System.Globalization;
using Overlay.Forwarding.Topology;
using Overlay.Host.Configuration;

namespace Overlay.Host.Privileges;

/// <summary>Which capabilities a configuration needs.</summary>
public static class PrivilegeNeeds
{
    private const string FirstFreePort = "/proc/sys/net/ipv4/ip_unprivileged_port_start";

    /// <summary>
    /// What the configuration needs, from its kinds of ports. Where all TAPs exist already and belong to the daemon's user, less would do: list <c>none</c> then.
    /// </summary>
    public static CapabilitySet Of(OverlayConfig config) => Of(config, UnprivilegedPortStart());

    internal static CapabilitySet Of(OverlayConfig config, int unprivilegedPortStart)
    {
        var ports = config.Topology.Ports.Values.ToArray();
        var needs = default(CapabilitySet);
        if (ports.Length > 0)
        {
            needs |= CapabilitySet.NetAdmin;
        }

        if (ports.Any(port => port.Kind == PortDeviceKind.Veth))
        {
            needs |= CapabilitySet.NetRaw;
        }

        if (ports.Any(port => port.Netns is not null))
        {
            needs |= CapabilitySet.SysAdmin;
        }

        if (config.Workers.Lane || ports.Any(port => port.Queues > 1))
        {
            needs |= CapabilitySet.Bpf;
        }

        if (new int?[] { config.Underlay.VxlanPort, config.Underlay.GenevePort, config.Evpn is { ListenPort: > 0 } evpn ? evpn.ListenPort : null }.Any(port => port is { } number && number < unprivilegedPortStart))
        {
            needs |= CapabilitySet.NetBindService;
        }

        return needs;
    }

    private static int UnprivilegedPortStart()
    {
        const int Kernel = 1024;
        try
        {
            return int.TryParse(File.ReadAllText(FirstFreePort).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var first) ? first : Kernel;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return Kernel;
        }
    }
}
