using System.CommandLine;
using System.Globalization;
using Overlay.Api;
using Overlay.Cli.Admin;
using Overlay.Cli.Screen;

namespace Overlay.Cli.Verbs;

/// <summary><c>overlayctl mac</c>: static MACs, added and removed while the daemon runs.</summary>
internal static class MacVerb
{
    public static Verb Create(Terminal terminal)
    {
        Verb verb = new(
            "mac",
            "Static MACs: list them, add and remove them while the daemon runs. What is learned is under 'fdb'.",
            "overlayctl mac list",
            "overlayctl mac add 02:00:00:00:00:02 --vni 100 --peer b --ip 10.0.0.2 --save",
            "overlayctl mac del 02:00:00:00:00:02 --vni 100 --save");
        verb.Subcommands.Add(CreateList(terminal));
        verb.Subcommands.Add(CreateAdd(terminal));
        verb.Subcommands.Add(CreateDel(terminal));
        return verb;
    }

    private static Verb CreateList(Terminal terminal)
    {
        Verb verb = new("list", "The static MACs that are in force.", "overlayctl mac list", "overlayctl mac list --vni 100 -o json | jq -r '.[].mac'");
        Option<int?> vni = GlobalOptions.Vni(required: false);
        Option<string> output = GlobalOptions.Output();
        verb.Options.Add(vni);
        verb.Options.Add(output);
        verb.SetAction(async (parsed, cancellation) =>
        {
            using AdminClient client = new(parsed.GetRequiredValue(GlobalOptions.Socket));
            AdminReply reply = await client.GetAsync(AdminClient.Resource("v1/fdb", ("vni", parsed.GetValue(vni)?.ToString(CultureInfo.InvariantCulture))), cancellation);
            (FdbResponse? fdb, Failure? failure) = client.Read(reply, ApiJsonContext.Default.FdbResponse);
            if (fdb is null) return terminal.Fail(failure!);
            if (parsed.GetValue(output) == "json")
            {
                Json.PrintMember(terminal, reply.Body, "entries", entry => entry.TryGetProperty("origin", out var origin) && origin.ValueEquals("static"));
                return ExitCode.Ok;
            }

            FdbEntryInfo[] macs = [.. fdb.Entries.Where(e => e.Origin == "static")];
            if (macs.Length == 0)
            {
                terminal.Problem("no static MACs", client.Hint("mac add MAC --vni N --peer NAME"), Tone.Dim);
                return ExitCode.Ok;
            }

            Table table = new("VNI", "MAC", "PEER", "FLAGS", "ADDRESS");
            foreach (FdbEntryInfo e in macs) table.Add(e.Vni, e.Mac, e.Peer, e.Flags.Count == 0 ? "-" : string.Join(',', e.Flags), Text.EndPoint(e.Address, e.UdpPort));
            table.WriteTo(terminal);
            if (fdb.Truncated) terminal.Problem("there are more than one answer holds", client.Hint("mac list --vni N"));
            return ExitCode.Ok;
        });
        return verb;
    }

    private static Verb CreateAdd(Terminal terminal)
    {
        Verb verb = new(
            "add",
            "Place a MAC behind a peer, whatever is learned.",
            "overlayctl mac add 02:00:00:00:00:02 --vni 100 --peer b",
            "overlayctl mac add 02:00:00:00:00:02 --vni 100 --peer b --ip 10.0.0.2 --sticky --save");
        Argument<string> mac = Mac();
        Option<int?> vni = GlobalOptions.Vni(required: true);
        Option<string?> peer = PortVerb.Text("--peer", "The peer it is behind.", "NAME");
        peer.Required = true;
        Option<string[]> ip = new("--ip") { Description = "A tenant address of it; may be given again.", HelpName = "ADDRESS" };
        Option<bool> sticky = new("--sticky") { Description = "Drop frames with it as source from elsewhere." };
        verb.Arguments.Add(mac);
        foreach (Option option in (ReadOnlySpan<Option>)[vni, peer, ip, sticky]) verb.Options.Add(option);
        ChangeOptions change = new ChangeOptions().AddTo(verb);
        verb.SetAction(async (parsed, cancellation) =>
        {
            string body = ChangeOptions.Object(json =>
            {
                json.Number("vni", parsed.GetValue(vni));
                json.Text("mac", parsed.GetValue(mac));
                json.Text("peer", parsed.GetValue(peer));
                json.Flag("sticky", parsed.GetValue(sticky));
                json.Texts("ip", parsed.GetValue(ip));
            });
            using AdminClient client = new(parsed.GetRequiredValue(GlobalOptions.Socket));
            AdminReply reply = await client.PostAsync(change.Resource(parsed, "v1/macs"), body, change.Revision(parsed), cancellation);
            return change.Finish(parsed, terminal, client, reply);
        });
        return verb;
    }

    private static Verb CreateDel(Terminal terminal)
    {
        Verb verb = new("del", "Remove a static MAC.", "overlayctl mac del 02:00:00:00:00:02 --vni 100");
        Argument<string> mac = Mac();
        Option<int?> vni = GlobalOptions.Vni(required: true);
        verb.Arguments.Add(mac);
        verb.Options.Add(vni);
        ChangeOptions change = new ChangeOptions().AddTo(verb);
        verb.SetAction(async (parsed, cancellation) =>
        {
            using AdminClient client = new(parsed.GetRequiredValue(GlobalOptions.Socket));
            string resource = change.Resource(parsed, "v1/macs", ("vni", parsed.GetValue(vni)?.ToString(CultureInfo.InvariantCulture)), ("mac", parsed.GetValue(mac)));
            return change.Finish(parsed, terminal, client, await client.DeleteAsync(resource, change.Revision(parsed), cancellation));
        });
        return verb;
    }

    private static Argument<string> Mac()
    {
        Argument<string> mac = new("MAC") { Description = "The MAC, for example 02:00:00:00:00:02." };
        mac.Validators.Add(GlobalOptions.CheckMac);
        return mac;
    }
}
