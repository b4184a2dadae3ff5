using System.CommandLine;
using Overlay.Api;
using Overlay.Cli.Admin;
using Overlay.Cli.Screen;
using Overlay.Encap;

namespace Overlay.Cli.Verbs;

/// <summary><c>overlayctl fdb show</c> and <c>overlayctl fdb why</c>; the verbs about what was learned are in <see cref="FdbLearnedVerbs"/>.</summary>
internal static class FdbVerb
{
    public static Verb Create(Terminal terminal)
    {
        Verb verb = new("fdb", "Which VTEP or port owns which MAC.", "overlayctl fdb show --vni 100", "overlayctl fdb why 02:00:00:00:00:02 --vni 100");
        verb.Subcommands.Add(CreateShow(terminal));
        verb.Subcommands.Add(CreateWhy(terminal));
        verb.Subcommands.Add(FdbLearnedVerbs.CreateMoves(terminal));
        verb.Subcommands.Add(FdbLearnedVerbs.CreateFlush(terminal));
        verb.Subcommands.Add(FdbLearnedVerbs.CreateUnfreeze(terminal));
        return verb;
    }

    private static Verb CreateShow(Terminal terminal)
    {
        Verb verb = new(
            "show", "The entries in force, by VNI and MAC.", "overlayctl fdb show", "overlayctl fdb show --watch", "overlayctl fdb show --vni 100 -o json | jq '.entries | length'");
        Option<int?> vni = GlobalOptions.Vni(required: false);
        verb.Options.Add(vni);
        View.Attach(
            verb,
            terminal,
            parsed => parsed.GetValue(vni) is { } wanted ? $"v1/fdb?vni={wanted}" : "v1/fdb",
            ApiJsonContext.Default.FdbResponse,
            (_, fdb, client) => ShowEntries(fdb, terminal, client));
        return verb;
    }

    private static Verb CreateWhy(Terminal terminal)
    {
        Verb verb = new(
            "why",
            "Where a frame to a MAC goes: the winner, the losers, and the rule between them.",
            "overlayctl fdb why 02:00:00:00:00:02 --vni 100");
        Argument<string> mac = new("MAC") { Description = "The MAC, for example 02:00:00:00:00:02." };
        mac.Validators.Add(GlobalOptions.CheckMac);
        Option<int?> vni = GlobalOptions.Vni(required: true);
        Option<string> output = GlobalOptions.Output();
        verb.Arguments.Add(mac);
        verb.Options.Add(vni);
        verb.Options.Add(output);
        verb.SetAction(async (parsed, cancellation) =>
        {
            using AdminClient client = new(parsed.GetRequiredValue(GlobalOptions.Socket));
            string resource = $"v1/fdb/why?vni={parsed.GetValue(vni)}&mac={Uri.EscapeDataString(parsed.GetRequiredValue(mac))}";
            AdminReply reply = await client.GetAsync(resource, cancellation);
            (FdbWhyResponse? why, Failure? failure) = client.Read(reply, ApiJsonContext.Default.FdbWhyResponse);
            if (why is null) return terminal.Fail(failure!);
            if (parsed.GetValue(output) == "json") Json.Print(terminal, reply.Body);
            else if (why.OnMiss is not null) ShowCandidates(why, terminal, client);
            if (why.OnMiss is not null) return ExitCode.Ok;
            return terminal.Fail(new Failure(ExitCode.Failure, why.Verdict, client.Hint("status")));
        });
        return verb;
    }

    private static void ShowEntries(FdbResponse fdb, Terminal terminal, AdminClient client)
    {
        if (fdb.Entries.Count == 0)
        {
            terminal.Problem("no entries: nothing configured, announced or learned yet", client.Hint("status"), Tone.Dim);
            return;
        }

        Table table = new("VNI", "MAC", "ORIGIN", "ENCAP", ">AGE", "FLAGS", "TO");
        foreach (FdbEntryInfo e in fdb.Entries)
        {
            table.Add(
                e.Vni, e.Mac, e.Origin, e.Encap, Text.Duration(e.AgeSeconds), e.Flags.Count == 0 ? "-" : string.Join(',', e.Flags), Target(e.Port, e.Peer, e.Address, e.UdpPort));
        }

        table.WriteTo(terminal);
        if (fdb.Truncated) terminal.Problem("there are more entries than one answer holds", client.Hint("fdb show --vni N"));
    }

    private static void ShowCandidates(FdbWhyResponse why, Terminal terminal, AdminClient client)
    {
        terminal.Write($"VNI {why.Vni}: {Text.Escape(why.Verdict)}", why.Winner is null ? Tone.Warn : Tone.Plain);
        terminal.Out.WriteLine();
        terminal.Out.WriteLine($"moves {why.Moves}, without a candidate: {Text.Escape(why.OnMiss)}");
        if (why.Candidates.Count == 0)
        {
            // Nobody ever claims a group address.
            if (MacAddress.TryParse(why.Mac, out MacAddress mac) && mac.IsMulticast) return;
            terminal.Problem("nobody claims this MAC", client.Hint($"fdb show --vni {why.Vni}"));
            return;
        }

        terminal.Out.WriteLine();
        Table table = new("", "ORIGIN", "PLANE", "ENCAP", ">SEQ", ">AGE", "FLAGS", "TO", "WHY");
        foreach (FdbCandidate c in why.Candidates)
        {
            string flags = (c.Sticky, c.Stale) switch { (true, true) => "sticky,stale", (true, false) => "sticky", (false, true) => "stale", _ => "-" };
            table.Add(
                c.Wins ? new Cell("*", Tone.Good) : new Cell(" "),
                c.Origin,
                c.Plane,
                c.Encap,
                c.Sequence,
                Text.Duration(c.AgeSeconds),
                flags,
                Target(c.Port, c.Peer, c.Address, null),
                c.Why);
        }

        table.WriteTo(terminal);
    }

    private static string Target(string? port, string? peer, string? address, int? udpPort)
    {
        if (port is not null) return $"port {port}";
        return address is null ? $"peer {peer ?? "-"}" : $"peer {peer ?? "-"} {Text.EndPoint(address, udpPort)}";
    }
}
