using System.CommandLine;
using System.Globalization;
using Overlay.Cli.Admin;
using Overlay.Cli.Screen;

namespace Overlay.Cli.Verbs;

/// <summary><c>overlayctl port</c>: tenant ports, added and removed while the daemon runs.</summary>
internal static class PortVerb
{
    public static Verb Create(Terminal terminal)
    {
        Verb verb = new(
            "port",
            "Tenant ports: list them, add and remove them while the daemon runs.",
            "overlayctl port list",
            "overlayctl port add web --tap tap-web --vni 100 --save",
            "overlayctl port del web --save");
        verb.Subcommands.Add(StatusPart.List(terminal, "The ports.", "ports", StatusScreen.ShowPorts, "overlayctl port list", "overlayctl port list -o json | jq -r '.[] | select(.up | not) | .port'"));
        verb.Subcommands.Add(CreateAdd(terminal));
        verb.Subcommands.Add(CreateDel(terminal));
        return verb;
    }

    private static Verb CreateAdd(Terminal terminal)
    {
        Verb verb = new(
            "add",
            "Add a port, and place it in a VNI, which is made with the defaults if it is not configured. Nothing else is touched.",
            "overlayctl port add web --tap tap-web --vni 100",
            "overlayctl port add box --veth eth-host --vni 300 --identity 7 --save",
            "overlayctl port add uplink --tap tap-t --mode trunk --native 100 --vlan 20:200 --vlan 30:300");
        Argument<string> name = new("NAME") { Description = "The port's name." };
        Option<string?> tap = Text("--tap", "The TAP device; it is made if it does not exist.", "DEVICE");
        Option<string?> veth = Text("--veth", "Our end of an existing veth pair.", "DEVICE");
        Option<string?> netns = Text("--netns", "Network namespace of the device.", "NAME");
        Option<int?> vni = GlobalOptions.Vni(required: false);
        Option<string?> mode = Text("--mode", "How frames are tagged on it.", "access|trunk|transparent");
        Option<string?> mac = Text("--mac", "MAC given to the device.", "MAC");
        Option<string?> mtu = Text("--mtu", "MTU of the port, or auto.", "N");
        Option<string?> queues = Text("--queues", "TAP queues, 1 to 16.", "N");
        Option<string?> bridge = Text("--bridge", "Bridge to put the TAP into.", "DEVICE");
        Option<string?> macLimit = Text("--mac-limit", "Learned MACs on this port.", "N");
        Option<string?> identity = Text("--identity", "Workload identity, written on its frames.", "N");
        Option<string?> native = Text("--native", "Trunk: the VNI of untagged frames.", "VNI");
        Option<string[]> vlan = new("--vlan") { Description = "Trunk: a VLAN and its VNI; may be given again and again.", HelpName = "VID:VNI" };
        Option<string?> tag = Text("--tag", "Trunk: the tags that select.", "dot1q|dot1ad");
        verb.Arguments.Add(name);
        foreach (Option option in (ReadOnlySpan<Option>)[tap, veth, netns, vni, mode, mac, mtu, queues, bridge, macLimit, identity, native, vlan, tag]) verb.Options.Add(option);
        vlan.Validators.Add(result =>
        {
            foreach (string wrong in result.Tokens.Select(t => t.Value).Where(v => SplitVlan(v) is null)) result.AddError($"--vlan takes VID:VNI such as 20:200, not '{wrong}'");
        });
        verb.Validators.Add(result =>
        {
            if (result.GetResult(tap) is null == result.GetResult(veth) is null) result.AddError("name the device with '--tap' or with '--veth'");
        });
        ChangeOptions change = new ChangeOptions().AddTo(verb);
        verb.SetAction(async (parsed, cancellation) =>
        {
            string body = ChangeOptions.Object(json =>
            {
                json.Text("name", parsed.GetValue(name));
                json.Text("tap", parsed.GetValue(tap));
                json.Text("veth", parsed.GetValue(veth));
                json.Text("netns", parsed.GetValue(netns));
                json.Text("mode", parsed.GetValue(mode));
                json.Text("mac", parsed.GetValue(mac));
                json.NumberOrWord("mtu", parsed.GetValue(mtu));
                json.NumberOrWord("queues", parsed.GetValue(queues));
                json.Text("bridge", parsed.GetValue(bridge));
                json.NumberOrWord("mac_limit", parsed.GetValue(macLimit));
                json.NumberOrWord("identity", parsed.GetValue(identity));
                json.NumberOrWord("native", parsed.GetValue(native));
                if (parsed.GetValue(vlan) is { Length: > 0 } vlans)
                {
                    json.WriteStartObject("vlans");
                    foreach ((int vid, int to) in vlans.Select(v => SplitVlan(v)!.Value)) json.WriteNumber(vid.ToString(CultureInfo.InvariantCulture), to);
                    json.WriteEndObject();
                }

                json.Text("tag", parsed.GetValue(tag));
                json.Number("vni", parsed.GetValue(vni));
            });
            using AdminClient client = new(parsed.GetRequiredValue(GlobalOptions.Socket));
            AdminReply reply = await client.PostAsync(change.Resource(parsed, "v1/ports"), body, change.Revision(parsed), cancellation);
            return change.Finish(parsed, terminal, client, reply);
        });
        return verb;
    }

    private static Verb CreateDel(Terminal terminal)
    {
        Verb verb = new("del", "Remove a port; a VNI that lists it lists it no more. Its tenants are cut off, nobody else.", "overlayctl port del web", "overlayctl port del web --dry-run");
        Argument<string> name = new("NAME") { Description = "The port's name." };
        verb.Arguments.Add(name);
        ChangeOptions change = new ChangeOptions().AddTo(verb);
        verb.SetAction(async (parsed, cancellation) =>
        {
            using AdminClient client = new(parsed.GetRequiredValue(GlobalOptions.Socket));
            AdminReply reply = await client.DeleteAsync(change.Resource(parsed, "v1/ports", ("name", parsed.GetValue(name))), change.Revision(parsed), cancellation);
            return change.Finish(parsed, terminal, client, reply);
        });
        return verb;
    }

    /// <summary>An option with a text that the daemon judges.</summary>
    public static Option<string?> Text(string name, string description, string helpName) => new(name) { Description = description, HelpName = helpName };

    private static (int Vid, int Vni)? SplitVlan(string text)
    {
        string[] parts = text.Split(':');
        return parts.Length == 2 && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int vid) &&
            int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int vni) ? (vid, vni) : null;
    }
}
