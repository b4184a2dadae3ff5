namespace Overlay.Dataplane.Underlay;

/// <summary>What a routing message of the kernel is about.</summary>
public enum RtnetlinkKind : byte
{
    /// <summary>Something that does not matter to us.</summary>
    Other = 0,

    /// <summary>A link appeared or changed.</summary>
    LinkNew = 1,

    /// <summary>A link went.</summary>
    LinkGone = 2,

    /// <summary>An address appeared or changed.</summary>
    AddressNew = 3,

    /// <summary>An address went.</summary>
    AddressGone = 4,

    /// <summary>A route appeared or changed, or is the answer to a look-up.</summary>
    RouteNew = 5,

    /// <summary>A route went.</summary>
    RouteGone = 6,

    /// <summary>The end of a dump.</summary>
    Done = 7,

    /// <summary>The kernel refused a request.</summary>
    Error = 8,
}
