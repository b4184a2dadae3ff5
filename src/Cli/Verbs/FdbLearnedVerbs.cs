using System.CommandLine;
using Overlay.Api;
using Overlay.Cli.Admin;
using Overlay.Cli.Screen;

namespace Overlay.Cli.Verbs;

/// <summary><c>overlayctl fdb moves</c>, <c>fdb flush</c> and <c>fdb unfreeze</c>: what was learned, and what an operator does about it.</summary>
internal static class FdbLearnedVerbs
{
    public static Verb CreateMoves(Terminal terminal)
    {
        Verb verb = new(
            "moves",
            "MACs that moved not long ago: the frozen ones first, then by the time of the last move.",
            "overlayctl fdb moves",
            "overlayctl fdb moves --watch",
            "overlayctl fdb moves --vni 100 -o json | jq -r '.moves[] | select(.frozen_seconds) | .mac'");
        Option<int?> vni = GlobalOptions.Vni(required: false);
        verb.Options.Add(vni);
        View.Attach(
            verb,
            terminal,
            parsed => parsed.GetValue(vni) is { } wanted ? $"v1/fdb/moves?vni={wanted}" : "v1/fdb/moves",
            ApiJsonContext.Default.FdbMovesResponse,
            (_, moves, client) => ShowMoves(moves, terminal, client));
        return verb;
    }

    public static Verb CreateFlush(Terminal terminal)
    {
        Verb verb = new(
            "flush",
            "Forget what was learned, by VNI, port, peer or MAC: what fits all that is named. Static MACs, routes of control planes and a port's own address stay.",
            "overlayctl fdb flush --vni 100 --port web",
            "overlayctl fdb flush --peer b",
            "overlayctl fdb flush --mac 02:00:00:00:00:02",
            "overlayctl fdb flush --all");
        Option<int?> vni = GlobalOptions.Vni(required: false);
        Option<string?> port = new("--port") { Description = "Seen on this port.", HelpName = "NAME" };
        Option<string?> peer = new("--peer") { Description = "Learned from this VTEP.", HelpName = "NAME" };
        Option<string?> mac = MacOption();
        Option<bool> all = new("--all") { Description = "Everything that was learned." };
        Option<string> output = GlobalOptions.Output();
        foreach (Option option in (ReadOnlySpan<Option>)[vni, port, peer, mac, all, output]) verb.Options.Add(option);
        verb.Validators.Add(result =>
        {
            bool isNamed = result.GetResult(vni) is not null || result.GetResult(port) is not null || result.GetResult(peer) is not null || result.GetResult(mac) is not null;
            if (isNamed == result.GetResult(all) is not null) result.AddError("name what to forget with '--vni', '--port', '--peer' or '--mac', or say '--all'");
        });
        verb.SetAction(async (parsed, cancellation) =>
        {
            string query = Query.Of(("vni", parsed.GetValue(vni)?.ToString()), ("port", parsed.GetValue(port)), ("peer", parsed.GetValue(peer)), ("mac", parsed.GetValue(mac)), ("all", parsed.GetValue(all) ? "true" : null));
            using AdminClient client = new(parsed.GetRequiredValue(GlobalOptions.Socket));
            AdminReply reply = await client.PostAsync("v1/fdb/flush" + query, cancellation);
            (FdbFlushResponse? flushed, Failure? failure) = client.Read(reply, ApiJsonContext.Default.FdbFlushResponse);
            if (flushed is null) return terminal.Fail(failure!);
            if (parsed.GetValue(output) == "json") Json.Print(terminal, reply.Body);
            else terminal.Out.WriteLine($"flushed {Text.Count(flushed.Removed, "learned MAC")}");
            return ExitCode.Ok;
        });
        return verb;
    }

    public static Verb CreateUnfreeze(Terminal terminal)
    {
        Verb verb = new(
            "unfreeze",
            "Let frozen MACs move again, and forget how often they moved: one MAC, those of a VNI, or all.",
            "overlayctl fdb unfreeze 02:00:00:00:00:02 --vni 100",
            "overlayctl fdb unfreeze --all");
        Argument<string?> mac = new("MAC") { Description = "The MAC, for example 02:00:00:00:00:02.", Arity = ArgumentArity.ZeroOrOne };
        mac.Validators.Add(GlobalOptions.CheckMac);
        Option<int?> vni = GlobalOptions.Vni(required: false);
        Option<bool> all = new("--all") { Description = "All that are frozen." };
        Option<string> output = GlobalOptions.Output();
        verb.Arguments.Add(mac);
        foreach (Option option in (ReadOnlySpan<Option>)[vni, all, output]) verb.Options.Add(option);
        verb.Validators.Add(result =>
        {
            bool isNamed = result.GetResult(mac) is { Tokens.Count: > 0 } || result.GetResult(vni) is not null;
            if (isNamed == result.GetResult(all) is not null) result.AddError("name a MAC or a '--vni', or say '--all'");
        });
        verb.SetAction(async (parsed, cancellation) =>
        {
            string query = Query.Of(("vni", parsed.GetValue(vni)?.ToString()), ("mac", parsed.GetValue(mac)), ("all", parsed.GetValue(all) ? "true" : null));
            using AdminClient client = new(parsed.GetRequiredValue(GlobalOptions.Socket));
            AdminReply reply = await client.PostAsync("v1/fdb/unfreeze" + query, cancellation);
            (FdbUnfreezeResponse? answer, Failure? failure) = client.Read(reply, ApiJsonContext.Default.FdbUnfreezeResponse);
            if (answer is null) return terminal.Fail(failure!);
            if (parsed.GetValue(output) == "json") Json.Print(terminal, reply.Body);
            else terminal.Out.WriteLine(answer.Unfrozen == 0 ? "nothing that was named is frozen" : $"{Text.Count(answer.Unfrozen, "MAC")} may move again");
            return ExitCode.Ok;
        });
        return verb;
    }

    private static Option<string?> MacOption()
    {
        Option<string?> mac = new("--mac") { Description = "This MAC.", HelpName = "MAC" };
        mac.Validators.Add(GlobalOptions.CheckMac);
        return mac;
    }

    private static void ShowMoves(FdbMovesResponse moves, Terminal terminal, AdminClient client)
    {
        if (moves.Moves.Count == 0)
        {
            terminal.Write("no moves", Tone.Good);
            terminal.Out.WriteLine();
            return;
        }

        Table table = new("VNI", "MAC", "STATE", ">MOVES", ">AGO", "FROM", "TO", "IS AT");
        foreach (FdbMoveInfo m in moves.Moves)
        {
            Cell state = m.FrozenSeconds is { } left ? new Cell($"frozen {Text.Duration(left)}", Tone.Warn)
                : m.ContestedBy is { } rival ? new Cell($"contested by {rival}", Tone.Warn)
                : new Cell("free");
            table.Add(m.Vni, m.Mac, state, m.Moves, Text.Duration(m.SecondsAgo), m.From, m.To, m.Place);
        }

        table.WriteTo(terminal);
        if (moves.Truncated) terminal.Problem("there are more than one answer holds", client.Hint("fdb moves --vni N"));
        if (moves.Moves.Any(m => m.FrozenSeconds is not null))
        {
            terminal.Problem("frozen: two hosts claim one MAC, or there is a loop. When that is mended", client.Hint("fdb unfreeze MAC --vni N"));
        }

        if (moves.Moves.Any(m => m.ContestedBy is not null))
        {
            terminal.Problem("contested: a port has a MAC that a peer's frames claim too. Pin it where it belongs ('macs:' with 'sticky'). See", client.Hint("fdb why MAC --vni N"));
        }
    }
}
