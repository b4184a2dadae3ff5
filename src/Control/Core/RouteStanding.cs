using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Control;

/// <summary>What <see cref="Precedence"/> looks at in a candidate.</summary>
/// <param name="Origin">Who gave it.</param>
/// <param name="Sequence">Its mobility sequence; 0 where the origin has none.</param>
/// <param name="Sticky">It must not move.</param>
/// <param name="Stale">Its plane or session is out of touch.</param>
/// <param name="Address">The outer destination it leads to; default for a port or a group.</param>
public readonly record struct RouteStanding(FdbOrigin Origin, uint Sequence = 0, bool Sticky = false, bool Stale = false, UnderlayAddress Address = default);
