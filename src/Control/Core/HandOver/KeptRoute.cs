using Overlay.Encap;

namespace Overlay.Control.HandOver;

/// <summary>A route that a plane has given. Fields without meaning for a kind are default.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Session">Index of the session among <see cref="KeptRoutes.Sessions"/>.</param>
/// <param name="NextHop">Index of the next hop among <see cref="KeptRoutes.NextHops"/>; of MAC and flood routes.</param>
/// <param name="Vni">The VNI.</param>
/// <param name="Mac">The MAC; of MAC routes and neighbours.</param>
/// <param name="Sequence">The mobility sequence of a MAC route.</param>
/// <param name="Flag">A MAC route is sticky, a neighbour a router.</param>
/// <param name="Address">The tenant's address of a neighbour.</param>
public readonly record struct KeptRoute(KeptRouteKind Kind, int Session, int NextHop, Vni Vni, MacAddress Mac, uint Sequence, bool Flag, UnderlayAddress Address);
