using Overlay.Api;
using Overlay.Cli.Admin;
using Overlay.Cli.Screen;

namespace Overlay.Cli.Verbs;

/// <summary>The screen of <c>status</c>: the verdict first, then what is wrong, then the tables.</summary>
internal static class StatusScreen
{
    public static void Show(StatusResponse status, Terminal terminal, AdminClient client)
    {
        terminal.Write(Text.Escape(status.Verdict), ToneOf(status.Verdict));
        terminal.Out.WriteLine(
            $"  {Text.Escape(status.Node)}  overlayd {Text.Escape(status.Version)}  pid {status.Pid}  up {Text.Duration(status.UptimeSeconds)}  config {status.Revision}");

        // The daemon words these itself and ends each with the command to run.
        foreach (string reason in status.Reasons) terminal.Problem(reason, next: null, ToneOf(status.Verdict));
        foreach (string alarm in status.Alarms)
        {
            // A daemon names its alarms among the reasons too, with the command to run.
            if (!status.Reasons.Any(reason => reason.Contains(alarm, StringComparison.Ordinal))) terminal.Problem("alarm: " + alarm, next: null);
        }

        if (status.Unsaved is { Count: > 0 } unsaved)
        {
            string names = string.Join(", ", unsaved.Take(3)) + (unsaved.Count > 3 ? $" and {unsaved.Count - 3} more" : "");
            terminal.Problem($"not saved, a restart loses it: {names}", client.Hint("config save"));
        }

        Section(terminal, Peers(status), "no peers: name them under 'peers:' in the configuration", "overlayctl config check");
        Section(terminal, Vnis(status), "no VNIs: name them under 'vnis:' in the configuration", "overlayctl config check");
        Section(terminal, Ports(status), "no ports: name them under 'ports:' in the configuration", "overlayctl config check");
        Section(terminal, Locals(status), "no local addresses: name them under 'node.local' in the configuration", "overlayctl config check");
        Section(terminal, Planes(status), "no control planes", client.Hint("config check"));
    }

    /// <summary>The ports alone.</summary>
    public static void ShowPorts(StatusResponse status, Terminal terminal, AdminClient client) =>
        ShowTable(terminal, Ports(status), "no ports", client.Hint("port add NAME --tap DEVICE --vni N"));

    /// <summary>The peers alone.</summary>
    public static void ShowPeers(StatusResponse status, Terminal terminal, AdminClient client) =>
        ShowTable(terminal, Peers(status), "no peers", client.Hint("peer add NAME --address ADDRESS --vni N"));

    private static void ShowTable(Terminal terminal, Table table, string empty, string next)
    {
        if (table.Count > 0) table.WriteTo(terminal);
        else terminal.Problem(empty, next, Tone.Dim);
    }

    private static void Section(Terminal terminal, Table table, string empty, string next)
    {
        terminal.Out.WriteLine();
        ShowTable(terminal, table, empty, next);
    }

    private static Table Peers(StatusResponse status)
    {
        Table table = new("PEER", "ENCAP", "STATE", "?BFD", "?>RTT", "?>LOSS", "?>MTU", ">TX/S", ">RX/S", "?>SINCE", "ADDRESS");
        foreach (PeerStatus p in status.Peers)
        {
            table.Add(
                p.Peer,
                p.Encap,
                new Cell(p.State, ToneOf(p.State)),
                new Cell(p.Bfd, ToneOf(p.Bfd)),
                Text.Latency(p.RttSeconds),
                new Cell(Text.Percent(p.LossRatio), p.LossRatio > 0 ? Tone.Warn : Tone.Plain),
                Text.Number(p.MtuBytes),
                Text.Rate(p.TxFps),
                Text.Rate(p.RxFps),
                Text.Duration(p.SinceSeconds),
                p.Address is null ? string.Join(',', p.Addresses) : Text.EndPoint(p.Address, p.Port));
        }

        return table;
    }

    private static Table Vnis(StatusResponse status)
    {
        Table table = new("VNI", ">FDB", "FLOOD", "PORTS");
        foreach (VniStatus v in status.Vnis)
        {
            string flood = v.Group is null ? Text.Count(v.FloodPeers, "peer") : $"{v.Group}%{v.GroupDevice}";
            table.Add(v.Vni, v.FdbEntries, new Cell(flood, v.GroupJoined == false ? Tone.Warn : Tone.Plain), v.Ports.Count == 0 ? "-" : string.Join(',', v.Ports));
        }

        return table;
    }

    private static Table Ports(StatusResponse status)
    {
        Table table = new("PORT", "DEVICE", "MODE", "STATE", ">MTU", "?>QUEUES", ">TX", ">RX", "?MAC", "VNIS");
        foreach (PortStatus p in status.Ports)
        {
            string state = p.Up ? "up" : "down";
            table.Add(
                p.Port,
                p.Netns is null ? p.Tap ?? p.Veth : $"{p.Netns}/{p.Tap ?? p.Veth}",
                p.Mode,
                new Cell(state, ToneOf(state)),
                Text.Number(p.Mtu),
                p.Queues,
                Text.Number(p.TxFrames),
                Text.Number(p.RxFrames),
                p.Mac,
                p.Vnis.Count == 0 ? "-" : string.Join(',', p.Vnis));
        }

        return table;
    }

    private static Table Locals(StatusResponse status)
    {
        Table table = new("LOCAL", "DEVICE", ">MTU");
        foreach (LocalAddressStatus l in status.Local)
        {
            table.Add(l.Address, l.Present ? l.Device : new Cell("absent", Tone.Warn), Text.Number(l.Mtu));
        }

        return table;
    }

    private static Table Planes(StatusResponse status)
    {
        Table table = new("PLANE", "STATE", ">ROUTES", ">STALE");
        foreach (PlaneStatus p in status.Planes)
        {
            string state = p.Connected ? "connected" : "lost";
            table.Add(p.Name, new Cell(state, ToneOf(state)), p.Routes, p.StaleSeconds > 0 ? Text.Duration(p.StaleSeconds) : "-");
        }

        return table;
    }

    private static Tone ToneOf(string state) => state switch
    {
        "ok" or "up" or "connected" => Tone.Good,
        "degraded" or "unusable" or "init" or "lost" => Tone.Warn,
        "down" => Tone.Bad,
        _ => Tone.Plain,
    };
}
