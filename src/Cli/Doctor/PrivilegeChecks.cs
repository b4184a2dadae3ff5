using System.Globalization;
using Overlay.Api;

namespace Overlay.Cli.Doctor;

/// <summary>Which capabilities the daemon holds, what each is for, and whether anything configured needs it. Without a daemon: those of this process.</summary>
internal static class PrivilegeChecks
{
    private const int NetAdmin = 12;
    private const int NetRaw = 13;
    private const int SysAdmin = 21;
    private const int Bpf = 39;

    public static IEnumerable<DoctorLine> Of(StatusResponse? status)
    {
        bool isDaemon = status is not null && Held($"/proc/{status.Pid}/status") is not null;
        ulong held = (isDaemon ? Held($"/proc/{status!.Pid}/status") : Held("/proc/self/status")) ?? 0;
        string who = isDaemon ? $"overlayd (pid {status!.Pid})" : "this process";
        IReadOnlyList<PortStatus> ports = status?.Ports ?? [];
        yield return Has(held, NetAdmin) || isDaemon
            ? Line(held, NetAdmin, "net-admin", "CAP_NET_ADMIN", who, "makes TAPs and sets their MTU", null)
            : DoctorLine.Warn("net-admin", "CAP_NET_ADMIN is missing: only TAPs that were created for this user can be opened", "sudo overlayctl doctor");
        yield return Line(held, NetRaw, "net-raw", "CAP_NET_RAW", who, "opens veth ends", Of(ports, static port => port.Veth is not null, "is a veth end"));
        yield return Line(held, SysAdmin, "sys-admin", "CAP_SYS_ADMIN", who, "enters the network namespaces that ports name", Of(ports, static port => port.Netns is not null, "is in a network namespace of its own"));
        yield return Has(held, Bpf) || Has(held, SysAdmin)
            ? DoctorLine.Ok("bpf", $"{who} holds {(Has(held, Bpf) ? "CAP_BPF" : "CAP_SYS_ADMIN, which includes CAP_BPF")}: loads the programs that choose a frame's queue")
            : DoctorLine.Warn("bpf", $"{who} lacks CAP_BPF: no priority lane for short frames, and queues of a port are chosen by the kernel", "systemctl edit overlayd   # AmbientCapabilities=CAP_BPF");
    }

    private static string? Of(IReadOnlyList<PortStatus> ports, Func<PortStatus, bool> needs, string what) => ports.FirstOrDefault(needs) is { } port ? $"port {port.Port} {what}" : null;

    private static DoctorLine Line(ulong held, int capability, string check, string name, string who, string use, string? needed)
    {
        if (Has(held, capability)) return DoctorLine.Ok(check, $"{who} holds {name}: {use}");
        return needed is null
            ? DoctorLine.Ok(check, $"{who} lacks {name} ({use}); nothing configured needs it")
            : DoctorLine.Fail(check, $"{who} lacks {name} ({use}), and {needed}", $"systemctl edit overlayd   # AmbientCapabilities={name}");
    }

    private static bool Has(ulong held, int capability) => (held >> capability & 1) != 0;

    private static ulong? Held(string path)
    {
        const string Prefix = "CapEff:";
        try
        {
            foreach (string line in File.ReadLines(path))
            {
                if (line.StartsWith(Prefix, StringComparison.Ordinal)) return ulong.Parse(line[Prefix.Length..].Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            // Another user's process, or one that is gone.
        }

        return null;
    }
}
