namespace Overlay.Forwarding.Topology;

/// <summary>What happens to a unicast frame whose destination is not in the FDB.</summary>
public enum UnknownUnicast : byte
{
    /// <summary>It goes wherever a broadcast goes.</summary>
    Flood = 0,

    /// <summary>It is dropped as <c>fdb_miss_flood_off</c>.</summary>
    Drop = 1,
}
