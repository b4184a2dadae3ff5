namespace Overlay.Encap;

/// <summary>
/// What a parser says of bytes. Every member but <see cref="Ok"/> is a reason to drop, and each has a drop reason of its own in the daemon
/// (docs/drops.md); several distinct rules of a standard may share one.
/// </summary>
public enum ParseStatus : byte
{
    /// <summary>Well formed: no accessor of the view can throw.</summary>
    Ok = 0,

    /// <summary>No whole tunnel header, or a Geneve option area longer than the datagram, or a Geneve header with nothing behind it (RFC 8926 3.4). Drop reason <c>outer_truncated</c>.</summary>
    OuterTruncated,

    /// <summary>The VXLAN I flag is 0, so there is no valid VNI (RFC 7348 5). Drop reason <c>vxlan_no_vni_flag</c>.</summary>
    VxlanNoVniFlag,

    /// <summary>The GPE P bit announces a payload that is not Ethernet (draft-ietf-nvo3-vxlan-gpe 3.2). Drop reason <c>vxlan_gpe_unsupported</c>.</summary>
    VxlanGpeUnsupported,

    /// <summary>A GPE frame with the O bit, on a GPE socket only. For the control path, never a tenant. Drop reason <c>vxlan_gpe_unsupported</c>.</summary>
    VxlanGpeOam,

    /// <summary>Reserved bits are set and the mode is strict; RFC 7348 5 and RFC 8926 3.4 say ignore, which is the default. Drop reason <c>reserved_bits_set</c>.</summary>
    ReservedBitsSet,

    /// <summary>A Geneve version other than 0 MUST be dropped (RFC 8926 3.4). Drop reason <c>geneve_version</c>.</summary>
    GeneveVersion,

    /// <summary>An option is longer than the option area, or the options do not add up to it (RFC 8926 3.5). Drop reason <c>geneve_bad_option</c>.</summary>
    GeneveBadOption,

    /// <summary>An option with the critical bit that is not understood (RFC 8926 3.5), whatever the header's C bit says. Drop reason <c>geneve_critical_unknown</c>.</summary>
    GeneveCriticalUnknown,

    /// <summary>The Geneve O bit: a control packet, whose payload MUST NOT be forwarded (RFC 8926 3.4). Drop reason <c>geneve_oam</c>.</summary>
    GeneveOam,

    /// <summary>A Geneve protocol type that is not Ethernet (0x6558), nor a layer-3 payload where those are accepted. Drop reason <c>geneve_protocol</c>.</summary>
    GeneveProtocol,

    /// <summary>The inner frame is shorter than its own headers say. Drop reason <c>inner_truncated</c>.</summary>
    InnerTruncated,

    /// <summary>Bytes of the other encapsulation than the socket's. Drop reason <c>wrong_encap_on_port</c>.</summary>
    WrongEncap,

    /// <summary>A header below the tunnel that is shorter than its format, or has an impossible length or version: not a tunnel judgement; the frame is opaque.</summary>
    Malformed,
}
