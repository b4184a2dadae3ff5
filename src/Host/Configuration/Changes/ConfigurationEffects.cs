using Overlay.Api;
using Overlay.Control.StaticFile;
using Overlay.Forwarding.Topology;

namespace Overlay.Host.Configuration.Changes;

/// <summary>What becoming another configuration does to those who are connected: the consequences, before they happen.</summary>
internal static partial class ConfigurationEffects
{
    private static readonly string[] Kinds = ["port ", "vni ", "peer ", "mac ", "evpn "];

    /// <summary>The effects of going from one configuration to another.</summary>
    public static IReadOnlyList<ConfigEffect> Between(OverlayConfig old, OverlayConfig @new)
    {
        var effects = new List<ConfigEffect>();
        var diff = ConfigurationDiff.Compare(old, @new);
        effects.AddRange(diff.RestartKeys.Select(key => new ConfigEffect
        {
            Kind = "key",
            Name = key,
            Action = "changed",
            Keys = [],
            Effect = "needs a restart",
            Interrupts = false,
            NeedsRestart = true,
        }));

        // What is about one key, such as "log.level: debug": no name has a blank behind its kind.
        foreach (var change in diff.Changes.Where(change => !Kinds.Any(kind => change.StartsWith(kind, StringComparison.Ordinal))))
        {
            var colon = change.IndexOf(": ", StringComparison.Ordinal);
            effects.Add(Of("key", change[..colon], "changed", [], $"becomes {change[(colon + 2)..]}; no frame is lost"));
        }

        Collect(effects, old.Topology.Ports.Values, @new.Topology.Ports.Values, port => port.Name, PortAdded, PortRemoved, PortChanged);
        Collect(effects, old.Topology.Vnis, @new.Topology.Vnis, vni => vni.Vni.ToString(), VniAdded, VniRemoved, VniChanged);
        Collect(effects, old.Routes.Peers, @new.Routes.Peers, peer => peer.Vtep.Vtep.Name, PeerAdded, PeerRemoved, PeerChanged);
        Collect(effects, old.Routes.Macs, @new.Routes.Macs, NameOf, MacAdded, MacRemoved, MacChanged);
        if (old.Evpn is { } before && @new.Evpn is { } after)
        {
            AddEvpn(effects, before, after);
        }

        return effects;
    }

    private static string NameOf(StaticMac mac) => $"{mac.Mac} in vni {mac.Vni}";

    private static ConfigEffect PortAdded(PortSpec port) => Of("port", port.Name, "added", [], port.Kind == PortDeviceKind.Tap
        ? $"TAP {Device(port)} is opened, or made if it does not exist"
        : $"veth end {Device(port)} is opened; it must exist");

    private static ConfigEffect PortRemoved(PortSpec port) => Of("port", port.Name, "removed", [], $"{Device(port)} is closed: its tenants are cut off", interrupts: true);

    private static ConfigEffect PortChanged(PortSpec old, PortSpec port)
    {
        var keys = Keys(
            (old.Kind == port.Kind && old.Device == port.Device, port.Kind == PortDeviceKind.Tap ? "tap" : "veth"),
            (old.Netns == port.Netns, "netns"),
            (old.Mac == port.Mac, "mac"),
            (old.Mtu == port.Mtu, "mtu"),
            (old.Queues == port.Queues, "queues"),
            (old.Bridge == port.Bridge, "bridge"),
            (old.Mode == port.Mode, "mode"),
            (old.MacLimit == port.MacLimit, "mac_limit"),
            (old.Identity == port.Identity, "identity"),
            (old.NativeVni == port.NativeVni, "native"),
            (old.Vlans.SequenceEqual(port.Vlans), "vlans"),
            (old.TagType == port.TagType, "tag"));
        if (keys is ["tap" or "veth" or "netns", ..])
        {
            return Of("port", port.Name, "changed", keys, $"{Device(old)} is closed and {Device(port)} is opened: tenants behind the old one are cut off", interrupts: true);
        }

        var interrupts = keys.Exists(key => key is "mode" or "native" or "vlans" or "tag");
        var effect = interrupts ? "the device stays open; frames that the new tags do not place are dropped from that moment on"
            : keys.Contains("mac") ? "the device stays open and gets another MAC; who knows the old one has to ask again"
            : keys.Contains("bridge") ? "the device stays open and changes its bridge; about a second of frames while the bridge learns"
            : "the device stays open; no frame is lost";
        return Of("port", port.Name, "changed", keys, effect, interrupts || keys.Contains("bridge"));
    }

