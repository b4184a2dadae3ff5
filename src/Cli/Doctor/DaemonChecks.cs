using Overlay.Api;
using Overlay.Cli.Admin;
using Overlay.Cli.Screen;

namespace Overlay.Cli.Doctor;

/// <summary>Checks of the running daemon: is it there, are its addresses, does the overlay's MTU fit into the underlay's.</summary>
internal static class DaemonChecks
{
    /// <summary>Outer IPv4 20, UDP 8, tunnel 8, inner Ethernet 14. Geneve options come on top.</summary>
    private const int OverheadIPv4 = 50;

    /// <summary>As <see cref="OverheadIPv4"/> with an outer IPv6 header of 40.</summary>
    private const int OverheadIPv6 = 70;

    public static IEnumerable<DoctorLine> Of(StatusResponse? status, Failure? failure, AdminClient client)
    {
        if (status is null)
        {
            yield return DoctorLine.Warn("daemon", failure!.Message + "; addresses and MTU are not checked", StartCommand(failure));
            yield break;
        }

        yield return status.Verdict == "ok"
            ? DoctorLine.Ok("daemon", $"overlayd {status.Version} answers, verdict ok")
            : DoctorLine.Warn("daemon", $"overlayd {status.Version} answers, verdict {status.Verdict}", client.Hint("status"));
        foreach (LocalAddressStatus local in status.Local) yield return Address(local);
        if (status.Local.Count == 0) yield return DoctorLine.Warn("address", "no local VTEP address is configured", client.Hint("config check"));
        foreach (PortStatus port in status.Ports) yield return Mtu(port, status.Local, client);
    }

    /// <summary>The client sends people to the doctor where it knows nothing better; the doctor must not send them round in a circle.</summary>
    private static string StartCommand(Failure failure) => failure.Next == "overlayctl doctor" ? "overlayctl lab up" : failure.Next;

    private static DoctorLine Address(LocalAddressStatus local)
    {
        if (local.Present) return DoctorLine.Ok("address", $"{local.Address} is on {local.Device}, MTU {Text.Number(local.Mtu)}");
        string length = local.Address.Contains(':', StringComparison.Ordinal) ? "64" : "24";
        return DoctorLine.Warn("address", $"{local.Address} is on no device of this host", $"ip addr add {local.Address}/{length} dev DEVICE");
    }

    private static DoctorLine Mtu(PortStatus port, IReadOnlyList<LocalAddressStatus> locals, AdminClient client)
    {
        const string Check = "mtu";
        if (port.Mtu is not { } mtu) return DoctorLine.Warn(Check, $"the MTU of port {port.Port} is not known", client.Hint("status"));
        string ip = $"ip{(port.Netns is null ? "" : $" -n {port.Netns}")} link set {port.Tap ?? port.Veth} mtu";
        if (port.LinkLimit is { } limit)
        {
            return mtu <= limit
                ? DoctorLine.Ok(Check, $"port {port.Port}: MTU {mtu} fits into the underlay")
                : DoctorLine.Warn(Check, $"port {port.Port} has MTU {mtu}, but the links to its peers carry {limit} at most", $"{ip} {limit}");
        }

        foreach (LocalAddressStatus local in locals)
        {
            if (!local.Present || local.Mtu is not { } underlay) continue;
            int overhead = local.Address.Contains(':', StringComparison.Ordinal) ? OverheadIPv6 : OverheadIPv4;
            if (mtu + overhead > underlay)
            {
                return DoctorLine.Warn(
                    Check,
                    $"port {port.Port} has MTU {mtu}, but {local.Device} carries {underlay - overhead} at most ({underlay} less {overhead})",
                    $"{ip} {underlay - overhead}");
            }
        }

        return DoctorLine.Ok(Check, $"port {port.Port}: MTU {mtu} fits into the underlay");
    }
}
