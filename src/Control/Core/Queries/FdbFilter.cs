using Overlay.Encap;

namespace Overlay.Control.Queries;

/// <summary>Which learned MACs are meant: those that fit everything that is set, all of them if nothing is.</summary>
/// <param name="Vni">Of this VNI.</param>
/// <param name="Port">Seen on this port.</param>
/// <param name="Peer">Seen from this VTEP.</param>
/// <param name="Mac">This MAC.</param>
public sealed record FdbFilter(Vni? Vni = null, string? Port = null, string? Peer = null, MacAddress? Mac = null);
