namespace Overlay.Control.HandOver;

/// <summary>
/// What one plane has in force, as one process leaves it to the next: there it is in force and stale until the plane has given everything again. Routes to groups and routes that
/// expire by themselves are not among it.
/// </summary>
/// <param name="Plane">The plane's name.</param>
/// <param name="Sessions">Its sessions; an empty name is the plane itself.</param>
/// <param name="Vteps">What it said of VTEPs, each with the index of the session that said it.</param>
/// <param name="NextHops">Where its routes lead.</param>
/// <param name="Routes">The routes.</param>
public sealed record KeptRoutes(
    string Plane, IReadOnlyList<string> Sessions, IReadOnlyList<(int Session, VtepDescription Vtep)> Vteps, IReadOnlyList<NextHopRef> NextHops, IReadOnlyList<KeptRoute> Routes)
{
    /// <summary>Routes that are kept at most, of all planes together.</summary>
    public const int Limit = 1 << 20;
}
