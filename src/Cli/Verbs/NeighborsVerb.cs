using System.CommandLine;
using Overlay.Api;
using Overlay.Cli.Admin;
using Overlay.Cli.Screen;

namespace Overlay.Cli.Verbs;

/// <summary><c>overlayctl neighbors</c>.</summary>
internal static class NeighborsVerb
{
    public static Verb Create(Terminal terminal)
    {
        Verb verb = new(
            "neighbors",
            "Which MAC answers for which tenant's address, and how many questions were answered here.",
            "overlayctl neighbors --vni 100",
            "overlayctl neighbors -o json | jq '.vnis[] | {vni, suppressed_ipv4, flooded_ipv4}'");
        Option<int?> vni = GlobalOptions.Vni(required: false);
        verb.Options.Add(vni);
        View.Attach(
            verb,
            terminal,
            parsed => parsed.GetValue(vni) is { } wanted ? $"v1/neighbors?vni={wanted}" : "v1/neighbors",
            ApiJsonContext.Default.NeighborsResponse,
            (_, neighbors, client) => Show(neighbors, terminal, client));
        return verb;
    }

    private static void Show(NeighborsResponse neighbors, Terminal terminal, AdminClient client)
    {
        Table vnis = new("VNI", "ARP", "ND", ">ARP ANSWERED", ">ARP FLOODED", ">ND ANSWERED", ">ND FLOODED");
        foreach (NeighborVni v in neighbors.Vnis)
        {
            vnis.Add(v.Vni, OnOff(v.ArpSuppress), OnOff(v.NdSuppress), v.SuppressedIpv4, v.FloodedIpv4, v.SuppressedIpv6, v.FloodedIpv6);
        }

        vnis.WriteTo(terminal);
        terminal.Out.WriteLine();
        if (neighbors.Neighbors.Count == 0)
        {
            terminal.Problem("no neighbours: none configured, announced or seen where suppression is on", client.Hint("vni show"), Tone.Dim);
            return;
        }

        Table table = new("VNI", "ADDRESS", "MAC", "ORIGIN", ">AGE", "STATE", "AT");
        foreach (NeighborInfo n in neighbors.Neighbors)
        {
            string state = n.Duplicate ? "duplicate" : n.Answered ? "answered" : "no-mac";
            table.Add(
                n.Vni,
                n.Address,
                n.Mac,
                n.Plane is null || n.Plane == n.Origin ? n.Origin : $"{n.Origin}/{n.Plane}",
                n.AgeSeconds is { } age ? Text.Duration(age) : "-",
                new Cell(n.Router ? $"{state},router" : state, n.Answered ? Tone.Plain : Tone.Warn),
                n.Port is not null ? $"port {n.Port}" : n.Peer is not null ? $"peer {n.Peer}" : "-");
        }

        table.WriteTo(terminal);
        if (neighbors.Truncated) terminal.Problem("there are more neighbours than one answer holds", client.Hint("neighbors --vni N"));
        foreach (NeighborInfo n in neighbors.Neighbors.Where(n => n.Duplicate))
        {
            terminal.Problem($"{n.Address} in VNI {n.Vni} is claimed by several MACs in turn", client.Hint($"fdb why {n.Mac} --vni {n.Vni}"));
        }
    }

    private static string OnOff(bool on) => on ? "on" : "off";
}
