using Overlay.Api;
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
        View.Attach(
            verb,
            terminal,
            static _ => "v1/status",
            ApiJsonContext.Default.StatusResponse,
            (_, status, client) => StatusScreen.Show(status, terminal, client),
            static status => status.Verdict == "ok" ? ExitCode.Ok : ExitCode.Degraded);
        return verb;
    }
}
