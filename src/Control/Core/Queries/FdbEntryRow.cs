using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Control.Queries;

/// <summary>A MAC in force. A port or a peer is set, never both; a group of peers is named <c>group N</c>.</summary>
/// <param name="Vni">The VNI.</param>
/// <param name="Mac">The MAC.</param>
/// <param name="Origin">Who gave it.</param>
/// <param name="Flags">Its flags in the forwarding table.</param>
/// <param name="Port">The local port, or null.</param>
/// <param name="Peer">The VTEP, or null.</param>
/// <param name="Address">The outer destination; default for ports and groups.</param>
/// <param name="Encap">The encapsulation sent; null for ports and groups.</param>
/// <param name="UdpPort">The outer destination port; 0 for ports and groups.</param>
/// <param name="Age">Since it was last seen (local, learned) or given (planes); a tenth of a second is the grain.</param>
/// <param name="Sequence">Mobility sequence.</param>
/// <param name="IsPermanent">A port's own address.</param>
public sealed record FdbEntryRow(
    Vni Vni, MacAddress Mac, FdbOrigin Origin, FdbFlags Flags, string? Port, string? Peer, UnderlayAddress Address, EncapKind? Encap, ushort UdpPort, TimeSpan Age, uint Sequence, bool IsPermanent);
