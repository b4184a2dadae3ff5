namespace Overlay.Control.Tables;

/// <summary>What makes two targets of a VNI different: a port by name, a group of a plane, or a reference to a VTEP.</summary>
internal readonly record struct TargetKey(string? Port, int GroupPlane, NextHopRef NextHop);
