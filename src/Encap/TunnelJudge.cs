using Overlay.Encap.Ethernet;
using Overlay.Encap.Geneve;
using Overlay.Encap.Vxlan;

namespace Overlay.Encap;

/// <summary>
/// The stateless judgement of a tunnel datagram: bytes in, status and facts out. The daemon and <c>overlayctl decode</c> share it, so
/// they cannot differ. It judges the tunnel layer; <see cref="InnerFrame"/> judges what is inside. Thread-safe, no allocation.
/// </summary>
public static class TunnelJudge
{
    private const int MinInnerLength = EthernetView.HeaderLength;
    private const uint CriticalOptionBit = 0x8000;
    private const ParseAnomaly StrictAnomalies = ParseAnomaly.GeneveReservedBits | ParseAnomaly.GeneveOptionReservedBits;

    /// <summary>Judges a datagram.</summary>
    /// <param name="udpPayload">The UDP payload. Any bytes of any length.</param>
    /// <param name="socketKind">The one encapsulation the socket speaks.</param>
    /// <param name="options">What is accepted.</param>
    /// <param name="info">The facts.</param>
    /// <returns><see cref="ParseStatus.Ok"/>, or the first reason to drop.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ParseStatus Judge(ReadOnlySpan<byte> udpPayload, EncapKind socketKind, in TunnelJudgeOptions options, out TunnelInfo info) =>
        socketKind == EncapKind.Vxlan
            ? JudgeVxlan(udpPayload, in options, out info)
            : JudgeGeneve(udpPayload, in options, out info);

    /// <summary>Judges a datagram of a VXLAN socket (RFC 7348 5).</summary>
    /// <inheritdoc cref="Judge"/>
    public static ParseStatus JudgeVxlan(ReadOnlySpan<byte> udpPayload, in TunnelJudgeOptions options, out TunnelInfo info)
    {
        info = default;
        ParseStatus status = VxlanView.Parse(udpPayload, new VxlanParseOptions(options.Strict, options.Gbp, options.Gpe), out VxlanView view);
        if (status == ParseStatus.OuterTruncated)
        {
            return status;
        }

        info.Vni = view.Vni;
        info.InnerOffset = VxlanHeader.Length;
        info.InnerLength = udpPayload.Length - VxlanHeader.Length;
        info.ProtocolType = EtherType.TransparentEthernet;
        if (status != ParseStatus.Ok || view.HasReservedBits || options.Gbp || options.Gpe == GpeHandling.Accept)
        {
            status = JudgeUnusualVxlan(udpPayload, in view, status, in options, ref info);
        }

        return status != ParseStatus.Ok ? status
            : info.InnerLength < MinInnerLength && info.ProtocolType == EtherType.TransparentEthernet ? ParseStatus.InnerTruncated
            : ParseStatus.Ok;
    }

