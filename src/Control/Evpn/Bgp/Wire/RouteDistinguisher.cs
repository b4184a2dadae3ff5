using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>A route distinguisher: eight octets, compared as a number (RFC 4364 §4.2).</summary>
/// <param name="Value">The octets in network order, the first the highest.</param>
public readonly record struct RouteDistinguisher(ulong Value) : IComparable<RouteDistinguisher>
{
    /// <summary>Type 1, <c>IPv4:number</c>, the one RFC 7432 §7.9 recommends.</summary>
    public static RouteDistinguisher OfIPv4(uint address, ushort number) => new((1UL << 48) | ((ulong)address << 16) | number);

    /// <summary>The type, 0–2; others are legal on the wire.</summary>
    public ushort Type => (ushort)(Value >> 48);

    /// <summary>Parses <c>65001:100</c> (type 0), <c>192.0.2.1:2</c> (type 1), <c>4200000001:2</c> or <c>65001L:2</c> (type 2).</summary>
    /// <returns>False when the text is none of these or a number does not fit.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, out RouteDistinguisher rd)
    {
        bool ok = AdministratorText.TryParse(text, out int form, out ulong body);
        rd = ok ? new RouteDistinguisher(((ulong)form << 48) | body) : default;
        return ok;
    }

    /// <summary>As <see cref="TryParse"/> reads it; of an unknown type <c>0x</c> and sixteen digits.</summary>
    public string ToText() => Type <= 2 ? AdministratorText.Format(Type, Value & 0xFFFF_FFFF_FFFF) : string.Create(CultureInfo.InvariantCulture, $"0x{Value:x16}");

    /// <inheritdoc/>
    public override string ToString() => ToText();

    /// <inheritdoc/>
    public int CompareTo(RouteDistinguisher other) => Value.CompareTo(other.Value);

    /// <summary>Orders by number.</summary>
    public static bool operator <(RouteDistinguisher left, RouteDistinguisher right) => left.Value < right.Value;

    /// <summary>Orders by number.</summary>
    public static bool operator >(RouteDistinguisher left, RouteDistinguisher right) => left.Value > right.Value;

    /// <summary>Orders by number.</summary>
    public static bool operator <=(RouteDistinguisher left, RouteDistinguisher right) => left.Value <= right.Value;

    /// <summary>Orders by number.</summary>
    public static bool operator >=(RouteDistinguisher left, RouteDistinguisher right) => left.Value >= right.Value;
}
