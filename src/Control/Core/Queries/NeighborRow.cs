using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Control.Queries;

/// <summary>A neighbour binding in force.</summary>
/// <param name="Vni">The VNI.</param>
/// <param name="Address">The tenant's address.</param>
/// <param name="Mac">The MAC that answers for it.</param>
/// <param name="IsRouter">It is a router (RFC 9047).</param>
/// <param name="Origin">Who gave it.</param>
/// <param name="Plane">The plane.</param>
public sealed record NeighborRow(Vni Vni, UnderlayAddress Address, MacAddress Mac, bool IsRouter, FdbOrigin Origin, string Plane);