    private static ConfigEffect VniAdded(VniSpec vni) => Of("vni", vni.Vni.ToString(), "added", [], vni.Ports.IsEmpty ? "has no port of its own yet" : $"serves {List(vni.Ports)}");

    private static ConfigEffect VniRemoved(VniSpec vni) => Of("vni", vni.Vni.ToString(), "removed", [],
        vni.Ports.IsEmpty ? "what was learned in it is forgotten" : $"{List(vni.Ports)} can reach nobody in it any more; what was learned in it is forgotten", interrupts: true);

    private static ConfigEffect VniChanged(VniSpec old, VniSpec vni)
    {
        var keys = Keys(
            (old.Ports.SequenceEqual(vni.Ports), "ports"),
            ((old.RemoteLearning, old.Age, old.LearnLimit, old.VtepLearnLimit, old.MoveLimit, old.MoveWindow, old.FreezeTime) ==
                (vni.RemoteLearning, vni.Age, vni.LearnLimit, vni.VtepLearnLimit, vni.MoveLimit, vni.MoveWindow, vni.FreezeTime), "learning"),
            (Equals(old.Group, vni.Group) && (old.UnknownUnicast, old.ArpSuppress, old.NdSuppress) == (vni.UnknownUnicast, vni.ArpSuppress, vni.NdSuppress), "flood"),
            (old.Storm.Equals(vni.Storm), "storm"),
            (old.Allow.SequenceEqual(vni.Allow), "allow"),
            ((old.PolicyId, old.PolicyRequired, old.OnVxlanPeer) == (vni.PolicyId, vni.PolicyRequired, vni.OnVxlanPeer), "policy"),
            (old.Transparent == vni.Transparent, "transparent"),
            (old.Gateway == vni.Gateway, "gateway"),
            (old.AsksOnMiss == vni.AsksOnMiss, "etcd"));
        var (gone, came) = (old.Ports.Except(vni.Ports, StringComparer.Ordinal).ToArray(), vni.Ports.Except(old.Ports, StringComparer.Ordinal).ToArray());
        var parts = new List<string>();
        if (came.Length > 0)
        {
            parts.Add($"{List(came)} {(came.Length == 1 ? "joins" : "join")} it");
        }

        if (gone.Length > 0)
        {
            parts.Add($"{List(gone)} {(gone.Length == 1 ? "leaves" : "leave")} it and can reach nobody in it any more");
        }

        var narrows = old.Allow.Except(vni.Allow).Any();
        if (narrows)
        {
            parts.Add("sources that only a removed prefix of allow admitted are dropped as vtep_unknown");
        }

        if (!Equals(old.Group, vni.Group))
        {
            parts.Add("broadcasts go another way; about a second of them may be lost");
        }

        if (!old.PolicyRequired && vni.PolicyRequired)
        {
            parts.Add("frames without the policy option are dropped as policy_option_missing");
        }

        var interrupts = parts.Count > (came.Length > 0 ? 1 : 0);
        if (old.AsksOnMiss != vni.AsksOnMiss)
        {
            parts.Add(vni.AsksOnMiss ? "what etcd gave is forgotten, and asked for as frames need it" : "everything that etcd has of it is taken in");
        }

        return Of("vni", vni.Vni.ToString(), "changed", keys, parts.Count > 0 ? string.Join("; ", parts) : "in force at once; what was learned stays, no frame is lost", interrupts);
    }

    private static ConfigEffect PeerAdded(StaticPeer peer) => Of("peer", peer.Vtep.Vtep.Name, "added", [],
        peer.Vnis.IsEmpty ? "is in no VNI: nothing is sent to it and nothing accepted from it" : $"is sent broadcasts of, and may send into, {Vnis(peer)}");

    private static ConfigEffect PeerRemoved(StaticPeer peer) => Of("peer", peer.Vtep.Vtep.Name, "removed", [],
        "nothing is sent to it any more, what it sends is dropped as vtep_unknown, and MACs learned from it are forgotten", interrupts: true);

