using Overlay.Encap;

namespace Overlay.Control.Queries;

/// <summary>A MAC that moved not long ago. Places are <c>port NAME</c> or <c>peer NAME</c>.</summary>
/// <param name="Vni">The VNI.</param>
/// <param name="Mac">The MAC.</param>
/// <param name="From">Where it moved from last.</param>
/// <param name="To">Where it moved to last, or would have if it were not frozen.</param>
/// <param name="Place">Where it is now; null if nowhere.</param>
/// <param name="InWindow">Moves in the window that is counted now.</param>
/// <param name="Moves">Moves since it is known; stops at 65535.</param>
/// <param name="Ago">Since the last one.</param>
/// <param name="FrozenFor">How long it is frozen yet; null if it is not.</param>
/// <param name="Freezes">Times it was frozen without a calm window in between.</param>
/// <param name="ContestedBy">The peer that claims it again and again while a port has it; null if none does.</param>
public sealed record FdbMoveRow(
    Vni Vni, MacAddress Mac, string From, string To, string? Place, int InWindow, int Moves, TimeSpan Ago, TimeSpan? FrozenFor, int Freezes, string? ContestedBy);
