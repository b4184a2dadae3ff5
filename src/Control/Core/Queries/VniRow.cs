using System.Collections.Immutable;
using Overlay.Encap;
using Overlay.Forwarding.Topology;

namespace Overlay.Control.Queries;

/// <summary>A VNI as the control loop sees it.</summary>
/// <param name="Vni">The VNI.</param>
/// <param name="Spec">Its configuration; null for a VNI that only planes know: nothing of it is in force.</param>
/// <param name="Ports">Ports in it.</param>
/// <param name="MacCount">MACs known.</param>
/// <param name="Local">MACs in force that were seen on ports, a port's own included.</param>
/// <param name="Learned">MACs in force that were learned from VTEPs.</param>
/// <param name="Counted">Local and learned MACs that count against the limit.</param>
/// <param name="FloodPeers">VTEPs that a broadcast goes to.</param>
/// <param name="AllowedSources">Outer sources that may send into it, prefixes not counted.</param>
/// <param name="RemoteLearning">It learns from VTEPs.</param>
/// <param name="Moves">Times the place of a MAC changed.</param>
/// <param name="Frozen">MACs that are frozen because they moved too often.</param>
/// <param name="Refused">Times a MAC was not learned because a limit is reached. What a flood brings is told of in part only.</param>
public sealed record VniRow(
    Vni Vni, VniSpec? Spec, ImmutableArray<string> Ports, int MacCount, int Local, int Learned, int Counted, int FloodPeers, int AllowedSources, bool RemoteLearning, long Moves, int Frozen, long Refused)
{
    /// <summary>False for a VNI that only planes know.</summary>
    public bool IsConfigured => Spec is not null;
}
