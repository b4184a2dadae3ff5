using Overlay.Encap;

namespace Overlay.Control.HandOver;

/// <summary>Where MACs were seen, in words that mean the same to the next process: a port by its name, or a VTEP by its outer address.</summary>
/// <param name="Port">The port; null for a VTEP.</param>
/// <param name="Address">The outer address; default for a port.</param>
/// <param name="Encap">What it is sent; default for a port.</param>
public readonly record struct SeenPlace(string? Port, UnderlayAddress Address, EncapKind Encap);
