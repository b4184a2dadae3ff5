using Overlay.Encap;

namespace Overlay.Control.Queries;

/// <summary>Which binding: by VNI, then by address.</summary>
/// <param name="Vni">The VNI.</param>
/// <param name="Address">The tenant's address.</param>
public readonly record struct NeighborKey(Vni Vni, UnderlayAddress Address) : IComparable<NeighborKey>
{
    /// <inheritdoc/>
    public int CompareTo(NeighborKey other) => Vni != other.Vni ? Vni.CompareTo(other.Vni) : Address.CompareTo(other.Address);

    /// <summary>Order.</summary>
    public static bool operator <(NeighborKey left, NeighborKey right) => left.CompareTo(right) < 0;

    /// <summary>Order.</summary>
    public static bool operator >(NeighborKey left, NeighborKey right) => left.CompareTo(right) > 0;

    /// <summary>Order.</summary>
    public static bool operator <=(NeighborKey left, NeighborKey right) => left.CompareTo(right) <= 0;

    /// <summary>Order.</summary>
    public static bool operator >=(NeighborKey left, NeighborKey right) => left.CompareTo(right) >= 0;
}
