using System.CommandLine;
using Overlay.Api;
using Overlay.Cli.Admin;
using Overlay.Cli.Screen;

namespace Overlay.Cli.Verbs;

/// <summary><c>overlayctl drops</c>.</summary>
internal static class DropsVerb
{
    public static Verb Create(Terminal terminal)
    {
        Verb verb = new(
            "drops",
            "Why frames disappeared: reason, direction, last minute, total, last sample.",
            "overlayctl drops",
            "overlayctl drops --watch",
            "overlayctl drops -o json | jq -r '.drops[] | [.reason, .dir, .total] | @tsv'");
        Option<bool> all = new("--all") { Description = "Also the reasons that never happened." };
        verb.Options.Add(all);
        View.Attach(
            verb,
            terminal,
            parsed => parsed.GetValue(all) ? "v1/drops?all=true" : "v1/drops",
            ApiJsonContext.Default.DropsResponse,
            (_, drops, client) => Show(drops, terminal, client));
        return verb;
    }

    private static void Show(DropsResponse drops, Terminal terminal, AdminClient client)
    {
        Table totals = new("DIR", ">RECEIVED", ">DELIVERED", ">CONSUMED", ">DROPPED", ">COPIES", ">COPY-DROPS");
        AddTotals(totals, "tx", drops.Totals.Tx);
        AddTotals(totals, "rx", drops.Totals.Rx);
        totals.WriteTo(terminal);
        terminal.Out.WriteLine();
        if (drops.Drops.Count == 0)
        {
            terminal.Write("no drops", Tone.Good);
            terminal.Out.WriteLine();
        }
        else
        {
            ShowReasons(drops, terminal, client);
        }

        if (drops.Anomalies.Count > 0)
        {
            terminal.Out.WriteLine();
            Table anomalies = new("ACCEPTED ODDITY", ">TOTAL");
            foreach (AnomalyRow a in drops.Anomalies) anomalies.Add(a.Kind, a.Total);
            anomalies.WriteTo(terminal);
        }

        if (drops.Kernel.Count > 0)
        {
            terminal.Out.WriteLine();
            Table kernel = new("KERNEL COUNTER", ">VALUE", "NOTE");
            foreach (KernelCounter k in drops.Kernel) kernel.Add(k.Name, k.Value, k.Note);
            kernel.WriteTo(terminal);
        }
    }

    private static void AddTotals(Table table, string direction, DirectionTotals t) =>
        table.Add(direction, t.Received, t.Delivered, t.Consumed, t.Dropped, t.Copies, t.CopyDrops);

    private static void ShowReasons(DropsResponse drops, Terminal terminal, AdminClient client)
    {
        Table table = new("REASON", "DIR", ">LAST-MIN", ">TOTAL", ">COPIES", "LAST SAMPLE");
        foreach (DropRow d in drops.Drops)
        {
            table.Add(d.Reason, d.Dir, new Cell(Text.Number(d.LastMinute), d.LastMinute > 0 ? Tone.Warn : Tone.Plain), d.Total, d.CopiesTotal, Sample(d));
        }

        table.WriteTo(terminal);
        terminal.Out.WriteLine();
        foreach (DropRow d in drops.Drops)
        {
            if (d.Total == 0 && d.CopiesTotal == 0) continue;
            terminal.Problem($"{d.Reason} {d.Dir}: {d.Sentence}", Next(d, client), d.LastMinute > 0 ? Tone.Warn : Tone.Dim);
        }
    }

    /// <summary>A sample from the underlay begins with its tunnel header and can be decoded; for a frame from a port, the table or the host tells more.</summary>
    private static string Next(DropRow drop, AdminClient client)
    {
        if (drop.Dir == "rx" && drop.Sample is { Hex.Length: > 0 } sample) return $"overlayctl decode {Text.Escape(sample.Hex)}";
        string vni = drop.Sample?.Vni is { } v ? $" --vni {v}" : string.Empty;
        return drop.Reason switch
        {
            "fdb_miss_flood_off" or "flood_list_empty" or "hairpin" or "mac_limit" or "mac_frozen" or "mac_sticky" => client.Hint("fdb show" + vni),
            "storm_limit" => client.Hint("storm" + vni),
            "too_big_notified" or "too_big_silent" => client.Hint("doctor mtu"),
            "tap_full" or "socket_full" => client.Hint("doctor"),
            _ => client.Hint("status"),
        };
    }

    private static string Sample(DropRow drop)
    {
        if (drop.Sample is not { } sample) return "-";
        string vni = sample.Vni is { } v ? $" vni {v}" : string.Empty;
        string peer = sample.Peer is null ? string.Empty : $" {(drop.Dir == "rx" ? "from" : "to")} {sample.Peer}";
        return $"{Text.Duration(sample.SecondsAgo)} ago{vni}{peer}";
    }
}
