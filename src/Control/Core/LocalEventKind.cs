namespace Overlay.Control;

/// <summary>What happened on our side that planes may want to tell others.</summary>
public enum LocalEventKind : byte
{
    /// <summary>Forget what was told before: everything in being follows. Comes first in every run of a plane, and after the bounded channel was full; facts may come twice.</summary>
    Resync = 0,

    /// <summary>A MAC was learned on a port.</summary>
    MacLearned = 1,

    /// <summary>A MAC that was elsewhere (another port, or behind a VTEP) is on a port of ours now.</summary>
    MacMoved = 2,

    /// <summary>A MAC is no longer on a port of ours: it aged out, its port went, or a plane's route has it now.</summary>
    MacAged = 3,

    /// <summary>A neighbour binding was learned on a port.</summary>
    NeighborLearned = 4,

    /// <summary>A neighbour binding changed its MAC.</summary>
    NeighborMoved = 5,

    /// <summary>A local neighbour binding aged out.</summary>
    NeighborAged = 6,

    /// <summary>A VNI was configured.</summary>
    VniAttached = 7,

    /// <summary>A VNI was removed.</summary>
    VniDetached = 8,

    /// <summary>A port came up.</summary>
    PortUp = 9,

    /// <summary>A port went down.</summary>
    PortDown = 10,

    /// <summary>The local VTEP addresses in being changed.</summary>
    LocalVtepChanged = 11,

    /// <summary>A frame waits for who has a MAC. Told to planes that answer misses (<see cref="IControlPlane.AnswersMisses"/>), once; never told again, not even after the channel was full.</summary>
    Miss = 12,

    /// <summary>Everything in being was told since the last <see cref="Resync"/>: what was told before it and not again is no more.</summary>
    ResyncEnd = 13,
}
