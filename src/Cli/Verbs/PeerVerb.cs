using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Overlay.Cli.Admin;
using Overlay.Cli.Screen;

namespace Overlay.Cli.Verbs;

/// <summary><c>overlayctl peer</c>: remote VTEPs, added and removed while the daemon runs.</summary>
internal static class PeerVerb
{
    public static Verb Create(Terminal terminal)
    {
        Verb verb = new(
            "peer",
            "Remote VTEPs: list them, add and remove them while the daemon runs.",
            "overlayctl peer list",
            "overlayctl peer add d --address 192.0.2.4 --encap geneve --vni 100 --save",
            "overlayctl peer del d --save");
        verb.Subcommands.Add(StatusPart.List(terminal, "The peers.", "peers", StatusScreen.ShowPeers, "overlayctl peer list", "overlayctl peer list -o json | jq -r '.[] | select(.state != \"up\") | .peer'"));
        verb.Subcommands.Add(CreateAdd(terminal));
        verb.Subcommands.Add(CreateDel(terminal));
        return verb;
    }

    private static Verb CreateAdd(Terminal terminal)
    {
        Verb verb = new(
            "add",
            "Add a peer: it gets the broadcasts of its VNIs and may send into them. Nothing else is touched.",
            "overlayctl peer add d --address 192.0.2.4 --vni 100",
            "overlayctl peer add e --address 192.0.2.5 --address 2001:db8::5 --encap geneve --vni 100 --vni 200:vxlan --save");
        Argument<string> name = new("NAME") { Description = "The VTEP's name." };
        Option<string[]> address = new("--address", "-a") { Description = "Its address, the preferred first; may be given again.", HelpName = "ADDRESS", Required = true };
        Option<string?> encap = PortVerb.Text("--encap", "What is sent to it. Both are accepted from it.", "vxlan|geneve");
        Option<string?> port = PortVerb.Text("--port", "UDP port sent to.", "N");
        Option<string[]> vni = new("--vni") { Description = "A VNI it is in, with an encapsulation where it is not the peer's; may be given again.", HelpName = "N[:ENCAP]" };
        Option<string[]> alsoFrom = new("--also-from") { Description = "A further address it may send from; may be given again.", HelpName = "ADDRESS" };
        Option<string?> policyOption = PortVerb.Text("--policy-option", "How the policy option is marked.", "advisory|critical");
        vni.Validators.Add(result =>
        {
            foreach (string wrong in result.Tokens.Select(t => t.Value).Where(v => SplitVni(v) is null)) result.AddError($"--vni takes a VNI, or VNI:ENCAP such as 200:vxlan, not '{wrong}'");
        });
        verb.Arguments.Add(name);
        foreach (Option option in (ReadOnlySpan<Option>)[address, encap, port, vni, alsoFrom, policyOption]) verb.Options.Add(option);
        ChangeOptions change = new ChangeOptions().AddTo(verb);
        verb.SetAction(async (parsed, cancellation) =>
        {
            string body = ChangeOptions.Object(json =>
            {
                json.Text("name", parsed.GetValue(name));
                json.Texts("addresses", parsed.GetValue(address));
                json.Text("encap", parsed.GetValue(encap));
                json.NumberOrWord("port", parsed.GetValue(port));
                WriteVnis(json, parsed.GetValue(vni));
                json.Texts("also_from", parsed.GetValue(alsoFrom));
                json.Text("policy_option", parsed.GetValue(policyOption));
            });
            using AdminClient client = new(parsed.GetRequiredValue(GlobalOptions.Socket));
            AdminReply reply = await client.PostAsync(change.Resource(parsed, "v1/peers"), body, change.Revision(parsed), cancellation);
            return change.Finish(parsed, terminal, client, reply);
        });
        return verb;
    }

    private static Verb CreateDel(Terminal terminal)
    {
        Verb verb = new(
            "del",
            "Remove a peer: nothing is sent to it any more, and what it sends is dropped as vtep_unknown.",
            "overlayctl peer del d",
            "overlayctl peer del d --with-macs --dry-run");
        Argument<string> name = new("NAME") { Description = "The VTEP's name." };
        Option<bool> withMacs = new("--with-macs") { Description = "The static MACs behind it too; otherwise they keep it from being removed." };
        verb.Arguments.Add(name);
        verb.Options.Add(withMacs);
        ChangeOptions change = new ChangeOptions().AddTo(verb);
        verb.SetAction(async (parsed, cancellation) =>
        {
            using AdminClient client = new(parsed.GetRequiredValue(GlobalOptions.Socket));
            string resource = change.Resource(parsed, "v1/peers", ("name", parsed.GetValue(name)), ("with_macs", parsed.GetValue(withMacs) ? "true" : null));
            return change.Finish(parsed, terminal, client, await client.DeleteAsync(resource, change.Revision(parsed), cancellation));
        });
        return verb;
    }

    private static void WriteVnis(Utf8JsonWriter json, string[]? vnis)
    {
        if (vnis is null or []) return;
        json.WriteStartArray("vnis");
        foreach ((int id, string? encap) in vnis.Select(v => SplitVni(v)!.Value))
        {
            if (encap is null)
            {
                json.WriteNumberValue(id);
                continue;
            }

            json.WriteStartObject();
            json.WriteNumber("id", id);
            json.WriteString("encap", encap);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static (int Id, string? Encap)? SplitVni(string text)
    {
        string[] parts = text.Split(':', 2);
        return int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int id) && (parts.Length == 1 || parts[1].Length > 0) ? (id, parts.Length == 2 ? parts[1] : null) : null;
    }
}
