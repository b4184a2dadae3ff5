using System.Collections.Immutable;
using Overlay.Dataplane.Ports;
using Overlay.Dataplane.Underlay.Groups;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;

namespace Overlay.Dataplane;

/// <summary>
/// A topology with everything opened that it needs, ready to come into force. Made by <see cref="DataplaneService.Prepare"/>; then either committed and retired,
/// or disposed, which closes what was opened for it.
/// </summary>
public sealed class TopologyPlan : IDisposable
{
    internal TopologyPlan(TopologySpec spec, ImmutableArray<string> errors, ImmutableArray<string> warnings, ImmutableArray<PlannedPort> ports)
    {
        Spec = spec;
        Errors = errors;
        Warnings = warnings;
        Ports = ports;
    }

    /// <summary>The topology.</summary>
    public TopologySpec Spec { get; }

    /// <summary>Ports that could not be opened, one sentence each. A plan with errors may be committed: it comes into force without those ports.</summary>
    public ImmutableArray<string> Errors { get; }

    /// <summary>The ports of <see cref="Errors"/>.</summary>
    public ImmutableArray<PortSpec> FailedPorts => [.. Spec.Ports.Values.Where(spec => !Ports.Any(port => port.Spec.Name == spec.Name))];

    /// <summary>What is not as it was asked for.</summary>
    public ImmutableArray<string> Warnings { get; }

    /// <summary>The index of every port by name. Empty until the plan is committed.</summary>
    public ImmutableDictionary<string, PortId> PortIds { get; internal set; } = [];

    internal ImmutableArray<PlannedPort> Ports { get; }

    /// <summary>The multicast groups; null if there are none to care for.</summary>
    internal GroupPlan? Groups { get; set; }

    /// <summary>Whether it is in force: then it has to be retired, or else disposed.</summary>
    public bool IsCommitted { get; internal set; }

    /// <summary>When every worker has passed this, nobody uses what the plan removed.</summary>
    internal long Token { get; set; }

    internal List<IPortDevice> Retired { get; } = [];

    internal List<Task> Detached { get; } = [];

    /// <summary>Changes of the number of queues of ports that stay, to be made once the plan is in force.</summary>
    internal List<QueueChange> QueueChanges { get; } = [];

    /// <inheritdoc/>
    public void Dispose()
    {
        if (IsCommitted)
            return;
        foreach (GroupMembership made in Groups?.Made ?? [])
            made.Dispose();
        foreach (PlannedPort port in Ports)
        {
            if (port.IsNew)
                port.Device.Dispose();
            else if (port.Device is TapPort tap)
                tap.Queues.Narrow();
        }
    }

    /// <summary>A port of the plan.</summary>
    /// <param name="Spec">What is configured.</param>
    /// <param name="Device">Its device.</param>
    /// <param name="IsNew">The device was opened for this plan.</param>
    internal readonly record struct PlannedPort(PortSpec Spec, IPortDevice Device, bool IsNew);
}
