namespace Overlay.Control.Queries;

/// <summary>What approving a mass withdraw did.</summary>
/// <param name="Approved">Entries that go now.</param>
/// <param name="Unknown">What was asked for and does not exist; null otherwise.</param>
public sealed record GuardApproval(int Approved, string? Unknown);
