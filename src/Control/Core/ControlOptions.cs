using System.Collections.Immutable;
using Overlay.Forwarding;

namespace Overlay.Control;

/// <summary>Settings of the control loop. Immutable; validated by whoever reads the configuration.</summary>
public sealed record ControlOptions
{
    /// <summary><c>control.precedence</c>: the origins, the strongest first.</summary>
    public ImmutableArray<FdbOrigin> Precedence { get; init; } = Overlay.Control.Precedence.DefaultOrder;

    /// <summary>Destination port of VXLAN where a peer names none, 1–65535.</summary>
    public ushort VxlanPort { get; init; } = 4789;

    /// <summary>Destination port of Geneve where a peer names none, 1–65535.</summary>
    public ushort GenevePort { get; init; } = 6081;

    /// <summary>Learned and local entries of all VNIs together.</summary>
    public int LearnLimit { get; init; } = 1_048_576;

    /// <summary>Routes of all planes together; one more is refused with an alarm.</summary>
    public int RouteLimit { get; init; } = 4_194_304;

    /// <summary>VNIs, configured or not, beyond which no plane may name another; configured ones always have their place.</summary>
    public int VniLimit { get; init; } = 65_536;

    /// <summary>VTEPs that exist in a VNI only because a prefix admitted them.</summary>
    public int ImplicitVtepLimit { get; init; } = 1_024;

    /// <summary>Neighbours learned from traffic in a VNI.</summary>
    public int NeighborLimit { get; init; } = 16_384;

    /// <summary>Neighbours learned in a VNI from one port or one VTEP.</summary>
    public int NeighborPlaceLimit { get; init; } = 4_096;

    /// <summary>Neighbours learned from traffic in all VNIs together.</summary>
    public int NeighborTotalLimit { get; init; } = 262_144;

    /// <summary>
    /// MACs whose moves are remembered at a time; more move undamped. A VNI has a sixteenth of them at most (1,024 where that is more), and the first 64 of each are not
    /// refused because others have many.
    /// </summary>
    public int MoveRecordLimit { get; init; } = 65_536;

    /// <summary>Negative answers held.</summary>
    public int NegativeAnswerLimit { get; init; } = 16_384;

    /// <summary>How long a plane has to answer a miss. After it, the frames that wait are handled as unknown unicast.</summary>
    public TimeSpan MissTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Misses that planes are asked for at a time; one more is not asked for.</summary>
    public int MissLimit { get; init; } = 4_096;

    /// <summary>How long a MAC is not asked for again after nobody answered, or nobody could be asked.</summary>
    public TimeSpan UnansweredHold { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long routes of a lost plane stay in force; null for ever, zero for not at all. A plane may have its own.</summary>
    public TimeSpan? StaleHold { get; init; }

    /// <summary><c>control.guard</c>: holds what is taken back in masses.</summary>
    public GuardOptions Guard { get; init; } = new();

    /// <summary>Messages that wait for the loop; a sender waits when it is full.</summary>
    public int MailboxSize { get; init; } = 16_384;

    /// <summary>Local events that wait for one plane; more are lost and replaced by <see cref="LocalEventKind.Resync"/>.</summary>
    public int LocalEventSize { get; init; } = 4_096;

    /// <summary>How long the loop sleeps at most while nothing happens. Messages, hints and what the clock asks for wake it before.</summary>
    public TimeSpan IdleTick { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long hints wait after some of which nothing was learned: a flood of those wakes the loop no more often than this.</summary>
    public TimeSpan HintPause { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>First and last back-off before a plane that ended is started again; it doubles in between.</summary>
    public TimeSpan RestartFirst { get; init; } = TimeSpan.FromSeconds(1);

    /// <inheritdoc cref="RestartFirst"/>
    public TimeSpan RestartLast { get; init; } = TimeSpan.FromSeconds(8);
}
