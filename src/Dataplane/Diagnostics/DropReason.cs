namespace Overlay.Dataplane.Diagnostics;

/// <summary>
/// Why a frame disappeared. The names on every surface (CLI, metrics, traces, capture comments, <c>docs/drops.md</c>) are the snake-case forms
/// given by <see cref="DropReasons"/>. The list may grow at its end; a name or a number is never changed.
/// </summary>
public enum DropReason : byte
{
    /// <summary>Not dropped.</summary>
    None = 0,

    /// <summary><c>outer_truncated</c>: The datagram ends inside the tunnel header or its option area.</summary>
    OuterTruncated = 1,

    /// <summary><c>outer_checksum_bad</c>: The outer UDP checksum is wrong. Only sources that do not go through the kernel's sockets can see this.</summary>
    OuterChecksumBad = 2,

    /// <summary><c>vxlan_no_vni_flag</c>: VXLAN I flag is 0: there is no valid VNI (RFC 7348 §5).</summary>
    VxlanNoVniFlag = 3,

    /// <summary><c>vxlan_gpe_unsupported</c>: VXLAN-GPE P bit with a next protocol that is not Ethernet.</summary>
    VxlanGpeUnsupported = 4,

    /// <summary><c>reserved_bits_set</c>: Reserved header bits are set and <c>listen.strict</c> is on.</summary>
    ReservedBitsSet = 5,

    /// <summary><c>geneve_version</c>: Geneve version is not 0 (RFC 8926 §3.4).</summary>
    GeneveVersion = 6,

    /// <summary><c>geneve_bad_option</c>: A Geneve option is longer than the option area (RFC 8926 §3.5).</summary>
    GeneveBadOption = 7,

    /// <summary><c>geneve_critical_unknown</c>: A critical Geneve option that we do not know (RFC 8926 §3.5).</summary>
    GeneveCriticalUnknown = 8,

    /// <summary><c>geneve_oam</c>: Geneve O bit: a control packet, never for a tenant (RFC 8926 §3.4).</summary>
    GeneveOam = 9,

    /// <summary><c>geneve_protocol</c>: Geneve protocol type is not Transparent Ethernet Bridging (0x6558).</summary>
    GeneveProtocol = 10,

    /// <summary><c>wrong_encap_on_port</c>: The datagram is of the other encapsulation than the UDP port it came to.</summary>
    WrongEncapOnPort = 11,

    /// <summary><c>vni_unknown</c>: No such VNI is configured here.</summary>
    VniUnknown = 12,

    /// <summary><c>vtep_unknown</c>: The outer source address is not admitted to this VNI.</summary>
    VtepUnknown = 13,

    /// <summary><c>vtep_down</c>: The destination VTEP is known to be down.</summary>
    VtepDown = 14,

    /// <summary><c>inner_truncated</c>: The inner frame ends inside a header it announces.</summary>
    InnerTruncated = 15,

    /// <summary><c>inner_source_invalid</c>: The source MAC is multicast or zero.</summary>
    InnerSourceInvalid = 16,

    /// <summary><c>inner_source_is_local</c>: A frame that did not come from a port of ours carries the MAC of its device as source.</summary>
    InnerSourceIsLocal = 17,

    /// <summary><c>link_local</c>: Destination 01:80:c2:00:00:0X, which a bridge does not forward (IEEE 802.1Q).</summary>
    LinkLocal = 18,

    /// <summary><c>split_horizon</c>: The frame came from the underlay and leads to the underlay; only a gateway VNI passes it.</summary>
    SplitHorizon = 19,

    /// <summary><c>hairpin</c>: The frame would leave by the port it came from.</summary>
    Hairpin = 20,

    /// <summary><c>vlan_not_allowed</c>: A tagged frame on an access port, or a tag that no VNI is mapped to.</summary>
    VlanNotAllowed = 21,

    /// <summary><c>fdb_miss_flood_off</c>: Unknown unicast in a VNI that does not flood it.</summary>
    FdbMissFloodOff = 22,

