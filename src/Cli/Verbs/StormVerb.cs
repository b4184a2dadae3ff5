using System.CommandLine;
using Overlay.Api;
using Overlay.Cli.Admin;
using Overlay.Cli.Screen;

namespace Overlay.Cli.Verbs;

/// <summary><c>overlayctl storm</c>.</summary>
internal static class StormVerb
{
    private const double Recent = 60;

    public static Verb Create(Terminal terminal)
    {
        Verb verb = new(
            "storm",
            "What may be flooded a second, what was, and what was dropped: by VNI and way in.",
            "overlayctl storm --vni 100",
            "overlayctl storm --watch",
            "overlayctl storm -o json | jq '.limits[] | select(.dropped > 0)'");
        Option<int?> vni = GlobalOptions.Vni(required: false);
        verb.Options.Add(vni);
        View.Attach(
            verb,
            terminal,
            parsed => parsed.GetValue(vni) is { } wanted ? $"v1/storm?vni={wanted}" : "v1/storm",
            ApiJsonContext.Default.StormResponse,
            (_, storm, client) => Show(storm, terminal, client));
        return verb;
    }

    private static void Show(StormResponse storm, Terminal terminal, AdminClient client)
    {
        if (storm.Limits.Count == 0)
        {
            terminal.Problem("no limits, and nothing was flooded", client.Hint("status"), Tone.Dim);
            return;
        }

        Table table = new("VNI", "FROM", "CLASS", ">LIMIT/S", "?>BURST", ">PASSED", ">DROPPED", ">STORMS", "LAST DROP");
        foreach (StormRow r in storm.Limits)
        {
            bool isNow = r.LastDropSecondsAgo < Recent;
            table.Add(
                r.Vni,
                From(r),
                r.Class,
                Text.Number(r.Limit),
                Text.Number(r.Burst),
                r.Passed,
                new Cell(Text.Number(r.Dropped), isNow ? Tone.Warn : Tone.Plain),
                r.Storms,
                r.LastDropSecondsAgo is { } ago ? $"{Text.Duration(ago)} ago" : "-");
        }

        table.WriteTo(terminal);
        foreach (StormRow r in storm.Limits.Where(r => r.LastDropSecondsAgo < Recent))
        {
            terminal.Problem($"vni {r.Vni}, {Text.Escape(From(r))}: {r.Dropped} {r.Class} frames over {r.Limit} a second were dropped", client.Hint("drops"), Tone.Warn);
        }
    }

    private static string From(StormRow row) => row.Port is null ? "underlay" : $"port {row.Port}";
}
