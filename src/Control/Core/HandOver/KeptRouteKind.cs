namespace Overlay.Control.HandOver;

/// <summary>Kinds of <see cref="KeptRoute"/>.</summary>
public enum KeptRouteKind : byte
{
    /// <summary>A <see cref="MacRoute"/>.</summary>
    Mac = 0,

    /// <summary>A <see cref="FloodRoute"/>.</summary>
    Flood = 1,

    /// <summary>A <see cref="NeighborRoute"/>.</summary>
    Neighbor = 2,
}
