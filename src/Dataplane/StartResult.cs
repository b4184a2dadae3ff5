using System.Collections.Immutable;

namespace Overlay.Dataplane;

/// <summary>What came of starting the dataplane.</summary>
/// <param name="Errors">Why it did not start; empty if it did.</param>
/// <param name="Warnings">What is not as it was asked for.</param>
public sealed record StartResult(ImmutableArray<string> Errors, ImmutableArray<string> Warnings)
{
    /// <summary>True if the dataplane runs.</summary>
    public bool IsStarted => Errors.IsEmpty;
}
