using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Control.Queries;

/// <summary>One candidate for a MAC.</summary>
/// <param name="Origin">Its origin.</param>
/// <param name="Plane">The plane, with its session if it has one; null for local and learned.</param>
/// <param name="Port">The local port, or null.</param>
/// <param name="Peer">The VTEP, or null.</param>
/// <param name="Address">The outer destination now; default if it has none.</param>
/// <param name="Encap">The encapsulation, or null.</param>
/// <param name="UdpPort">The destination port, or 0.</param>
/// <param name="Sequence">Mobility sequence.</param>
/// <param name="Sticky">It must not move.</param>
/// <param name="Stale">Its plane or session is out of touch.</param>
/// <param name="Age">As for <see cref="FdbEntryRow"/>.</param>
/// <param name="Wins">It is in force.</param>
/// <param name="Rule">The rule by which it lost to the winner, or by which the winner beat the strongest loser.</param>
/// <param name="Why">The same as a sentence.</param>
public sealed record FdbCandidateRow(
    FdbOrigin Origin, string? Plane, string? Port, string? Peer, UnderlayAddress Address, EncapKind? Encap, ushort UdpPort, uint Sequence, bool Sticky, bool Stale, TimeSpan Age, bool Wins, PrecedenceRule Rule, string Why);