    /// <summary><c>flood_list_empty</c>: A frame to flood, and nobody else is in the VNI.</summary>
    FloodListEmpty = 23,

    /// <summary><c>storm_limit</c>: Over the storm-control rate.</summary>
    StormLimit = 24,

    /// <summary><c>mac_limit</c>: A table of learned MACs is full and the VNI does not flood beyond it.</summary>
    MacLimit = 25,

    /// <summary><c>policy_deny_tx</c>: A policy rule denies the frame at the sender.</summary>
    PolicyDenyTx = 26,

    /// <summary><c>policy_deny_rx</c>: A policy rule denies the frame at the receiver.</summary>
    PolicyDenyRx = 27,

    /// <summary><c>policy_option_missing</c>: The VNI requires a policy option and the frame has none.</summary>
    PolicyOptionMissing = 28,

    /// <summary><c>identity_not_from_peer</c>: The identity is not bound to the VTEP that claims it.</summary>
    IdentityNotFromPeer = 29,

    /// <summary><c>encap_cannot_carry_policy</c>: The VNI requires a policy option and the peer's encapsulation cannot carry it.</summary>
    EncapCannotCarryPolicy = 30,

    /// <summary><c>too_big_notified</c>: Longer than the path allows; the inner sender was told.</summary>
    TooBigNotified = 31,

    /// <summary><c>too_big_silent</c>: Longer than the port or the path allows; nobody was told.</summary>
    TooBigSilent = 32,

    /// <summary><c>ecn_ce_not_ect</c>: Outer CE over an inner packet that is not ECN-capable (RFC 6040 §4.2).</summary>
    EcnCeNotEct = 33,

    /// <summary><c>tap_full</c>: The kernel refused the frame: the TAP's queue is full, or the tenant's end of a veth pair takes no more.</summary>
    TapFull = 34,

    /// <summary><c>tap_bad_vnet_header</c>: The virtio-net header of a frame from the port contradicts the frame.</summary>
    TapBadVnetHeader = 35,

    /// <summary><c>tap_malformed</c>: A frame from the port that is shorter than an Ethernet header or ends inside a VLAN tag.</summary>
    TapMalformed = 36,

    /// <summary><c>port_down</c>: The destination port is down or gone.</summary>
    PortDown = 37,

    /// <summary><c>underlay_unreachable</c>: The kernel has no route or no address for the outer destination.</summary>
    UnderlayUnreachable = 38,

    /// <summary><c>underlay_send_refused</c>: The kernel refused to send (firewall, or a limit).</summary>
    UnderlaySendRefused = 39,

    /// <summary><c>underlay_not_encrypted</c>: The VNI demands an encrypted underlay and the route does not lead through one.</summary>
    UnderlayNotEncrypted = 40,

    /// <summary><c>mac_frozen</c>: The MAC is frozen at another place by duplicate detection: it moved too often.</summary>
    MacFrozen = 41,

    /// <summary><c>mac_sticky</c>: A sticky MAC was seen elsewhere than it belongs.</summary>
    MacSticky = 42,

    /// <summary><c>miss_queue_full</c>: The queue of frames waiting for an answer to a miss is full.</summary>
    MissQueueFull = 43,

    /// <summary><c>vtep_self</c>: The outer source is an address of our own.</summary>
    VtepSelf = 44,

    /// <summary><c>shutting_down</c>: The daemon is stopping.</summary>
    ShuttingDown = 45,

    /// <summary><c>socket_full</c>: The sending socket's buffer is full.</summary>
    SocketFull = 46,

    /// <summary><c>no_vni</c>: The port is placed in no VNI.</summary>
    NoVni = 47,

    /// <summary><c>internal_error</c>: A defect of the daemon abandoned the batch that the frame was in.</summary>
    InternalError = 48,

    /// <summary><c>gateway_loop</c>: A gateway VNI flooded the same frame a moment ago: it came another way then.</summary>
    GatewayLoop = 49,

    /// <summary><c>control_limit</c>: More probes of a VTEP than are served.</summary>
    ControlLimit = 50,
}
