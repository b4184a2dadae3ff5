using System.Globalization;
using System.Text.Json;
using Overlay.Encap;
using Overlay.Host.Configuration.Yaml;

namespace Overlay.Host.Configuration.Changes;

/// <summary>
/// Adds and removes ports, peers and static MACs in the text of a configuration. Only the lines concerned change; comments stay. Nothing here
/// judges values: the result is loaded like a file. Total: a text or a fault.
/// </summary>
internal static class ConfigurationEdit
{
    /// <summary>Adds a port: <paramref name="body"/> has <c>name</c>, optionally <c>vni</c>, and the keys of <c>ports.&lt;name&gt;</c>.</summary>
    public static EditResult AddPort(string text, JsonElement body)
    {
        if (NameOf(body) is not { } name)
        {
            return NoName("a port");
        }

        if (DocumentEdit.Open(text) is not { } document)
        {
            return NotEditable();
        }

        if (document.Find("ports") is YamlMapping ports && ports.Find(name) is not null)
        {
            return EditResult.Fault("exists", $"port {KeyPath.Printable(name)} is there already: delete it first, or change it by a whole configuration. Next: overlayctl port list", "name");
        }

        var isDone = document.AddNamed("ports", name, FlowText.Of(body, "name", "vni"));
        if (isDone && body.TryGetProperty("vni", out var wanted) && wanted.ValueKind != JsonValueKind.Null)
        {
            if (wanted.ValueKind != JsonValueKind.Number || !wanted.TryGetUInt32(out var number) || number > Vni.MaxValue)
            {
                return EditResult.Fault("bad_request", $"vni: expected a number from 0 to {Vni.MaxValue}", "vni");
            }

            isDone = Place(document, name, number);
        }

        return isDone ? document.Result() : NotEditable();
    }

    /// <summary>Removes a port, and its name from the VNI that lists it.</summary>
    public static EditResult RemovePort(string text, string name)
    {
        if (DocumentEdit.Open(text) is not { } document)
        {
            return NotEditable();
        }

        if ((document.Find("ports") as YamlMapping)?.Find(name) is null)
        {
            return NotFound($"port {KeyPath.Printable(name)}", "port list");
        }

        var isDone = document.Remove(["ports", name]);
        for (var vni = 0; isDone && document.Find("vnis", vni) is { } node; vni++)
        {
            if ((node as YamlMapping)?.Find("ports")?.Value is not YamlSequence places)
            {
                continue;
            }

            for (var place = places.Items.Count - 1; isDone && place >= 0; place--)
            {
                if (places.Items[place] is YamlScalar scalar && scalar.Value == name)
                {
                    isDone = document.Remove(["vnis", vni, "ports", place]);
                }
            }
        }

        return isDone ? document.Result() : NotEditable();
    }

    /// <summary>Adds a peer: <paramref name="body"/> has the keys of <c>peers[]</c>.</summary>
    public static EditResult AddPeer(string text, JsonElement body)
    {
        if (NameOf(body) is not { } name)
        {
            return NoName("a peer");
        }

        if (DocumentEdit.Open(text) is not { } document)
        {
            return NotEditable();
        }

        return document.IndexOf("peers", peer => Scalar(peer, "name") == name) >= 0
            ? EditResult.Fault("exists", $"peer {KeyPath.Printable(name)} is there already: delete it first, or change it by a whole configuration. Next: overlayctl peer list", "name")
            : document.AddItem("peers", FlowText.Of(body)) ? document.Result() : NotEditable();
    }

