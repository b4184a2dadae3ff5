using System.CommandLine;
using Overlay.Api;
using Overlay.Cli.Admin;
using Overlay.Cli.Screen;

namespace Overlay.Cli.Verbs;

/// <summary><c>overlayctl health</c>: for what restarts or drains a daemon by itself, which must not do so because a peer is down.</summary>
internal static class HealthVerb
{
    public static Verb Create(Terminal terminal)
    {
        Verb verb = new(
            "health",
            "Is the daemon alive, or with --ready: does it forward? About this daemon alone, not its peers: for probes of containers and load balancers. Exit code 0 or 3.",
            "overlayctl health",
            "overlayctl health --ready || echo draining");
        Option<bool> ready = new("--ready") { Description = "Ask whether it forwards, not only whether it is alive." };
        Option<string> output = GlobalOptions.Output();
        verb.Options.Add(ready);
        verb.Options.Add(output);
        verb.SetAction(async (parsed, cancellation) =>
        {
            using AdminClient client = new(parsed.GetRequiredValue(GlobalOptions.Socket));
            AdminReply reply = await client.GetAsync(parsed.GetValue(ready) ? "readyz" : "healthz", cancellation);

            // The answer that it is not well is an answer.
            (HealthResponse? answer, Failure? failure) = client.Read(reply with { Status = reply.Status == 503 ? 200 : reply.Status }, ApiJsonContext.Default.HealthResponse);
            if (answer is null) return terminal.Fail(failure!);
            if (parsed.GetValue(output) == "json") Json.Print(terminal, reply.Body);
            else terminal.Out.WriteLine(string.Join(": ", new[] { Text.Escape(answer.Status), string.Join("; ", answer.Reasons.Select(Text.Escape)) }.Where(part => part.Length > 0)));
            return reply.IsSuccess ? ExitCode.Ok : ExitCode.Degraded;
        });
        return verb;
    }
}
