using Overlay.Api;
using Overlay.Cli.Admin;
using Overlay.Cli.Screen;

namespace Overlay.Cli.Verbs;

/// <summary>What <c>overlayctl evpn</c> shows of one neighbour and of routes.</summary>
internal static class EvpnScreen
{
    public static Cell State(EvpnNeighborInfo neighbor) => new(neighbor.State, neighbor.State switch
    {
        "established" => Tone.Good,
        "shutdown" => Tone.Dim,
        _ => Tone.Warn,
    });

    public static void ShowNeighbor(EvpnNeighborInfo n, Terminal terminal, AdminClient client)
    {
        Table facts = new("NEIGHBOR", n.Name);
        void Fact(string name, Cell value) => facts.Add(name, value);
        Fact("description", n.Description);
        Fact("state", State(n));
        Fact("for", Text.Duration(n.StateSeconds));
        Fact("as", n.As);
        Fact("router id", n.RouterId);
        Fact("our address", n.LocalAddress);
        Fact("capabilities", n.Capabilities.Count == 0 ? "-" : string.Join(", ", n.Capabilities));
        Fact("hold time", n.HoldSeconds > 0 ? Text.Duration(n.HoldSeconds) : "none");
        Fact("routes", $"{n.Routes}, {n.StaleRoutes} of them stale; {(n.EndOfRib ? "complete" : "End-of-RIB not seen")}");
        Fact("sent to it", n.Advertised);
        Fact("sessions", n.Established);
        Fact("last end", n.LastError is null ? "-" : $"{n.LastError}, {Text.Duration(n.LastErrorSeconds)} ago");
        facts.WriteTo(terminal);
        terminal.Out.WriteLine();
        Table messages = new("MESSAGE", ">RECEIVED", ">SENT");
        foreach (string type in n.Received.Keys.Union(n.Sent.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            messages.Add(type, n.Received.GetValueOrDefault(type), n.Sent.GetValueOrDefault(type));
        }

        messages.WriteTo(terminal);
        foreach ((string fault, long count) in n.Faults.Where(f => f.Value > 0).OrderByDescending(f => f.Value))
        {
            terminal.Problem($"{Text.Number(count)} times in its UPDATEs: {fault} (RFC 7606)", client.Hint("log level debug"));
        }

        if (n.State is not ("established" or "shutdown")) terminal.Problem($"{n.Name} is {n.State}", client.Hint("events --since 10m"));
    }

    public static void ShowRoutes(EvpnRoutesResponse answer, Terminal terminal, AdminClient client)
    {
        if (answer.Routes.Count == 0)
        {
            terminal.Problem("no routes: none of ours, and no neighbour gave one", client.Hint("evpn neighbors"), Tone.Dim);
            return;
        }

        Write(answer.Routes, terminal);
        if (answer.Truncated) terminal.Problem("there are more routes than one answer holds", client.Hint("evpn routes --vni N"));
    }

    public static void ShowExplanation(EvpnExplainResponse answer, Terminal terminal, AdminClient client)
    {
        foreach (string step in answer.Steps) terminal.Out.WriteLine(Text.Escape(step));
        if (answer.Candidates.Count == 0)
        {
            terminal.Problem("EVPN says nothing of this MAC", client.Hint($"fdb why {answer.Mac} --vni {answer.Vni}"), Tone.Dim);
            return;
        }

        terminal.Out.WriteLine();
        Write(answer.Candidates, terminal);
    }

    private static void Write(IReadOnlyList<EvpnRouteInfo> routes, Terminal terminal)
    {
        Table table = new("", "ROUTE", "RD", "FROM", "NEXT HOP", ">VNI", ">AGE", "COMMUNITIES", "WHY NOT");
        foreach (EvpnRouteInfo r in routes)
        {
            table.Add(
                new Cell($"{(r.Best ? '*' : ' ')}{(r.Stale ? 's' : ' ')}", r.Stale ? Tone.Warn : r.Best ? Tone.Good : Tone.Plain),
                r.Prefix,
                r.Rd,
                r.Neighbor ?? "local",
                r.NextHop,
                r.Vni is { } vni ? vni : new Cell("-"),
                Text.Duration(r.AgeSeconds),
                string.Join(' ', r.RouteTargets.Select(t => $"rt:{t}").Concat(r.Communities)) is { Length: > 0 } communities ? communities : "-",
                r.Reason is null ? "-" : new Cell(r.Reason, Tone.Warn));
        }

        table.WriteTo(terminal);
    }
}
