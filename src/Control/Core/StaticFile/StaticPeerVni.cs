using Overlay.Encap;

namespace Overlay.Control.StaticFile;

/// <summary>A VNI of a peer.</summary>
/// <param name="Vni">The VNI.</param>
/// <param name="Encap">The encapsulation to send in this VNI; null for the peer's own.</param>
public readonly record struct StaticPeerVni(Vni Vni, EncapKind? Encap);
