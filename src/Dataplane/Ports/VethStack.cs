using System.Collections.Immutable;
using Overlay.Dataplane.Interop;

namespace Overlay.Dataplane.Ports;

/// <summary>
/// The IP stack of the host on our end of a veth pair: the kernel gives it every frame that it gives us. With an address, or with IPv6 on, the host takes part in the
/// tenant's network: it answers, and believes the tenant's router advertisements.
/// </summary>
internal static class VethStack
{
    /// <summary>What should be changed, with the command. In the namespace of the device.</summary>
    internal static ImmutableArray<string> FindWarnings(string device, InterfaceControl control)
    {
        var warnings = ImmutableArray.CreateBuilder<string>();
        if (control.HasIPv4Address(device))
            warnings.Add($"veth '{device}' has an IPv4 address at our end: this host answers the tenant on it; run: ip -4 addr flush dev {device}");
        if (HasIPv6(device))
            warnings.Add($"veth '{device}' has IPv6 on at our end: this host takes part in the tenant's network; run: sysctl -w net/ipv6/conf/{device}/disable_ipv6=1");
        return warnings.ToImmutable();
    }

    private static bool HasIPv6(string device)
    {
        try
        {
            return File.ReadAllText($"/proc/sys/net/ipv6/conf/{device}/disable_ipv6").StartsWith('0');
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // No IPv6 in this kernel, or no /proc: then there is nothing to say.
            return false;
        }
    }
}
