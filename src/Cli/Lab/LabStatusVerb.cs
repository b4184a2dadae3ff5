using System.CommandLine;
using System.Text.Json;
using Overlay.Cli.Admin;
using Overlay.Cli.Screen;

namespace Overlay.Cli.Lab;

/// <summary><c>overlayctl lab status</c>.</summary>
internal static class LabStatusVerb
{
    private const string Ready = "ready";

    public static Verb Create(Terminal terminal, Option<string> name)
    {
        Verb verb = new(
            "status",
            "The lab's hosts, addresses, daemons and sockets. Exit code 3 if there is no lab or a daemon is not ready.",
            "overlayctl lab status",
            "overlayctl lab status -o json | jq -r '.vteps[].socket'");
        Option<string> output = GlobalOptions.Output();
        verb.Options.Add(output);
        verb.SetAction(async (parsed, cancellation) =>
        {
            string lab = parsed.GetRequiredValue(name);
            LabStore store = new(lab);
            if (store.Load() is not { } state) return terminal.Fail(LabVerb.Require(lab).Failure!);
            LabStatusReport report = await ReportAsync(state, cancellation);
            if (parsed.GetValue(output) == "json")
            {
                terminal.Out.WriteLine(JsonSerializer.Serialize(report, LabJsonContext.Default.LabStatusReport));
            }
            else
            {
                bool whole = IsWhole(report);
                terminal.Write(whole ? "up" : "broken", whole ? Tone.Good : Tone.Bad);
                terminal.Out.WriteLine($"  {state.Encap} over {state.Underlay}, VNI {LabPlan.Vni}, {state.Vteps.Count} hosts");
                terminal.Out.WriteLine();
                Show(report, terminal);
                foreach (LabVtepReport vtep in report.Vteps.Where(v => v.State != Ready))
                {
                    terminal.Problem($"overlayd of {vtep.Vtep} is {vtep.State}", $"tail {vtep.Log}", Tone.Bad);
                }
            }

            return IsWhole(report) ? ExitCode.Ok : ExitCode.Degraded;
        });
        return verb;
    }

    public static async Task<LabStatusReport> ReportAsync(LabState state, CancellationToken cancellation)
    {
        List<LabVtepReport> vteps = [];
        foreach (LabVtep vtep in state.Vteps)
        {
            string condition = "dead";
            if (LabProcesses.IsAlive(vtep.Daemon))
            {
                using AdminClient client = new(vtep.Socket);
                condition = (await client.GetAsync("readyz", cancellation)).IsSuccess ? Ready : "starting";
            }

            int? mtu = await LabNet.MtuAsync(vtep.Netns, vtep.Tap);
            vteps.Add(new LabVtepReport(
                vtep.Name, vtep.Netns, vtep.UnderlayAddress, vtep.OverlayV4, vtep.OverlayV6, vtep.Tap, mtu, vtep.Daemon?.Pid, condition, vtep.Socket, vtep.Log));
        }

        return new LabStatusReport(state.Name, state.Encap, state.Underlay, state.Ready, vteps);
    }

    public static void Show(LabStatusReport report, Terminal terminal)
    {
        Table table = new("HOST", "NETNS", "UNDERLAY", "OVERLAY", "TAP", ">MTU", ">PID", "DAEMON");
        foreach (LabVtepReport v in report.Vteps)
        {
            Tone tone = v.State == Ready ? Tone.Good : Tone.Bad;
            table.Add(v.Vtep, v.Netns, v.UnderlayAddress, $"{v.OverlayV4} {v.OverlayV6}", v.Tap, Text.Number(v.Mtu), Text.Number(v.Pid), new Cell(v.State, tone));
        }

        table.WriteTo(terminal);
    }

    private static bool IsWhole(LabStatusReport report) => report.Ready && report.Vteps.All(v => v.State == Ready);
}