    /// <summary>Judges a datagram of a Geneve socket (RFC 8926 3.4, 3.5).</summary>
    /// <inheritdoc cref="Judge"/>
    public static ParseStatus JudgeGeneve(ReadOnlySpan<byte> udpPayload, in TunnelJudgeOptions options, out TunnelInfo info)
    {
        info = default;
        ParseStatus status = GeneveView.Parse(udpPayload, out GeneveView view);
        info.Vni = view.Vni;
        info.ProtocolType = view.ProtocolType;
        if (status != ParseStatus.Ok)
        {
            return status != ParseStatus.GeneveVersion && LooksLikeVxlan(udpPayload) ? ParseStatus.WrongEncap : status;
        }

        info.InnerOffset = view.InnerOffset;
        info.InnerLength = udpPayload.Length - view.InnerOffset;
        info.Fields = (view.Critical ? TunnelFields.Critical : 0) | (view.Oam ? TunnelFields.Oam : 0);
        info.Anomalies = view.HasReservedBits ? ParseAnomaly.GeneveReservedBits : ParseAnomaly.None;

        ParseStatus optionStatus = ParseStatus.Ok;
        if (view.OptionsLength != 0)
        {
            optionStatus = JudgeOptions(udpPayload, in view, options.Registry, ref info);
            if (optionStatus == ParseStatus.GeneveBadOption)
            {
                return LooksLikeVxlan(udpPayload) ? ParseStatus.WrongEncap : optionStatus;
            }
        }
        else if (view.Critical)
        {
            info.Anomalies |= ParseAnomaly.CBitWithoutCritical;
        }

        // A control packet is not for the tenant whatever else it is, so O outranks everything that needs the payload.
        if (view.Oam)
        {
            return ParseStatus.GeneveOam;
        }

        bool ethernet = view.ProtocolType == EtherType.TransparentEthernet;
        if (!ethernet && !(options.AcceptL3 && view.ProtocolType is EtherType.IPv4 or EtherType.IPv6))
        {
            return LooksLikeVxlan(udpPayload) ? ParseStatus.WrongEncap : ParseStatus.GeneveProtocol;
        }

        if (info.InnerLength == 0)
        {
            return ParseStatus.OuterTruncated;
        }

        if (ethernet && info.InnerLength < MinInnerLength)
        {
            return ParseStatus.InnerTruncated;
        }

        return optionStatus != ParseStatus.Ok ? optionStatus
            : options.Strict && (info.Anomalies & StrictAnomalies) != 0 ? ParseStatus.ReservedBitsSet
            : ParseStatus.Ok;
    }

    /// <summary>
    /// Geneve bytes on a VXLAN socket. With eight or more option words the I flag of a VXLAN header happens to be set, and a lenient
    /// receiver would deliver options as a frame: version 0, zero reserved bits, an Ethernet or IP protocol type and lengths that fit
    /// are taken for Geneve. A VXLAN sender that fills its reserved octets with just that is worth losing.
    /// </summary>
    internal static bool LooksLikeGeneve(ReadOnlySpan<byte> udpPayload)
    {
        if (udpPayload.Length < GeneveHeader.FixedLength)
        {
            return false;
        }

        bool fixedPart = (udpPayload[0] & 0xC0) == 0 && (udpPayload[1] & 0x3F) == 0 && udpPayload[7] == 0
            && BinaryPrimitives.ReadUInt16BigEndian(udpPayload[2..]) is EtherType.TransparentEthernet or EtherType.IPv4 or EtherType.IPv6;
        return fixedPart && GeneveHeader.FixedLength + ((udpPayload[0] & 0x3F) << 2) <= udpPayload.Length;
    }

    /// <summary>A plain VXLAN header on a Geneve socket: it reads as version 0, eight option words and protocol type 0.</summary>
    internal static bool LooksLikeVxlan(ReadOnlySpan<byte> udpPayload) =>
        BinaryPrimitives.TryReadUInt32BigEndian(udpPayload, out uint first) && udpPayload.Length >= VxlanHeader.Length && first == 0x0800_0000;

    private static ParseStatus JudgeUnusualVxlan(
        ReadOnlySpan<byte> udpPayload, in VxlanView view, ParseStatus status, in TunnelJudgeOptions options, ref TunnelInfo info)
    {
        if (options.Gpe != GpeHandling.Accept && (status != ParseStatus.Ok || view.HasReservedBits) && LooksLikeGeneve(udpPayload))
        {
            return ParseStatus.WrongEncap;
        }

        if (view.HasReservedBits)
        {
            info.Anomalies |= ParseAnomaly.VxlanReservedBits;
        }

        if (options.Gbp && view.GbpPresent)
        {
            info.PolicyId = view.GbpPolicyId;
            info.Fields |= TunnelFields.Policy
                | (view.GbpDontLearn ? TunnelFields.DontLearn : 0)
                | (view.GbpPolicyApplied ? TunnelFields.PolicyApplied : 0);
        }

        if (options.Gpe == GpeHandling.Accept)
        {
            info.Fields |= view.GpeOam ? TunnelFields.Oam : 0;
            info.ProtocolType = !view.GpePresent ? EtherType.TransparentEthernet
                : view.GpeNextProtocol switch
                {
                    GpeProtocol.IPv4 => EtherType.IPv4,
                    GpeProtocol.IPv6 => EtherType.IPv6,
                    _ => EtherType.TransparentEthernet,
                };
        }

        return status;
    }

