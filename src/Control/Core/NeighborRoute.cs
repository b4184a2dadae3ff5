using Overlay.Encap;

namespace Overlay.Control;

/// <summary>"This IP of this VNI has that MAC": the IP part of EVPN route type 2, an <c>ip:</c> of a static MAC. Feeds ARP and ND suppression.</summary>
/// <param name="Vni">The VNI.</param>
/// <param name="Address">The tenant's IPv4 or IPv6 address.</param>
/// <param name="Mac">The MAC that answers for it.</param>
/// <param name="IsRouter">The R flag of a neighbour advertisement (RFC 9047).</param>
public readonly record struct NeighborRoute(Vni Vni, UnderlayAddress Address, MacAddress Mac, bool IsRouter = false);
