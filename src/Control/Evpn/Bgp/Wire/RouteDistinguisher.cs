namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>A route distinguisher: eight octets, compared as a number (RFC 4364 §4.2).</summary>
/// <param name="Value">The octets in network order, the first the highest.</param>
public readonly record struct RouteDistinguisher(ulong Value) : IComparable<RouteDistinguisher>
{
    /// <summary>Type 1, <c>IPv4:number</c>, the one RFC 7432 §7.9 recommends.</summary>
    public static RouteDistinguisher OfIPv4(uint address, ushort number) => new((1UL << 48) | ((ulong)address << 16) | number);

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
