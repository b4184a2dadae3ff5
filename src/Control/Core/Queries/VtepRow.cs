using System.Collections.Immutable;
using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Control.Queries;

/// <summary>A remote VTEP.</summary>
/// <param name="Name">Identity.</param>
/// <param name="Addresses">Its addresses, the preferred first.</param>
/// <param name="AlsoKnownAs">Other names that planes have for it.</param>
/// <param name="Planes">Planes that described it.</param>
/// <param name="Address">The address in use; default while none is.</param>
/// <param name="Encap">The encapsulation in use, or configured while none is; null if nobody says.</param>
/// <param name="Port">The UDP port in use; 0 while none is.</param>
/// <param name="State">Whether it may be sent to.</param>
/// <param name="Id">Its index in the forwarding tables; null while it has no next hop.</param>
/// <param name="NextHops">Its next hops: what per-next-hop counters are summed over.</param>
/// <param name="Vnis">VNIs that it is in.</param>
/// <param name="MacCount">MACs in force behind it.</param>
public sealed record VtepRow(
    string Name,
    ImmutableArray<UnderlayAddress> Addresses,
    ImmutableArray<string> AlsoKnownAs,
    ImmutableArray<string> Planes,
    UnderlayAddress Address,
    EncapKind? Encap,
    ushort Port,
    VtepState State,
    VtepId? Id,
    ImmutableArray<NextHopId> NextHops,
    ImmutableArray<Vni> Vnis,
    int MacCount);
