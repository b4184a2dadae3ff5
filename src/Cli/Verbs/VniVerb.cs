using System.CommandLine;
using Overlay.Api;
using Overlay.Cli.Admin;
using Overlay.Cli.Screen;

namespace Overlay.Cli.Verbs;

/// <summary><c>overlayctl vni show</c>.</summary>
internal static class VniVerb
{
    public static Verb Create(Terminal terminal)
    {
        Verb verb = new("vni", "What each VNI does and how full it is.", "overlayctl vni show");
        verb.Subcommands.Add(CreateShow(terminal));
        return verb;
    }

    private static Verb CreateShow(Terminal terminal)
    {
        Verb verb = new(
            "show",
            "The VNIs: MACs against their limit, ageing, learning, moves, flooding; of one VNI, everything.",
            "overlayctl vni show",
            "overlayctl vni show --vni 100 --watch",
            "overlayctl vni show -o json | jq -r '.vnis[] | select(.counted >= .limit) | .vni'");
        Option<int?> vni = GlobalOptions.Vni(required: false);
        verb.Options.Add(vni);
        View.Attach(
            verb,
            terminal,
            parsed => parsed.GetValue(vni) is { } wanted ? $"v1/vnis?vni={wanted}" : "v1/vnis",
            ApiJsonContext.Default.VnisResponse,
            (parsed, vnis, client) =>
            {
                if (parsed.GetValue(vni) is not null && vnis.Vnis is [{ } one]) ShowOne(one, terminal, client);
                else ShowAll(vnis, terminal, client);
            });
        return verb;
    }

    private static void ShowAll(VnisResponse answer, Terminal terminal, AdminClient client)
    {
        if (answer.Vnis.Count == 0)
        {
            terminal.Problem("no VNIs: name them under 'vnis:' in the configuration", "overlayctl config check", Tone.Dim);
            return;
        }

        Table table = new("VNI", ">FDB", ">LEARNED", "?>LIMIT", "?>AGE", "?REMOTE", ">MOVES", ">FROZEN", ">REFUSED", "?UNKNOWN", "FLOOD", "?SUPPRESS", "?STORM B/U/M", "PORTS");
        foreach (VniInfo v in answer.Vnis)
        {
            table.Add(
                v.Vni,
                v.FdbEntries,
                new Cell(Text.Number(v.Counted), v.Limit > 0 && v.Counted >= v.Limit ? Tone.Warn : Tone.Plain),
                v.Limit,
                Age(v),
                v.RemoteLearning ? "learns" : "off",
                v.Moves,
                new Cell(Text.Number(v.Frozen), v.Frozen > 0 ? Tone.Warn : Tone.Plain),
                new Cell(Text.Number(v.Refused), v.Refused > 0 ? Tone.Warn : Tone.Plain),
                v.UnknownUnicast,
                Flood(v),
                Suppressed(v),
                $"{Text.Number(v.StormBroadcast)}/{Text.Number(v.StormUnknownUnicast)}/{Text.Number(v.StormMulticast)}",
                Names(v.Ports));
        }

        table.WriteTo(terminal);
        LearningInfo all = answer.Learning;
        terminal.Out.WriteLine();
        terminal.Out.WriteLine($"learned MACs {Text.Number(all.InForce)} of {Text.Number(all.Limit)}; since the start: learned {Text.Number(all.Learned)}, moved {Text.Number(all.Moved)}, aged {Text.Number(all.Aged)}, flushed {Text.Number(all.Flushed)}, frozen {Text.Number(all.Frozen)}");
        ShowRefused("not learned, limit reached", all.RefusedByLimit, terminal);
        ShowRefused("not learned, by rule", all.RefusedByRule, terminal);
        foreach (VniInfo v in answer.Vnis) ShowProblems(v, terminal, client);
    }

    private static void ShowOne(VniInfo v, Terminal terminal, AdminClient client)
    {
        Table table = new("VNI", Text.Number(v.Vni));
        table.Add("ports", Names(v.Ports));
        table.Add("entries", $"{Text.Number(v.FdbEntries)}: {Text.Number(v.Local)} local, {Text.Number(v.Learned)} learned");
        table.Add("limit", $"{Text.Number(v.Counted)} of {Text.Number(v.Limit)}; from one peer {Text.Number(v.VtepLimit)}; refused {Text.Number(v.Refused)}");
        table.Add("age", Age(v));
        table.Add("remote learning", $"{(v.RemoteLearning ? "on" : "off")} ({v.RemoteLearningMode})");
        table.Add("moves", $"{Text.Number(v.Moves)}; frozen {Text.Number(v.Frozen)}");
        table.Add("unknown unicast", v.UnknownUnicast);
        table.Add("flood", v.Group is null ? Flood(v) : $"{Flood(v)}, sent as {v.GroupEncap}");
        table.Add("suppression", Suppressed(v));
        table.Add("storm limits", $"broadcast {Limit(v.StormBroadcast)}, unknown unicast {Limit(v.StormUnknownUnicast)}, multicast {Limit(v.StormMulticast)}");
        table.Add("admitted", $"{Text.Count(v.AllowedSources, "source")}, prefixes {Names(v.Allow)}");
        table.Add("transparent", v.Transparent ? "yes" : "no");
        table.Add("gateway", v.Gateway ? "yes" : "no");
        table.WriteTo(terminal);
        ShowProblems(v, terminal, client);
    }

    private static void ShowProblems(VniInfo v, Terminal terminal, AdminClient client)
    {
        if (v.Limit > 0 && v.Counted >= v.Limit)
        {
            terminal.Problem($"VNI {v.Vni} learns no more MACs: frames to those it does not know are flooded", client.Hint($"fdb show --vni {v.Vni}"));
        }

        if (v.Frozen > 0) terminal.Problem($"VNI {v.Vni}: {Text.Count(v.Frozen, "MAC")} frozen", client.Hint($"fdb moves --vni {v.Vni}"));
    }

    private static void ShowRefused(string what, IReadOnlyDictionary<string, long> counts, Terminal terminal)
    {
        string list = string.Join(", ", counts.Where(c => c.Value > 0).Select(c => $"{Text.Escape(c.Key)} {Text.Number(c.Value)}"));
        if (list.Length > 0) terminal.Out.WriteLine($"{what}: {list}");
    }

    private static string Flood(VniInfo v) =>
        v.Group is not null ? $"multicast {v.Group}%{v.GroupDevice}" : v.FloodPeers == 0 ? "none" : $"head-end, {Text.Count(v.FloodPeers, "VTEP")}";

    private static string Suppressed(VniInfo v) => (v.ArpSuppress, v.NdSuppress) switch
    {
        (true, true) => "arp, nd",
        (true, false) => "arp",
        (false, true) => "nd",
        _ => "off",
    };

    private static string Limit(int? limit) => limit is { } rate ? $"{Text.Number(rate)} a second" : "no limit";

    private static string Age(VniInfo v) => v.AgeSeconds > 0 ? Text.Duration(v.AgeSeconds) : "never";

    private static string Names(IReadOnlyList<string> names) => names.Count == 0 ? "-" : string.Join(',', names);
}
