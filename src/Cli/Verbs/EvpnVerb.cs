using System.CommandLine;
using Overlay.Api;
using Overlay.Cli.Admin;
using Overlay.Cli.Screen;

namespace Overlay.Cli.Verbs;

/// <summary><c>overlayctl evpn</c>: BGP neighbours, their routes, and why a MAC is where EVPN has it.</summary>
internal static class EvpnVerb
{
    public static Verb Create(Terminal terminal)
    {
        Verb verb = new("evpn", "BGP EVPN: neighbours, routes, and the reasons.", "overlayctl evpn neighbors", "overlayctl evpn routes --vni 100", "overlayctl evpn explain 02:00:00:00:00:02 --vni 100");
        verb.Subcommands.Add(CreateNeighbors(terminal));
        verb.Subcommands.Add(CreateNeighbor(terminal));
        verb.Subcommands.Add(CreateRoutes(terminal));
        verb.Subcommands.Add(CreateExplain(terminal));
        verb.Subcommands.Add(CreateClear(terminal));
        return verb;
    }

    private static Verb CreateNeighbors(Terminal terminal)
    {
        Verb verb = new(
            "neighbors",
            "The BGP neighbours: sessions, and how many routes each gave and was given.",
            "overlayctl evpn neighbors",
            "overlayctl evpn neighbors --watch",
            "overlayctl evpn neighbors -o json | jq -r '.neighbors[] | select(.state != \"established\") | .name'");
        View.Attach(verb, terminal, static _ => "v1/evpn/neighbors", ApiJsonContext.Default.EvpnNeighborsResponse, (_, answer, client) => ShowNeighbors(answer, terminal, client));
        return verb;
    }

    private static Verb CreateNeighbor(Terminal terminal)
    {
        Verb verb = new("neighbor", "One BGP neighbour.", "overlayctl evpn neighbor show 192.0.2.254");
        Verb show = new("show", "Everything about one neighbour.", "overlayctl evpn neighbor show 192.0.2.254", "overlayctl evpn neighbor show 2001:db8::1 -o json");
        Argument<string> address = new("ADDRESS") { Description = "Its address." };
        show.Arguments.Add(address);
        View.Attach(
            show,
            terminal,
            parsed => $"v1/evpn/neighbors?neighbor={Uri.EscapeDataString(parsed.GetRequiredValue(address))}",
            ApiJsonContext.Default.EvpnNeighborsResponse,
            (_, answer, client) => EvpnScreen.ShowNeighbor(answer.Neighbors[0], terminal, client));
        verb.Subcommands.Add(show);
        return verb;
    }

