using System.CommandLine;
using System.Text.Json;
using Overlay.Api;
using Overlay.Cli.Admin;
using Overlay.Cli.Screen;

namespace Overlay.Cli.Doctor;

/// <summary><c>overlayctl doctor</c>: does it run here, and if not, which command mends that.</summary>
internal static class DoctorVerb
{
    private const int VxlanPort = 4789;
    private const int GenevePort = 6081;

    public static Verb Create(Terminal terminal)
    {
        Verb verb = new(
            "doctor",
            "Does overlayd run here? Each line ok, warn or fail with the command that mends it. Exit code 1 if a line fails.",
            "overlayctl doctor",
            "overlayctl doctor --no-probe",
            "overlayctl doctor -o json | jq -r '.checks[] | select(.state != \"ok\") | .fix'");
        Option<string> output = GlobalOptions.Output();
        Option<bool> quiet = new("--no-probe") { Description = "Do not ask the peers whether encapsulated frames reach them." };
        verb.Options.Add(output);
        verb.Options.Add(quiet);
        verb.Subcommands.Add(DoctorMtuVerb.Create(terminal));
        verb.SetAction(async (parsed, cancellation) =>
        {
            string socket = parsed.GetRequiredValue(GlobalOptions.Socket);
            using AdminClient client = new(socket);
            List<DoctorLine> lines = await ExamineAsync(client, socket, !parsed.GetValue(quiet), cancellation);
            if (parsed.GetValue(output) == "json") PrintJson(lines, terminal);
            else PrintLines(lines, terminal);
            return lines.Exists(l => l.State == DoctorState.Fail) ? ExitCode.Failure : ExitCode.Ok;
        });
        return verb;
    }

    /// <summary>Every check, in the order of the screen.</summary>
    public static async Task<List<DoctorLine>> ExamineAsync(AdminClient client, string socket, bool probe, CancellationToken cancellation)
    {
        AdminReply reply = await client.GetAsync("v1/status", cancellation);
        (StatusResponse? status, Failure? failure) = client.Read(reply, ApiJsonContext.Default.StatusResponse);
        bool runs = reply.Failure is null;
        return
        [
            .. HostChecks.TunDevice(),
            .. PrivilegeChecks.Of(status),
            await UdpPortChecks.OfAsync(VxlanPort, "vxlan", runs, cancellation),
            await UdpPortChecks.OfAsync(GenevePort, "geneve", runs, cancellation),
            HostChecks.SocketBuffer("rmem_max"),
            HostChecks.SocketBuffer("wmem_max"),
            .. HostChecks.UdpOffloads(),
            await FirewallChecks.RulesAsync([VxlanPort, GenevePort], cancellation),
            HostChecks.RunDirectory(socket),
            HostChecks.Command("ip", "iproute2", "builds the lab", needed: true),
            HostChecks.Command("ping", "iputils-ping", "lab ping", needed: false),
            HostChecks.Command("iperf3", "iperf3", "lab iperf", needed: false),
            .. DaemonChecks.Of(status, failure, client),
            .. status is null ? [] : await FirewallChecks.RefusalsAsync(client, cancellation),
            .. status is null || !probe ? [] : await ProbeChecks.OfAsync(status, client, cancellation),
        ];
    }

    private static void PrintLines(List<DoctorLine> lines, Terminal terminal)
    {
        int width = lines.Max(l => Text.Width(l.Check));
        foreach (DoctorLine line in lines)
        {
            terminal.Write(NameOf(line.State).PadRight(4), ToneOf(line.State));
            terminal.Out.Write($"  {Text.Escape(line.Check).PadRight(width)}  ");
            terminal.WriteWrapped(Text.Escape(line.Finding) + (line.Fix is null ? string.Empty : $". Next: {Text.Escape(line.Fix)}"), 8 + width);
        }

        terminal.Out.WriteLine();
        terminal.Write(Verdict(lines), ToneOf(lines.Max(l => l.State)));
        terminal.Out.WriteLine();
    }

    private static string Verdict(List<DoctorLine> lines)
    {
        int fails = lines.Count(l => l.State == DoctorState.Fail);
        int warnings = lines.Count(l => l.State == DoctorState.Warn);
        return (fails, warnings) switch
        {
            (0, 0) => "overlayd runs here",
            (0, _) => $"overlayd runs here; {warnings} to improve",
            _ => $"overlayd does not run here yet; {fails} to mend",
        };
    }

    private static void PrintJson(List<DoctorLine> lines, Terminal terminal)
    {
        DoctorReport report = new(
            NameOf(lines.Max(l => l.State)), [.. lines.Select(l => new DoctorReportLine(l.Check, NameOf(l.State), l.Finding, l.Fix))]);
        terminal.Out.WriteLine(JsonSerializer.Serialize(report, DoctorJsonContext.Default.DoctorReport));
    }

    private static string NameOf(DoctorState state) => state switch
    {
        DoctorState.Ok => "ok",
        DoctorState.Warn => "warn",
        _ => "fail",
    };

    private static Tone ToneOf(DoctorState state) => state switch
    {
        DoctorState.Ok => Tone.Good,
        DoctorState.Warn => Tone.Warn,
        _ => Tone.Bad,
    };
}
