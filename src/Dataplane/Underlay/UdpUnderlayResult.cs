using System.Collections.Immutable;

namespace Overlay.Dataplane.Underlay;

/// <summary>What came of opening the underlay: sockets, or why not.</summary>
/// <param name="Underlay">The underlay; null if it could not be opened. The caller owns it.</param>
/// <param name="Errors">Why there is none; empty if there is one.</param>
/// <param name="Warnings">What is not as it was asked for.</param>
public sealed record UdpUnderlayResult(UdpUnderlay? Underlay, ImmutableArray<string> Errors, ImmutableArray<string> Warnings);
