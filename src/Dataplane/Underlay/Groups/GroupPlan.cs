using Overlay.Dataplane.Forwarding;
using Overlay.Forwarding.Topology;

namespace Overlay.Dataplane.Underlay.Groups;

/// <summary>The groups of a topology, those that are new joined already. Part of a <see cref="TopologyPlan"/>.</summary>
internal sealed class GroupPlan
{
    /// <summary>The ways to the groups.</summary>
    internal Dictionary<FloodGroup, GroupPath> Paths { get; } = [];

    /// <summary>All memberships, by group and device.</summary>
    internal Dictionary<(Encap.UnderlayAddress Group, string Device), GroupMembership> Memberships { get; } = [];

    /// <summary>Those that were made for this plan.</summary>
    internal List<GroupMembership> Made { get; } = [];
}
