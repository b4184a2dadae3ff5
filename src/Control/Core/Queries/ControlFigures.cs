using System.Collections.Immutable;
using Overlay.Encap;

namespace Overlay.Control.Queries;

/// <summary>What the control loop counts, read in one go: a look at every VNI, at no MAC and at no peer of a VNI.</summary>
/// <param name="Vnis">VNIs that are configured.</param>
/// <param name="Planes">Control planes.</param>
/// <param name="Alarms">Alarms that are on.</param>
/// <param name="Learning">What became of hints.</param>
public sealed record ControlFigures(ImmutableArray<VniFigures> Vnis, ImmutableArray<PlaneRow> Planes, ImmutableArray<AlarmRow> Alarms, LearnCounters Learning)
{
    /// <summary>What the mass-withdraw guard holds of each plane.</summary>
    public ImmutableArray<GuardRow> Guard { get; init; } = [];

    /// <summary>What became of destinations that were asked for.</summary>
    public MissCounters Misses { get; init; }
}

/// <summary>What the control loop counts of one VNI.</summary>
/// <param name="Vni">The VNI.</param>
/// <param name="Counted">Local and learned MACs that count against its limit.</param>
/// <param name="Moves">Times the place of a MAC changed.</param>
/// <param name="Frozen">MACs that are frozen because they moved too often.</param>
/// <param name="Refused">Times a MAC was not learned because a limit is reached.</param>
public readonly record struct VniFigures(Vni Vni, int Counted, long Moves, int Frozen, long Refused);
