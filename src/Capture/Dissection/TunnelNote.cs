namespace Overlay.Capture.Dissection;

/// <summary>The words of the <c>reason</c> column.</summary>
public static class TunnelNote
{
    /// <summary>No whole UDP header behind an outer IP header that announces one.</summary>
    public const string HeaderIncomplete = "ip-or-udp-header-incomplete-or-fragment";

    /// <summary>The frame ends before its IP length says.</summary>
    public const string ShorterThanIp = "packet-shorter-than-ip-length";

    /// <summary>The snap length of the capture cut the frame.</summary>
    public const string SnapLength = "cut-by-snap-length";

    /// <summary>The UDP length is under 8 or over what IP carries.</summary>
    public const string UdpLength = "udp-length";

    /// <summary>First fragment of an outer datagram.</summary>
    public const string FirstFragment = "outer-ip-first-fragment";

    /// <summary>Zero UDP checksum over IPv6 (RFC 6936).</summary>
    public const string ZeroChecksumV6 = "v6-zero-csum(accept-only-if-enabled)";

    /// <summary>Wrong UDP checksum, VXLAN (RFC 7348 5).</summary>
    public const string BadChecksumVxlan = "udp-csum-bad(VXLAN-MAY-verify)";

    /// <summary>Wrong UDP checksum, Geneve (RFC 8926 3.3).</summary>
    public const string BadChecksumGeneve = "udp-csum-bad(MUST)";

    /// <summary>No whole tunnel header.</summary>
    public const string ShortHeader = "short-header";

    /// <summary>VXLAN without the I flag.</summary>
    public const string NoVniFlag = "i-flag-clear";

    /// <summary>Bytes of the other encapsulation.</summary>
    public const string WrongEncap = "wrong-encap-on-port";

    /// <summary>Reserved bits are set.</summary>
    public const string Reserved = "reserved-nonzero(ignore)";

    /// <summary>Reserved bits of GPE are set.</summary>
    public const string ReservedGpe = "reserved-nonzero";

    /// <summary>A group policy word.</summary>
    public const string Gbp = "gbp";

    /// <summary>GPE version other than 0.</summary>
    public const string GpeVersion = "gpe-version";

    /// <summary>GPE O bit.</summary>
    public const string GpeOam = "gpe-O-bit";

    /// <summary>GPE next protocol NSH.</summary>
    public const string GpeNsh = "gpe-nsh-unsupported";

    /// <summary>Any other GPE next protocol.</summary>
    public const string GpeUnknown = "gpe-unknown-next-protocol";

    /// <summary>Geneve version other than 0.</summary>
    public const string Version = "version";

    /// <summary>Geneve option area longer than the datagram.</summary>
    public const string OptionOverrun = "optlen-overrun";

    /// <summary>Options that do not fill their area.</summary>
    public const string OptionMismatch = "option-list-mismatch";

    /// <summary>R bits of an option are set.</summary>
    public const string OptionReserved = "option-R-bits(ignore)";

    /// <summary>Geneve O bit.</summary>
    public const string Oam = "O-bit";

    /// <summary>Geneve C bit without a critical option.</summary>
    public const string NeedlessC = "C-set-without-critical-option";

    /// <summary>A critical option.</summary>
    public const string Critical = "drop-unless-every-critical-option-known";

    /// <summary>A critical option while C is clear.</summary>
    public const string CriticalWithoutC = "C-clear-with-critical-option(sender-violation)";

    /// <summary>Geneve protocol type that is neither Ethernet nor IP.</summary>
    public const string UnknownProtocol = "unknown-protocol-type";

    /// <summary>A layer-3 payload.</summary>
    public const string L3 = "l3-payload(accept-only-if-L3-supported)";

    /// <summary>A layer-3 payload whose version nibble is another.</summary>
    public const string L3Version = "l3-version";

    /// <summary>Under 14 octets of inner frame.</summary>
    public const string InnerShort = "inner-short";

    /// <summary>Inner frame with a VLAN tag in VXLAN (RFC 7348 6.1).</summary>
    public const string InnerVlanVxlan = "inner-vlan(discard-SHOULD-by-default)";

    /// <summary>Inner frame with a VLAN tag.</summary>
    public const string InnerVlan = "inner-vlan";

    /// <summary>Inner frame cut inside a VLAN tag.</summary>
    public const string InnerTagTruncated = "inner-vlan-tag-truncated(impl-defined)";

    /// <summary>Inner source is a group address.</summary>
    public const string GroupSource = "group-src-mac(never-learn)";

    /// <summary>Inner source is zero.</summary>
    public const string ZeroSource = "zero-src-mac(never-learn)";

    /// <summary>Inner destination is 01:80:c2:00:00:0x.</summary>
    public const string LinkLocalDestination = "link-local-group-dst(802.1Q-bridge-does-not-forward)";
}