    private static Verb CreateRoutes(Terminal terminal)
    {
        Verb verb = new(
            "routes",
            "Routes with all candidates, ours and the neighbours': '*' the best of its key, 's' stale.",
            "overlayctl evpn routes",
            "overlayctl evpn routes --vni 100 --type 2",
            "overlayctl evpn routes --mac 02:00:00:00:00:02",
            "overlayctl evpn routes --neighbor local");
        Option<int?> vni = GlobalOptions.Vni(required: false);
        Option<int?> type = new("--type") { Description = "Of this route type, 1 to 5.", HelpName = "1|2|3|4|5" };
        type.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: not ("1" or "2" or "3" or "4" or "5") }]) result.AddError("'--type' is a route type from 1 to 5");
        });
        Option<string?> mac = new("--mac") { Description = "Of this MAC.", HelpName = "MAC" };
        mac.Validators.Add(GlobalOptions.CheckMac);
        Option<string?> neighbor = new("--neighbor") { Description = "From this neighbour, or 'local' for ours.", HelpName = "ADDRESS" };
        foreach (Option option in (ReadOnlySpan<Option>)[vni, type, mac, neighbor]) verb.Options.Add(option);
        View.Attach(
            verb,
            terminal,
            parsed => "v1/evpn/routes" + Query.Of(
                ("vni", parsed.GetValue(vni)?.ToString()), ("type", parsed.GetValue(type)?.ToString()), ("mac", parsed.GetValue(mac)), ("neighbor", parsed.GetValue(neighbor))),
            ApiJsonContext.Default.EvpnRoutesResponse,
            (_, answer, client) => EvpnScreen.ShowRoutes(answer, terminal, client));
        return verb;
    }

    private static Verb CreateExplain(Terminal terminal)
    {
        Verb verb = new(
            "explain",
            "Why EVPN has a MAC where it has it: what was compared, who won, by which rule. What the FDB makes of it: fdb why.",
            "overlayctl evpn explain 02:00:00:00:00:02 --vni 100");
        Argument<string> mac = new("MAC") { Description = "The MAC, for example 02:00:00:00:00:02." };
        mac.Validators.Add(GlobalOptions.CheckMac);
        Option<int?> vni = GlobalOptions.Vni(required: true);
        verb.Arguments.Add(mac);
        verb.Options.Add(vni);
        View.Attach(
            verb,
            terminal,
            parsed => $"v1/evpn/explain?vni={parsed.GetValue(vni)}&mac={Uri.EscapeDataString(parsed.GetRequiredValue(mac))}",
            ApiJsonContext.Default.EvpnExplainResponse,
            (_, answer, client) => EvpnScreen.ShowExplanation(answer, terminal, client));
        return verb;
    }

    private static Verb CreateClear(Terminal terminal)
    {
        Verb verb = new(
            "clear",
            "End sessions, which begin anew, or with '--soft' ask for routes again. What neighbours gave stays in force meanwhile.",
            "overlayctl evpn clear 192.0.2.254 --soft",
            "overlayctl evpn clear --all");
        Argument<string?> neighbor = new("ADDRESS") { Description = "The neighbour's address.", Arity = ArgumentArity.ZeroOrOne };
        Option<bool> all = new("--all") { Description = "All neighbours." };
        Option<bool> soft = new("--soft") { Description = "Ask for their routes again (RFC 2918) and keep the sessions." };
        Option<string> output = GlobalOptions.Output();
        verb.Arguments.Add(neighbor);
        foreach (Option option in (ReadOnlySpan<Option>)[all, soft, output]) verb.Options.Add(option);
        verb.Validators.Add(result =>
        {
            if (result.GetResult(neighbor) is { Tokens.Count: > 0 } == result.GetResult(all) is not null) result.AddError("name a neighbour, or say '--all'");
        });
        verb.SetAction(async (parsed, cancellation) =>
        {
            string query = Query.Of(("neighbor", parsed.GetValue(neighbor)), ("all", parsed.GetValue(all) ? "true" : null), ("soft", parsed.GetValue(soft) ? "true" : null));
            using AdminClient client = new(parsed.GetRequiredValue(GlobalOptions.Socket));
            AdminReply reply = await client.PostAsync("v1/evpn/clear" + query, cancellation);
            (EvpnClearResponse? answer, Failure? failure) = client.Read(reply, ApiJsonContext.Default.EvpnClearResponse);
            if (answer is null) return terminal.Fail(failure!);
            if (parsed.GetValue(output) == "json") Json.Print(terminal, reply.Body);
            else terminal.Out.WriteLine($"{Text.Count(answer.Cleared, "neighbour")} {(answer.Soft ? "asked for routes again" : "cleared")}");
            return ExitCode.Ok;
        });
        return verb;
    }

    private static void ShowNeighbors(EvpnNeighborsResponse answer, Terminal terminal, AdminClient client)
    {
        terminal.Out.WriteLine($"AS {answer.As}, router id {Text.Escape(answer.RouterId)}: {Text.Count(answer.LocalRoutes, "route")} of ours, {Text.Number(answer.Routes)} of neighbours");
        terminal.Out.WriteLine();
        if (answer.Neighbors.Count == 0)
        {
            terminal.Problem("no neighbours: none configured, and none has connected", client.Hint("config show"));
            return;
        }

        Table table = new("NEIGHBOR", ">AS", "STATE", ">FOR", ">ROUTES", ">STALE", ">SENT", ">UPDATES", "DESCRIPTION");
        foreach (EvpnNeighborInfo n in answer.Neighbors)
        {
            table.Add(
                n.Name,
                n.As,
                EvpnScreen.State(n),
                Text.Duration(n.StateSeconds),
                n.Routes,
                new Cell(Text.Number(n.StaleRoutes), n.StaleRoutes > 0 ? Tone.Warn : Tone.Plain),
                n.Advertised,
                n.Received.GetValueOrDefault("update"),
                n.Description ?? (n.Dynamic ? "(from a prefix)" : "-"));
        }

        table.WriteTo(terminal);
        foreach (EvpnNeighborInfo n in answer.Neighbors.Where(n => n.State is not ("established" or "shutdown")))
        {
            terminal.Problem($"{n.Name}: {n.State}{(n.LastError is null ? "" : $", {n.LastError}")}", client.Hint($"evpn neighbor show {n.Name}"));
        }
    }
}
