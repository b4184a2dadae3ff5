using Overlay.Encap;

namespace Overlay.Control.Tables;

/// <summary>A neighbour binding of one source.</summary>
internal readonly record struct NeighborEntry(MacAddress Mac, bool IsRouter, uint Generation, HoldMark Hold = HoldMark.None);