    private static ConfigEffect PeerChanged(StaticPeer old, StaticPeer peer)
    {
        var (before, after) = (old.Vtep, peer.Vtep);
        var keys = Keys(
            (before.Addresses.SequenceEqual(after.Addresses), "addresses"),
            (before.Encap == after.Encap, "encap"),
            (before.Port == after.Port, "port"),
            (old.Vnis.SequenceEqual(peer.Vnis), "vnis"),
            (before.AlsoFrom.SequenceEqual(after.AlsoFrom), "also_from"),
            (before.PolicyOption == after.PolicyOption, "policy_option"));
        var parts = new List<string>();
        var isMoved = !before.Addresses.SequenceEqual(after.Addresses);
        if (isMoved)
        {
            parts.Add($"frames go to {string.Join(", ", after.Addresses)} from now on");
        }

        var left = old.Vnis.Select(vni => vni.Vni).Except(peer.Vnis.Select(vni => vni.Vni)).ToArray();
        if (left.Length > 0)
        {
            parts.Add($"it leaves VNI {string.Join(", ", left)}: nothing is sent to it or accepted from it there");
        }

        var admitted = before.Addresses.Concat(before.AlsoFrom).Except(after.Addresses.Concat(after.AlsoFrom)).ToArray();
        if (admitted.Length > 0)
        {
            parts.Add($"what comes from {string.Join(", ", admitted)} is dropped as vtep_unknown");
        }

        if (keys.Contains("encap") || keys.Contains("port") || !old.Vnis.SequenceEqual(peer.Vnis))
        {
            parts.Add("what is sent to it changes between two frames; both encapsulations are accepted from it");
        }

        return Of("peer", after.Vtep.Name, "changed", keys, parts.Count > 0 ? string.Join("; ", parts) : "in force at once; no frame is lost", isMoved || left.Length > 0 || admitted.Length > 0);
    }

    private static ConfigEffect MacAdded(StaticMac mac) => Of("mac", NameOf(mac), "added", [], $"frames to it go to peer {mac.Peer.Name}, whatever was learned");

    private static ConfigEffect MacRemoved(StaticMac mac) => Of("mac", NameOf(mac), "removed", [], "frames to it are flooded until it is learned");

    private static ConfigEffect MacChanged(StaticMac old, StaticMac mac) => Of("mac", NameOf(mac), "changed",
        Keys((old.Peer == mac.Peer, "peer"), (old.Sticky == mac.Sticky, "sticky"), (old.Addresses.SequenceEqual(mac.Addresses), "ip")),
        old.Peer == mac.Peer ? "in force at once; no frame is lost" : $"frames to it go to peer {mac.Peer.Name} from now on");

    private static string Device(PortSpec port) => port.Netns is null ? port.Device : $"{port.Netns}/{port.Device}";

    private static string Vnis(StaticPeer peer) => $"VNI {string.Join(", ", peer.Vnis.Take(8).Select(vni => vni.Vni))}{(peer.Vnis.Length > 8 ? $" and {peer.Vnis.Length - 8} more" : "")}";

    private static string List(IReadOnlyList<string> ports) => $"port{(ports.Count == 1 ? "" : "s")} {string.Join(", ", ports)}";

    private static List<string> Keys(params ReadOnlySpan<(bool IsEqual, string Key)> keys)
    {
        var changed = new List<string>();
        foreach (var (isEqual, key) in keys)
        {
            if (!isEqual)
            {
                changed.Add(key);
            }
        }

        return changed;
    }

    private static ConfigEffect Of(string kind, string name, string action, IReadOnlyList<string> keys, string effect, bool interrupts = false) =>
        new() { Kind = kind, Name = name, Action = action, Keys = keys, Effect = effect, Interrupts = interrupts, NeedsRestart = false };

    private static void Collect<T>(
        List<ConfigEffect> effects, IEnumerable<T> old, IEnumerable<T> @new, Func<T, string> name, Func<T, ConfigEffect> added, Func<T, ConfigEffect> removed, Func<T, T, ConfigEffect> changed)
        where T : class
    {
        var before = old.ToDictionary(name, StringComparer.Ordinal);
        foreach (var item in @new)
        {
            if (!before.Remove(name(item), out var previous))
            {
                effects.Add(added(item));
            }
            else if (!item.Equals(previous))
            {
                effects.Add(changed(previous, item));
            }
        }

        effects.AddRange(before.Values.Select(removed));
    }
}
