using System.CommandLine;
using Overlay.Api;
using Overlay.Cli.Admin;
using Overlay.Cli.Screen;

namespace Overlay.Cli.Verbs;

/// <summary><c>overlayctl status</c>.</summary>
internal static class StatusVerb
{
    public static Verb Create(Terminal terminal)
    {
        Verb verb = new(
            "status",
            "Verdict, peers, VNIs and ports. Exit code 0 ok, 3 degraded, down or not running.",
            "overlayctl status",
            "overlayctl status --watch --interval 2",
            "overlayctl status -o json | jq -r '.peers[] | select(.state != \"up\") | .peer'");
        Option<string> output = GlobalOptions.Output();
        (Option<bool> watch, Option<double> interval) = GlobalOptions.Watching();
        verb.Options.Add(output);
        verb.Options.Add(watch);
        verb.Options.Add(interval);
        verb.SetAction(async (parsed, cancellation) =>
        {
            using AdminClient client = new(parsed.GetRequiredValue(GlobalOptions.Socket));
            bool json = parsed.GetValue(output) == "json";
            return await Watcher.RunAsync(
                terminal, parsed.GetValue(watch), TimeSpan.FromSeconds(parsed.GetValue(interval)), token => LookAsync(client, terminal, json, token), cancellation);
        });
        return verb;
    }

    private static async Task<Look> LookAsync(AdminClient client, Terminal terminal, bool json, CancellationToken cancellation)
    {
        AdminReply reply = await client.GetAsync("v1/status", cancellation);
        (StatusResponse? status, Failure? failure) = client.Read(reply, ApiJsonContext.Default.StatusResponse);
        if (status is null) return new Look(failure!.Code, null, failure);
        int code = status.Verdict == "ok" ? ExitCode.Ok : ExitCode.Degraded;
        return new Look(code, json ? () => Json.Print(terminal, reply.Body) : () => StatusScreen.Show(status, terminal, client), null, Spaced: !json);
    }
}
