using Overlay.Encap;

namespace Overlay.Control.HandOver;

/// <summary>A MAC that was seen somewhere.</summary>
/// <param name="Vni">The VNI.</param>
/// <param name="Mac">The MAC.</param>
/// <param name="Place">Index of the place among <see cref="SeenMacs.Places"/>.</param>
/// <param name="Age">Tenths of a second since it was seen last.</param>
public readonly record struct SeenMac(Vni Vni, MacAddress Mac, int Place, uint Age);
