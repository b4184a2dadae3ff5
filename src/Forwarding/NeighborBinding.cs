using Overlay.Encap;

namespace Overlay.Forwarding;

/// <summary>Which MAC answers for a tenant's address in a VNI, as workers need it to answer in its place (RFC 9161).</summary>
/// <param name="Mac">The MAC: unicast, not zero.</param>
/// <param name="IsRouter">It is a router: the R flag of an answer (RFC 4861 §4.4, RFC 9047).</param>
/// <param name="IsSeen">
/// It was learned from traffic, and holds only while the FDB leads the MAC to <paramref name="Place"/>: a MAC that moved or left takes its bindings with it at once. A
/// binding that was given (configuration, control plane) holds wherever the MAC is.
/// </param>
/// <param name="Place">Where the MAC was when it was learned; default for one that was given.</param>
public readonly record struct NeighborBinding(MacAddress Mac, bool IsRouter = false, bool IsSeen = false, FdbTarget Place = default);
