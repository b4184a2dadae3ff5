namespace Overlay.Control;

/// <summary>The rule that decided between two candidates for one MAC. Each has one sentence: <see cref="Precedence.Sentence"/>.</summary>
public enum PrecedenceRule : byte
{
    /// <summary>There is no other candidate.</summary>
    OnlyCandidate = 0,

    /// <summary>Data-plane learning never displaces or blocks another origin.</summary>
    LearnedYields = 1,

    /// <summary>A static entry is never displaced by what a port sees.</summary>
    StaticDoesNotMove = 2,

    /// <summary>A sticky MAC never moves (RFC 7432 §15.2).</summary>
    StickyDoesNotMove = 3,

    /// <summary>Between a port and a plane the higher mobility sequence decides first (RFC 7432 §15).</summary>
    MobilitySequence = 4,

    /// <summary>A route of a live session or plane replaces one that is stale.</summary>
    LiveBeforeStale = 5,

    /// <summary>The configured order of the origins.</summary>
    ConfiguredOrder = 6,

    /// <summary>Within one origin the higher mobility sequence (RFC 7432 §15).</summary>
    HigherSequence = 7,

    /// <summary>Within one origin and sequence the lowest VTEP address (RFC 7432 §15).</summary>
    LowestVtepAddress = 8,

    /// <summary>Nothing tells the two apart: the one that was there first.</summary>
    OlderSource = 9,

    /// <summary>The route cannot be used now: no address of it is of a family that we have an address in.</summary>
    NotUsable = 10,
}
