using System.Collections.Immutable;

namespace Overlay.Dataplane.Ports;

/// <summary>What came of opening a device: a port, or why not.</summary>
/// <param name="Port">The port; null if it could not be opened. The caller owns it.</param>
/// <param name="Error">Why there is no port; null if there is one.</param>
/// <param name="Warnings">What is not as it was asked for.</param>
public sealed record DeviceOpenResult(IPortDevice? Port, string? Error, ImmutableArray<string> Warnings);
