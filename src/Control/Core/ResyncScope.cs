using Overlay.Encap;

namespace Overlay.Control;

/// <summary>What a resync covers: only routes inside the scope that were not given again are swept.</summary>
/// <param name="Session">A session of the plane (a BGP neighbour, say); null for all.</param>
/// <param name="Vni">A VNI; null for all.</param>
public readonly record struct ResyncScope(string? Session, Vni? Vni)
{
    /// <summary>The whole plane.</summary>
    public static ResyncScope Plane => default;

    /// <summary>One session of the plane.</summary>
    public static ResyncScope OfSession(string session) => new(session, null);

    /// <summary>One VNI of the plane.</summary>
    public static ResyncScope OfVni(Vni vni) => new(null, vni);
}
