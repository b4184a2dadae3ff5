namespace Overlay.Control.Queries;

/// <summary>What became of letting frozen MACs go.</summary>
/// <param name="Unfrozen">How many were frozen.</param>
/// <param name="Unknown">What was named and does not exist, in words; null if it all does.</param>
public sealed record FdbUnfreezeResult(int Unfrozen, string? Unknown);
