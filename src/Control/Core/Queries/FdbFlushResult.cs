namespace Overlay.Control.Queries;

/// <summary>What became of a flush.</summary>
/// <param name="Removed">MACs forgotten.</param>
/// <param name="Unknown">What the filter names that does not exist, in words; null if it all does.</param>
public sealed record FdbFlushResult(int Removed, string? Unknown);
