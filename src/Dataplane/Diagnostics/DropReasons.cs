using System.Collections.Immutable;

namespace Overlay.Dataplane.Diagnostics;

/// <summary>Names and sentences of the drop reasons, for every surface.</summary>
public static class DropReasons
{
    private static readonly ImmutableArray<(string Name, string Sentence)> Table =
    [
        ("none", "Not dropped."),
        ("outer_truncated", "The datagram ends inside the tunnel header or its option area."),
        ("outer_checksum_bad", "The outer UDP checksum is wrong. Only sources that do not go through the kernel's sockets can see this."),
        ("vxlan_no_vni_flag", "VXLAN I flag is 0: there is no valid VNI (RFC 7348 §5)."),
        ("vxlan_gpe_unsupported", "VXLAN-GPE P bit with a next protocol that is not Ethernet."),
        ("reserved_bits_set", "Reserved header bits are set and listen.strict is on."),
        ("geneve_version", "Geneve version is not 0 (RFC 8926 §3.4)."),
        ("geneve_bad_option", "A Geneve option is longer than the option area (RFC 8926 §3.5)."),
        ("geneve_critical_unknown", "A critical Geneve option that we do not know (RFC 8926 §3.5)."),
        ("geneve_oam", "Geneve O bit: a control packet, never for a tenant (RFC 8926 §3.4)."),
        ("geneve_protocol", "Geneve protocol type is not Transparent Ethernet Bridging (0x6558)."),
        ("wrong_encap_on_port", "The datagram is of the other encapsulation than the UDP port it came to."),
        ("vni_unknown", "No such VNI is configured here."),
        ("vtep_unknown", "The outer source address is not admitted to this VNI."),
        ("vtep_down", "The destination VTEP is known to be down."),
        ("inner_truncated", "The inner frame ends inside a header it announces."),
        ("inner_source_invalid", "The source MAC is multicast or zero."),
        ("inner_source_is_local", "A frame that did not come from a port of ours carries the MAC of its device as source."),
        ("link_local", "Destination 01:80:c2:00:00:0X, which a bridge does not forward (IEEE 802.1Q)."),
        ("split_horizon", "The frame came from the underlay and leads to the underlay; only a gateway VNI passes it."),
        ("hairpin", "The frame would leave by the port it came from."),
        ("vlan_not_allowed", "A tagged frame on an access port, or a tag that no VNI is mapped to."),
        ("fdb_miss_flood_off", "Unknown unicast in a VNI that does not flood it."),
        ("flood_list_empty", "A frame to flood, and nobody else is in the VNI."),
        ("storm_limit", "Over the storm-control rate."),
        ("mac_limit", "A table of learned MACs is full and the VNI does not flood beyond it."),
        ("policy_deny_tx", "A policy rule denies the frame at the sender."),
        ("policy_deny_rx", "A policy rule denies the frame at the receiver."),
        ("policy_option_missing", "The VNI requires a policy option and the frame has none."),
        ("identity_not_from_peer", "The identity is not bound to the VTEP that claims it."),
        ("encap_cannot_carry_policy", "The VNI requires a policy option and the peer's encapsulation cannot carry it."),
        ("too_big_notified", "Longer than the path allows; the inner sender was told."),
        ("too_big_silent", "Longer than the port or the path allows; nobody was told."),
        ("ecn_ce_not_ect", "Outer CE over an inner packet that is not ECN-capable (RFC 6040 §4.2)."),
        ("tap_full", "The kernel refused the frame: the TAP's queue is full, or the tenant's end of a veth pair takes no more."),
        ("tap_bad_vnet_header", "The virtio-net header of a frame from the port contradicts the frame."),
        ("tap_malformed", "A frame from the port that is shorter than an Ethernet header or ends inside a VLAN tag."),
        ("port_down", "The destination port is down or gone."),
        ("underlay_unreachable", "The kernel has no route or no address for the outer destination."),
        ("underlay_send_refused", "The kernel refused to send (firewall, or a limit)."),
        ("underlay_not_encrypted", "The VNI demands an encrypted underlay and the route does not lead through one."),
        ("mac_frozen", "The MAC is frozen at another place by duplicate detection: it moved too often."),
        ("mac_sticky", "A sticky MAC was seen elsewhere than it belongs."),
        ("miss_queue_full", "The queue of frames waiting for an answer to a miss is full."),
        ("vtep_self", "The outer source is an address of our own."),
        ("shutting_down", "The daemon is stopping."),
        ("socket_full", "The sending socket's buffer is full."),
        ("no_vni", "The port is placed in no VNI."),
        ("internal_error", "A defect of the daemon: the batch of the frame was abandoned (the log says where), or nothing said what became of the frame."),
        ("gateway_loop", "A gateway VNI flooded the same frame a moment ago: it came another way then."),
        ("control_limit", "More probes of a VTEP than are served."),
    ];

    /// <summary>One more than the largest reason: the length of an array indexed by <see cref="DropReason"/>.</summary>
    public static int Count => Table.Length;

    /// <summary>The snake-case name, for example <c>vni_unknown</c>.</summary>
    public static string Name(DropReason reason) => Table[(int)reason].Name;

    /// <summary>One sentence for an operator.</summary>
    public static string Sentence(DropReason reason) => Table[(int)reason].Sentence;
}
