using Overlay.Control.Vteps;
using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Control.Tables;

/// <summary>
/// A place that routes of one VNI lead to. Few, shared by all MACs behind it; what it resolves to now is <see cref="Current"/>. Its candidates
/// form a list, so that a change touches the MACs behind it and no others.
/// </summary>
internal sealed class RouteTarget(int id, TargetKey key)
{
    public int Id { get; } = id;

    public TargetKey Key { get; } = key;

    /// <summary>The identity a reference names, before merging by address; null for ports and groups.</summary>
    public VtepIdentity? Named { get; init; }

    public PortState? Port { get; init; }

    public GroupState? Group { get; init; }

    /// <summary>First candidate that a plane gave, or -1.</summary>
    public int Head { get; set; } = -1;

    /// <summary>MACs seen here: those that count, and ports' own.</summary>
    public int SeenCount { get; set; }

    /// <summary>Routes of planes to here that are in force.</summary>
    public int RoutesInForce { get; set; }

    /// <summary>Meant by the reading of all MACs that is under way.</summary>
    public bool IsMarked { get; set; }

    /// <summary>Routes and groups of planes that need it.</summary>
    public int RouteReferences { get; set; }

    /// <summary>Local or learned candidates on it that count against limits.</summary>
    public int Seen { get; set; }

    /// <summary>MACs whose candidate in force leads here.</summary>
    public int Winners => SeenCount + RoutesInForce;

    /// <summary>MACs elsewhere or here that moved not long ago and are at home here; it stays, so that they can come back.</summary>
    public int Homes { get; set; }

    /// <summary>It has not been resolved yet; ports are from the beginning.</summary>
    public bool IsFresh { get; set; } = key.Port is null;

    /// <summary>It exists because a prefix admitted a source.</summary>
    public bool IsImplicit { get; set; }

    /// <summary>Its VTEP was seen for the first time, and MACs wait until it has settled.</summary>
    public bool IsAwaited { get; set; }

    /// <summary>The VTEP's share of the VNI; rebuilt when the VNI settles.</summary>
    public VrfPeer? Peer { get; set; }

    /// <summary>Where the forwarding table is told to go; null when it cannot be used now.</summary>
    public FdbTarget? Current { get; set; }

    /// <summary>The next hop that is held for it, and for what it was acquired.</summary>
    public NextHopId? Held { get; set; }

    /// <inheritdoc cref="Held"/>
    public NextHopSpec Spec { get; set; }

    /// <summary>The VTEP whose next hop is held.</summary>
    public VtepIdentity? HeldVtep { get; set; }

    /// <summary>Members of a group as targets of this VNI, each with a reference.</summary>
    public RouteTarget[] Members { get; set; } = [];

    /// <summary>Definition of the group that <see cref="Members"/> follow.</summary>
    public int MembersVersion { get; set; }

    /// <summary>Next hops that the group in being was made of.</summary>
    public NextHopId[] MemberHops { get; set; } = [];

    /// <summary>The outer destination, for the tie-break; default for ports and groups.</summary>
    public UnderlayAddress Address => Held is not null && Group is null ? Spec.Address : default;

    public bool HasMacs => Head >= 0 || SeenCount > 0;

    public bool IsUnused => RouteReferences == 0 && !HasMacs && Homes == 0;
}
