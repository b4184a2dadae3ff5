using Overlay.Encap;

namespace Overlay.Control.Queries;

/// <summary>Which entry: by VNI, then by MAC.</summary>
/// <param name="Vni">The VNI.</param>
/// <param name="Mac">The MAC.</param>
public readonly record struct FdbKey(Vni Vni, MacAddress Mac) : IComparable<FdbKey>
{
    /// <inheritdoc/>
    public int CompareTo(FdbKey other) => Vni != other.Vni ? Vni.CompareTo(other.Vni) : Mac.CompareTo(other.Mac);

    /// <summary>Order.</summary>
    public static bool operator <(FdbKey left, FdbKey right) => left.CompareTo(right) < 0;

    /// <summary>Order.</summary>
    public static bool operator >(FdbKey left, FdbKey right) => left.CompareTo(right) > 0;

    /// <summary>Order.</summary>
    public static bool operator <=(FdbKey left, FdbKey right) => left.CompareTo(right) <= 0;

    /// <summary>Order.</summary>
    public static bool operator >=(FdbKey left, FdbKey right) => left.CompareTo(right) >= 0;
}
