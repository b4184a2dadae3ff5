using Overlay.Encap;

namespace Overlay.Forwarding;

/// <summary>One entry of a VNI's allow-list: datagrams from this outer source may enter the VNI.</summary>
/// <param name="Address">The outer source address; its scope id is part of it for link-local addresses.</param>
/// <param name="NextHop">The next hop that answers to this source: what an inner source MAC learned from it will point at.</param>
public readonly record struct SourceAdmission(UnderlayAddress Address, NextHopId NextHop);
