namespace Overlay.Encap;

/// <summary>
/// The identity of a tunnel end point: its name, not its addresses. A dual-stack VTEP is one identity with several addresses
/// (Physical_Locator in hardware_vtep, NVE in RFC 8365).
/// </summary>
/// <param name="Name">The operator's name for it; compared by ordinal. Never empty for a VTEP that exists.</param>
public readonly record struct VtepEndpoint(string Name) : IComparable<VtepEndpoint>
{
    /// <inheritdoc/>
    public int CompareTo(VtepEndpoint other) => string.CompareOrdinal(Name, other.Name);

    /// <summary>Orders by ordinal comparison of names.</summary>
    public static bool operator <(VtepEndpoint left, VtepEndpoint right) => left.CompareTo(right) < 0;

    /// <summary>Orders by ordinal comparison of names.</summary>
    public static bool operator >(VtepEndpoint left, VtepEndpoint right) => left.CompareTo(right) > 0;

    /// <summary>Orders by ordinal comparison of names.</summary>
    public static bool operator <=(VtepEndpoint left, VtepEndpoint right) => left.CompareTo(right) <= 0;

    /// <summary>Orders by ordinal comparison of names.</summary>
    public static bool operator >=(VtepEndpoint left, VtepEndpoint right) => left.CompareTo(right) >= 0;

    /// <summary>The name.</summary>
    public override string ToString() => Name ?? string.Empty;
}
