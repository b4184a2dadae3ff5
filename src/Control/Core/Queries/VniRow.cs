using System.Collections.Immutable;
using Overlay.Encap;

namespace Overlay.Control.Queries;

/// <summary>A VNI as the control loop sees it.</summary>
/// <param name="Vni">The VNI.</param>
/// <param name="IsConfigured">False for a VNI that only planes know; nothing of it is in force.</param>
/// <param name="Ports">Ports in it.</param>
/// <param name="MacCount">MACs known.</param>
/// <param name="Local">MACs in force that were seen on ports, a port's own included.</param>
/// <param name="Learned">MACs in force that were learned from VTEPs.</param>
/// <param name="FloodPeers">VTEPs that a broadcast goes to.</param>
/// <param name="AllowedSources">Outer sources that may send into it, prefixes not counted.</param>
/// <param name="RemoteLearning">It learns from VTEPs.</param>
/// <param name="Moves">Times the place of a MAC changed.</param>
public sealed record VniRow(
    Vni Vni, bool IsConfigured, ImmutableArray<string> Ports, int MacCount, int Local, int Learned, int FloodPeers, int AllowedSources, bool RemoteLearning, long Moves);
