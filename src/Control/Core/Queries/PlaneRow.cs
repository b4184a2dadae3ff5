namespace Overlay.Control.Queries;

/// <summary>A control plane.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Origin">Its origin.</param>
/// <param name="IsRunning">Its service runs.</param>
/// <param name="IsConnected">It, or a session of it, is in touch with its source.</param>
/// <param name="MacRoutes">MAC routes it has given.</param>
/// <param name="Sessions">Sessions that have given anything.</param>
/// <param name="StaleFor">How long it has been out of touch without a resync; null when it is in touch.</param>
/// <param name="Upserts">Routes taken, new, changed or the same.</param>
/// <param name="Withdraws">Routes taken back by it.</param>
/// <param name="Swept">Routes removed by a sweep.</param>
/// <param name="Refused">Routes that could not be understood or kept.</param>
/// <param name="Restarts">Times it ended and was started again.</param>
/// <param name="LostEvents">Local events that did not fit and made a resync.</param>
/// <param name="LastError">What it ended with last, or null.</param>
public sealed record PlaneRow(
    string Name, RouteOrigin Origin, bool IsRunning, bool IsConnected, int MacRoutes, int Sessions, TimeSpan? StaleFor, long Upserts, long Withdraws, long Swept, long Refused, int Restarts, long LostEvents, string? LastError);
