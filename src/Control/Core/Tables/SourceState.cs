using Overlay.Control.Vteps;
using Overlay.Forwarding;

namespace Overlay.Control.Tables;

/// <summary>A session of a plane, or the plane itself where it has none: who gave a route.</summary>
internal sealed class SourceState(ushort id, PlaneState plane, string? session)
{
    public ushort Id { get; } = id;

    public PlaneState Plane { get; } = plane;

    public string? Session { get; } = session;

    public FdbOrigin Origin => (FdbOrigin)Plane.Origin;

    public bool IsConnected { get; set; }

    /// <summary>Routes whose generation is below it are stale.</summary>
    public uint StaleBelow { get; set; }

    /// <summary>Tenths of a second: since when it is out of touch and not resynchronised; null when it is not.</summary>
    public uint? StaleSince { get; set; }

    /// <summary>MAC routes in being.</summary>
    public int MacRoutes { get; set; }

    /// <summary>MAC and flood routes and neighbours in being.</summary>
    public int Entries { get; set; }

    /// <summary>Descriptions of an older generation go when the hold of the mass-withdraw guard ends.</summary>
    public uint DescriptionsBelow { get; set; }

    /// <summary>VTEPs whose description another than this source took back, and that are held.</summary>
    public HashSet<VtepIdentity> HeldVteps { get; } = [];

    public bool IsStale(uint generation) => generation < StaleBelow;
}