    /// <summary>Removes a peer.</summary>
    /// <param name="text">The text.</param>
    /// <param name="name">The peer.</param>
    /// <param name="withMacs">The static MACs behind it too.</param>
    public static EditResult RemovePeer(string text, string name, bool withMacs)
    {
        if (DocumentEdit.Open(text) is not { } document)
        {
            return NotEditable();
        }

        var at = document.IndexOf("peers", peer => Scalar(peer, "name") == name);
        if (at < 0)
        {
            return NotFound($"peer {KeyPath.Printable(name)}", "peer list");
        }

        var isDone = document.Remove(["peers", at]);
        var behind = document.Count("macs", mac => Scalar(mac, "peer") == name);
        if (behind > 0 && !withMacs)
        {
            return EditResult.Fault("in_use", $"{behind} static MAC{(behind == 1 ? " is" : "s are")} behind peer {KeyPath.Printable(name)}: remove them too. Next: overlayctl peer del {KeyPath.Printable(name)} --with-macs", "name");
        }

        for (var mac = 0; isDone && mac >= 0;)
        {
            mac = document.IndexOf("macs", node => Scalar(node, "peer") == name);
            isDone = mac < 0 || document.Remove(["macs", mac]);
        }

        return isDone ? document.Result() : NotEditable();
    }

    /// <summary>Adds a static MAC: <paramref name="body"/> has the keys of <c>macs[]</c>.</summary>
    public static EditResult AddMac(string text, JsonElement body)
    {
        if (DocumentEdit.Open(text) is not { } document)
        {
            return NotEditable();
        }

        if (body.TryGetProperty("vni", out var vni) && vni.ValueKind == JsonValueKind.Number && vni.TryGetUInt32(out var number) &&
            body.TryGetProperty("mac", out var text1) && text1.ValueKind == JsonValueKind.String && MacAddress.TryParse(text1.GetString()!, out var mac) &&
            document.IndexOf("macs", node => IsMac(node, number, mac)) >= 0)
        {
            return EditResult.Fault("exists", $"{mac} in VNI {number} is placed already: delete it first. Next: overlayctl mac list --vni {number}", "mac");
        }

        return document.AddItem("macs", FlowText.Of(body)) ? document.Result() : NotEditable();
    }

    /// <summary>Removes a static MAC.</summary>
    public static EditResult RemoveMac(string text, Vni vni, MacAddress mac)
    {
        if (DocumentEdit.Open(text) is not { } document)
        {
            return NotEditable();
        }

        var at = document.IndexOf("macs", node => IsMac(node, vni.Value, mac));
        return at < 0 ? NotFound($"static MAC {mac} in VNI {vni}", $"mac list --vni {vni}")
            : document.Remove(["macs", at]) ? document.Result() : NotEditable();
    }

    private static bool Place(DocumentEdit document, string port, uint vni)
    {
        var at = document.IndexOf("vnis", node => IsNumber(node, "id", vni));
        return at < 0
            ? document.AddItem("vnis", $"{{ id: {vni}, ports: [{FlowText.Of(port)}] }}")
            : document.AddItemTo(["vnis", at], "ports", FlowText.Of(port));
    }

    private static string? NameOf(JsonElement body) =>
        body.TryGetProperty("name", out var name) && name.ValueKind == JsonValueKind.String && name.GetString() is { Length: > 0 } text ? text : null;

    private static string? Scalar(YamlNode node, string key) => ((node as YamlMapping)?.Find(key)?.Value as YamlScalar)?.Value;

    private static bool IsNumber(YamlNode node, string key, uint number) =>
        uint.TryParse(Scalar(node, key), NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value == number;

    private static bool IsMac(YamlNode node, uint vni, MacAddress mac) =>
        IsNumber(node, "vni", vni) && Scalar(node, "mac") is { } text && MacAddress.TryParse(text, out var other) && other == mac;

    private static EditResult NoName(string what) => EditResult.Fault("bad_request", $"name: required, and missing: expected the name of {what}", "name");

    private static EditResult NotFound(string what, string list) =>
        EditResult.Fault("not_found", $"{what} is not in the configuration. Next: overlayctl {list}");

    private static EditResult NotEditable() => EditResult.Fault(
        "not_editable", "the configuration is written in a way that cannot be changed piece by piece: change the file and apply it whole. Next: overlayctl config apply FILE");
}
