using Overlay.Api;
using Overlay.Cli.Admin;
using Overlay.Cli.Tools;

namespace Overlay.Cli.Doctor;

/// <summary>Whether a firewall of this host is in the way: its rules about our ports, and what the kernel refused to send.</summary>
internal static class FirewallChecks
{
    private const string Check = "firewall";
    private static readonly TimeSpan ToolTimeout = TimeSpan.FromSeconds(3);

    /// <summary>Rules that drop or reject one of our UDP ports. Rules by address or by default policy are not seen here: the probes see those.</summary>
    public static async Task<DoctorLine> RulesAsync(IReadOnlyList<int> ports, CancellationToken cancellation)
    {
        if (Tool.Find("nft") is null) return DoctorLine.Ok(Check, "nft is not installed; rules are not looked at");
        ToolResult rules = await Tool.RunAsync("nft", ["-n", "list", "ruleset"], ToolTimeout, cancellation);
        if (rules.ExitCode != 0) return DoctorLine.Ok(Check, "the firewall's rules cannot be read without CAP_NET_ADMIN");
        foreach (string line in rules.Output.Split('\n'))
        {
            bool drops = line.Contains("drop", StringComparison.Ordinal) || line.Contains("reject", StringComparison.Ordinal);
            if (drops && ports.Any(port => line.Contains($"dport {port}", StringComparison.Ordinal) || line.Contains($"sport {port}", StringComparison.Ordinal)))
            {
                return DoctorLine.Warn(Check, $"a rule of this host drops tunnel datagrams: {line.Trim()}", "nft -a list ruleset   # then: nft delete rule FAMILY TABLE CHAIN handle N");
            }
        }

        return DoctorLine.Ok(Check, $"no rule of this host drops UDP port {string.Join(" or ", ports)} by number");
    }

    /// <summary>What the kernel refused to send in the last minute: EPERM, by which a local firewall answers.</summary>
    public static async Task<IReadOnlyList<DoctorLine>> RefusalsAsync(AdminClient client, CancellationToken cancellation)
    {
        AdminReply reply = await client.GetAsync("v1/drops", cancellation);
        (DropsResponse? drops, _) = client.Read(reply, ApiJsonContext.Default.DropsResponse);
        long refused = drops?.Drops.Where(drop => drop.Reason == "underlay_send_refused").Sum(drop => drop.LastMinute) ?? 0;
        return refused == 0
            ? []
            : [DoctorLine.Fail("send", $"the kernel refused to send {refused} datagrams in the last minute (EPERM): the output chain of a local firewall drops them", "nft list ruleset; iptables -S OUTPUT")];
    }
}
