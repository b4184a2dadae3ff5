namespace Overlay.Control.Tables;

/// <summary>A flood route of one source.</summary>
internal readonly record struct FloodEntry(RouteTarget Target, uint Generation, HoldMark Hold = HoldMark.None);
