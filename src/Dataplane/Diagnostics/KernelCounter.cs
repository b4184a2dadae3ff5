namespace Overlay.Dataplane.Diagnostics;

/// <summary>Something that only the kernel sees. Outside <c>received = delivered + consumed + dropped</c>.</summary>
/// <param name="Name">A snake-case name.</param>
/// <param name="Value">How often since the kernel (or the socket) started counting.</param>
/// <param name="Note">What it means and what it covers, one sentence.</param>
public readonly record struct KernelCounter(string Name, long Value, string Note);