    private static ParseStatus JudgeOptions(ReadOnlySpan<byte> udpPayload, in GeneveView view, GeneveOptionRegistry registry, ref TunnelInfo info)
    {
        ReadOnlySpan<byte> area = udpPayload[..view.InnerOffset];
        (uint policyKey, uint telemetryKey, uint identityKey) = registry.Keys;
        uint seen = 0;

        // Locals stay in registers where fields behind a reference would not.
        TunnelFields fields = info.Fields;
        ParseAnomaly anomalies = info.Anomalies;
        bool unknownCritical = false;
        int offset = GeneveHeader.FixedLength;
        while (offset < area.Length)
        {
            // The area is whole words, so an option header is always there.
            uint word = BinaryPrimitives.ReadUInt32BigEndian(area[offset..]);
            int dataOffset = offset + GeneveOption.HeaderLength;
            int dataLength = (int)(word & 0x1F) << 2;
            offset = dataOffset + dataLength;
            if (offset > area.Length)
            {
                return ParseStatus.GeneveBadOption;
            }

            seen |= word;
            uint key = (word >> 8) & 0xFFFF7F;
            bool understood;
            if (key == policyKey)
            {
                understood = Claim(TunnelFields.Policy, dataLength >= 4, word, ref fields, ref anomalies, out bool first);
                if (first)
                {
                    info.PolicyId = BinaryPrimitives.ReadUInt32BigEndian(area[dataOffset..]);
                }
            }
            else if (key == identityKey)
            {
                understood = Claim(TunnelFields.Identity, dataLength >= 4, word, ref fields, ref anomalies, out bool first);
                if (first)
                {
                    info.Identity = BinaryPrimitives.ReadUInt32BigEndian(area[dataOffset..]);
                }
            }
            else if (key == telemetryKey)
            {
                understood = Claim(TunnelFields.Telemetry, dataLength >= 8, word, ref fields, ref anomalies, out bool first);
                if (first)
                {
                    info.TelemetryOffset = (ushort)dataOffset;
                }
            }
            else
            {
                understood = registry.IsOther(key);
            }

            unknownCritical |= !understood & ((word & CriticalOptionBit) != 0);
        }

        bool anyCritical = (seen & CriticalOptionBit) != 0;
        if (anyCritical != view.Critical)
        {
            anomalies |= anyCritical ? ParseAnomaly.CriticalWithoutCBit : ParseAnomaly.CBitWithoutCritical;
        }

        if ((seen & 0xE0) != 0)
        {
            anomalies |= ParseAnomaly.GeneveOptionReservedBits;
        }

        info.Fields = fields;
        info.Anomalies = anomalies;
        return unknownCritical ? ParseStatus.GeneveCriticalUnknown : ParseStatus.Ok;
    }

    /// <summary>
    /// Whether one of our options can be read. Critical and unreadable is critical and not understood: fail closed (RFC 8926 3.5).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool Claim(TunnelFields field, bool usable, uint word, ref TunnelFields fields, ref ParseAnomaly anomalies, out bool first)
    {
        bool duplicate = (fields & field) != 0;
        first = usable && !duplicate;
        if (first)
        {
            fields |= field;
        }
        else
        {
            anomalies |= usable ? ParseAnomaly.DuplicateOption
                : (word & CriticalOptionBit) == 0 ? ParseAnomaly.UnusableOption
                : ParseAnomaly.None;
        }

        return usable;
    }
}
