using System.Threading.Channels;

namespace Overlay.Control;

/// <summary>
/// A source of MAC-to-VTEP knowledge. A plane owns its sessions and sockets, never a table: what it knows it gives to an
/// <see cref="IRouteSink"/>, what happens on our side it reads from a channel.
/// </summary>
/// <remarks>
/// <b>Threading:</b> <see cref="RunAsync"/> runs on the thread pool; the plane may use threads of its own, but calls its sink from one at a
/// time. <b>Lifetime:</b> it runs until cancelled; when it returns or throws, its routes stay in force and are shown stale until it is
/// started again and resyncs, or its hold time passes. It is restarted with a back-off.
/// </remarks>
public interface IControlPlane
{
    /// <summary>The plane's name in configuration, CLI and metrics, for example <c>static</c>.</summary>
    string Name { get; }

    /// <summary>Its rank among the origins.</summary>
    RouteOrigin Origin { get; }

    /// <summary>
    /// Whether the plane is told of <see cref="LocalEventKind.Miss"/> and answers it by <see cref="IRouteSink.Answer"/> or <see cref="IRouteSink.NoSuchMac"/>, in any order and each
    /// within a second (<see cref="ControlOptions.MissTimeout"/>). Only asked while it is in touch with its source (<see cref="IRouteSink.ReportConnected"/>). Does not change.
    /// </summary>
    bool AnswersMisses => false;

    /// <summary>Runs the plane.</summary>
    /// <param name="routes">Where its routes go.</param>
    /// <param name="local">Facts of our side: <see cref="LocalEventKind.Resync"/>, everything in being, <see cref="LocalEventKind.ResyncEnd"/>, and what happens; again from the beginning if the bounded channel was full.</param>
    /// <param name="cancellationToken">Ends the plane.</param>
    Task RunAsync(IRouteSink routes, ChannelReader<LocalEvent> local, CancellationToken cancellationToken);
}
