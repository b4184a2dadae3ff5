using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Overlay.Encap;

namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>An extended community (RFC 4360): eight octets as a number, the first octet the highest.</summary>
/// <param name="Value">The octets.</param>
public readonly record struct ExtendedCommunity(ulong Value)
{
    private const ulong EncapsulationKind = 0x030C;
    private const ulong DefaultGatewayKind = 0x030D;
    private const ulong MacMobilityKind = 0x0600;
    private const ulong EsiLabelKind = 0x0601;
    private const ulong EsImportKind = 0x0602;
    private const ulong RouterMacKind = 0x0603;
    private const ulong ArpNdKind = 0x0608;
    private const byte RouteTargetSubtype = 2;

    /// <summary>The type octet.</summary>
    public byte Type => (byte)(Value >> 56);

    /// <summary>The subtype octet.</summary>
    public byte Subtype => (byte)(Value >> 48);

    /// <summary>A route target of any of the three forms (RFC 4360 §4, RFC 5668 §2).</summary>
    public bool IsRouteTarget => Type <= 2 && Subtype == RouteTargetSubtype;

    /// <summary>The default-gateway community (RFC 7432 §7.8); its body is ignored.</summary>
    public bool IsDefaultGateway => Kind == DefaultGatewayKind;

    /// <summary>The default-gateway community.</summary>
    public static ExtendedCommunity DefaultGateway => Of(DefaultGatewayKind, 0);

    private ulong Kind => Value >> 48;

    private ulong Body => Value & 0xFFFF_FFFF_FFFF;

    /// <summary>A route target of a two-octet AS.</summary>
    public static ExtendedCommunity RouteTargetOfAs2(ushort number, uint local) => Of(0x0002, ((ulong)number << 32) | local);

    /// <summary>A route target of an IPv4 address.</summary>
    public static ExtendedCommunity RouteTargetOfIPv4(uint address, ushort local) => Of(0x0102, ((ulong)address << 16) | local);

    /// <summary>A route target of a four-octet AS.</summary>
    public static ExtendedCommunity RouteTargetOfAs4(uint number, ushort local) => Of(0x0202, ((ulong)number << 16) | local);

    /// <summary>The encapsulation community (RFC 9012 §4.1).</summary>
    /// <param name="tunnelType"><see cref="TunnelType"/>.</param>
    public static ExtendedCommunity Encapsulation(ushort tunnelType) => Of(EncapsulationKind, tunnelType);

    /// <summary>MAC mobility (RFC 7432 §7.7).</summary>
    public static ExtendedCommunity MacMobility(uint sequence, bool sticky = false) => Of(MacMobilityKind, (sticky ? 1UL << 40 : 0) | sequence);

    /// <summary>The ESI label (RFC 7432 §7.5).</summary>
    /// <param name="label">24 bits.</param>
    /// <param name="singleActive">Single-active redundancy.</param>
    public static ExtendedCommunity EsiLabel(uint label, bool singleActive) => Of(EsiLabelKind, (singleActive ? 1UL << 40 : 0) | (label & 0xFF_FFFF));

    /// <summary>The ES-Import route target (RFC 7432 §7.6).</summary>
    public static ExtendedCommunity EsImport(MacAddress value) => Of(EsImportKind, value.Value);

    /// <summary>The router's MAC (RFC 9135 §8.1).</summary>
    public static ExtendedCommunity RouterMac(MacAddress mac) => Of(RouterMacKind, mac.Value);

    /// <summary>ARP/ND flags (RFC 9047 §2).</summary>
    public static ExtendedCommunity ArpNd(ArpNdFlags flags) => Of(ArpNdKind, (ulong)flags << 40);

    /// <summary>Reads the tunnel type of an encapsulation community.</summary>
    public bool TryGetEncapsulation(out ushort tunnelType)
    {
        tunnelType = (ushort)Value;
        return Kind == EncapsulationKind;
    }

    /// <summary>Reads MAC mobility; unknown flags and the reserved octet are ignored.</summary>
    public bool TryGetMacMobility(out uint sequence, out bool sticky)
    {
        sequence = (uint)Value;
        sticky = (Body >> 40 & 1) != 0;
        return Kind == MacMobilityKind;
    }

    /// <summary>Reads the ESI label.</summary>
    public bool TryGetEsiLabel(out uint label, out bool singleActive)
    {
        label = (uint)Value & 0xFF_FFFF;
        singleActive = (Body >> 40 & 1) != 0;
        return Kind == EsiLabelKind;
    }

    /// <summary>Reads the ES-Import route target.</summary>
    public bool TryGetEsImport(out MacAddress value)
    {
        value = new MacAddress(Body);
        return Kind == EsImportKind;
    }

    /// <summary>Reads the router's MAC.</summary>
    public bool TryGetRouterMac(out MacAddress mac)
    {
        mac = new MacAddress(Body);
        return Kind == RouterMacKind;
    }

    /// <summary>Reads ARP/ND flags; unknown ones are kept.</summary>
    public bool TryGetArpNd(out ArpNdFlags flags)
    {
        flags = (ArpNdFlags)(Body >> 40);
        return Kind == ArpNdKind;
    }

    /// <summary>
    /// Parses a route target: <c>65001:100</c> (two-octet AS), <c>192.0.2.1:100</c>, <c>4200000001:100</c> (four-octet AS), <c>65001L:100</c> (a small
    /// AS in four octets).
    /// </summary>
    /// <returns>False when the text is none of these or a number does not fit.</returns>
    public static bool TryParseRouteTarget([NotNullWhen(true)] string? text, out ExtendedCommunity target)
    {
        bool ok = AdministratorText.TryParse(text, out int form, out ulong body);
        target = ok ? Of(((ulong)form << 8) | RouteTargetSubtype, body) : default;
        return ok;
    }

    /// <summary>A route target as <see cref="TryParseRouteTarget"/> reads it; null for any other community.</summary>
    public string? ToRouteTargetText() => IsRouteTarget ? AdministratorText.Format(Type, Body) : null;

    /// <summary>
    /// For the operator: <c>rt:65001:100</c>, <c>encap:vxlan</c>, <c>mobility:3</c>, <c>sticky</c>, <c>default-gateway</c>, <c>router-mac:02:00:00:00:00:01</c>,
    /// and what has no name as <c>0x</c> and sixteen digits.
    /// </summary>
    public string ToText()
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        if (IsRouteTarget)
        {
            return "rt:" + AdministratorText.Format(Type, Body);
        }

        if (Type <= 2 && Subtype == 3)
        {
            return "soo:" + AdministratorText.Format(Type, Body);
        }

        return Kind switch
        {
            EncapsulationKind => "encap:" + (ushort)Value switch
            {
                TunnelType.Vxlan => "vxlan",
                TunnelType.Geneve => "geneve",
                TunnelType.Mpls => "mpls",
                TunnelType.Nvgre => "nvgre",
                TunnelType.VxlanGpe => "vxlan-gpe",
                ushort other => other.ToString(culture),
            },
            DefaultGatewayKind => "default-gateway",
            MacMobilityKind when TryGetMacMobility(out uint sequence, out bool sticky) =>
                !sticky ? string.Create(culture, $"mobility:{sequence}") : sequence == 0 ? "sticky" : string.Create(culture, $"sticky:{sequence}"),
            EsiLabelKind when TryGetEsiLabel(out uint label, out bool singleActive) => string.Create(culture, $"esi-label:{label}{(singleActive ? ":single-active" : ":all-active")}"),
            EsImportKind => $"es-import:{new MacAddress(Body)}",
            RouterMacKind => $"router-mac:{new MacAddress(Body)}",
            ArpNdKind when TryGetArpNd(out ArpNdFlags flags) => "nd:" + NamesOf(flags),
            _ => string.Create(culture, $"0x{Value:x16}"),
        };
    }

    /// <inheritdoc/>
    public override string ToString() => ToText();

    private static ExtendedCommunity Of(ulong kind, ulong body) => new((kind << 48) | body);

    private static string NamesOf(ArpNdFlags flags)
    {
        List<string> names = [];
        if (flags.HasFlag(ArpNdFlags.Router))
        {
            names.Add("router");
        }

        if (flags.HasFlag(ArpNdFlags.Override))
        {
            names.Add("override");
        }

        if (flags.HasFlag(ArpNdFlags.Immutable))
        {
            names.Add("immutable");
        }

        return names.Count == 0 ? "none" : string.Join('+', names);
    }
}
