using System.Collections.Immutable;
using Overlay.Dataplane.Forwarding;
using Overlay.Dataplane.Interop;
using Overlay.Dataplane.Workers;
using Overlay.Encap;
using Overlay.Forwarding.Topology;

namespace Overlay.Dataplane.Underlay.Groups;

/// <summary>
/// The multicast groups that VNIs flood to: who is a member of what, and how one topology becomes the next. A group that several VNIs name is joined once, as long as one of them
/// names it. <b>Threading:</b> a lock, slow path only; workers never come here.
/// </summary>
internal sealed class GroupTable(UnderlaySpec spec) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(UnderlayAddress Group, string Device), GroupMembership> _memberships = [];
    private Dictionary<FloodGroup, GroupPath> _paths = [];
    private int _next;

    /// <summary>The workers that read the groups' sockets, and where those are kept. Set once, before the first plan.</summary>
    internal (ImmutableArray<DecapWorker> Workers, UdpReceiver? Receiver) Readers { get; set; } = ([], null);

    /// <summary>Joins what is new in a topology, in the network namespace of the calling thread.</summary>
    internal GroupPlan Prepare(TopologySpec topology, UnderlayChange underlay)
    {
        var plan = new GroupPlan();
        lock (_lock)
        {
            foreach (FloodGroup group in topology.Vnis.Select(static vni => vni.Group).OfType<FloodGroup>().Distinct())
            {
                (UnderlayAddress, string) key = (group.Address, group.Device);
                DeviceState device = DeviceNow(group.Device);
                if (!_memberships.TryGetValue(key, out GroupMembership? membership) && !plan.Memberships.TryGetValue(key, out membership))
                {
                    membership = new GroupMembership(spec, group.Address, group.Device);
                    membership.Follow(device.Index, device.IsUp, HasSource(underlay, group.Address));
                    plan.Made.Add(membership);
                }

                plan.Memberships[key] = membership;
                plan.Paths[group] = _paths.GetValueOrDefault(group) ?? NewPath(group, device.Index);
            }
        }

        return plan;
    }

    /// <summary>Brings a plan into force: what nobody names any more is left. Does not wait.</summary>
    internal void Commit(GroupPlan plan)
    {
        lock (_lock)
        {
            foreach (GroupMembership membership in plan.Made)
            {
                if (!Readers.Workers.IsEmpty)
                    membership.Attach(Readers.Workers[_next++ % Readers.Workers.Length], Readers.Receiver!);
            }

            foreach ((UnderlayAddress, string) gone in _memberships.Keys.Where(key => !plan.Memberships.ContainsKey(key)).ToArray())
            {
                _memberships[gone].Dispose();
                _memberships.Remove(gone);
            }

            foreach (((UnderlayAddress, string) key, GroupMembership membership) in plan.Memberships)
                _memberships[key] = membership;

            _paths = plan.Paths;
        }
    }

    /// <summary>The devices that groups are on.</summary>
    internal ImmutableArray<string> Devices()
    {
        lock (_lock)
            return [.. _memberships.Keys.Select(static key => key.Device).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>Follows devices and addresses: joins again, on devices that were made again too, and sends by their new index.</summary>
    internal void Follow(UnderlayChange underlay)
    {
        lock (_lock)
        {
            foreach (DeviceState device in underlay.Devices)
            {
                foreach (GroupMembership membership in _memberships.Values.Where(membership => membership.Device == device.Name))
                    membership.Follow(device.Index, device.IsUp, HasSource(underlay, membership.Group));

                foreach (GroupPath path in _paths.Values.Where(path => path.Group.Device == device.Name))
                    path.InterfaceIndex = device.Index;
            }
        }
    }

    /// <summary>Tries again what could not be joined.</summary>
    internal void Retry()
    {
        lock (_lock)
        {
            foreach (GroupMembership membership in _memberships.Values)
                membership.Retry();
        }
    }

    /// <summary>What is joined, for display.</summary>
    internal ImmutableArray<GroupStatus> Snapshot()
    {
        lock (_lock)
        {
            return
            [
                .. _memberships.Values.OrderBy(static membership => membership.Group).ThenBy(static membership => membership.Device, StringComparer.Ordinal)
                    .Select(static membership => new GroupStatus(membership.Group, membership.Device, membership.Problem is null, membership.Problem)),
            ];
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            foreach (GroupMembership membership in _memberships.Values)
                membership.Dispose();

            _memberships.Clear();
        }
    }

    private static bool HasSource(UnderlayChange underlay, UnderlayAddress group) => underlay.Addresses.Any(local => local.Present && local.Address.Family == group.Family);

    private static DeviceState DeviceNow(string device)
    {
        if (InterfaceControl.TryOpen(out InterfaceControl? control) < 0)
            return new DeviceState(device, 0, false);

        using (control)
            return new DeviceState(device, Math.Max(0, control!.Index(device)), control.IsRunning(device) == 1);
    }

    private GroupPath NewPath(FloodGroup group, int index)
    {
        UnderlayAddress source = spec.Local.First(local => local.Family == group.Address.Family);
        (EncapKind encap, ushort? port) = spec.VxlanPort is null ? (EncapKind.Geneve, spec.GenevePort) : (EncapKind.Vxlan, spec.VxlanPort);
        return new GroupPath(group, source, encap, port!.Value) { InterfaceIndex = index };
    }
}
