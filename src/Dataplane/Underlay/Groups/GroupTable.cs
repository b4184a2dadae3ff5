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
internal sealed class GroupTable(UnderlaySpec spec, Action<string>? warn = null) : IDisposable
{
    // Each opens two sockets, on the control thread.
    private const int MostRetries = 8;
    private readonly Lock _lock = new();
    private readonly Dictionary<(UnderlayAddress Group, string Device), GroupMembership> _memberships = [];
    private Dictionary<FloodGroup, GroupPath> _paths = [];
    private InterfaceControl? _control;
    private int _next;
    private long _dropsBefore;

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
                    membership = new GroupMembership(spec, group.Address, group.Device, warn);
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
    /// <remarks>What changed since the plan was made was told to the memberships of before, and is not told again: devices and addresses are looked at once more.</remarks>
    /// <param name="plan">The plan.</param>
    /// <param name="underlay">The local side of the underlay as it is when this is called, with the lock held.</param>
    internal void Commit(GroupPlan plan, Func<UnderlayChange> underlay)
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
                _dropsBefore += _memberships[gone].KernelDrops;
                _memberships.Remove(gone);
            }

            foreach (((UnderlayAddress, string) key, GroupMembership membership) in plan.Memberships)
                _memberships[key] = membership;

            foreach (GroupPath path in plan.Paths.Values.Where(path => !_paths.ContainsKey(path.Group)))
                path.InterfaceIndex = DeviceNow(path.Group.Device).Index;

            _paths = plan.Paths;
            UnderlayChange now = underlay();
            foreach (GroupMembership membership in plan.Made)
            {
                DeviceState device = DeviceNow(membership.Device);
                membership.Follow(device.Index, device.IsUp, HasSource(now, membership.Group));
            }
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

    /// <summary>Tries again what could not be joined, a few at a time and each less and less often. Control thread, once a second.</summary>
    internal void Retry()
    {
        lock (_lock)
        {
            int left = MostRetries;
            foreach (GroupMembership membership in _memberships.Values)
            {
                if (membership.IsDue() && left-- > 0)
                    membership.Retry();
            }
        }
    }

    /// <summary>How often sockets of groups were opened, or tried to be.</summary>
    internal long Attempts()
    {
        lock (_lock)
            return _memberships.Values.Sum(static membership => membership.Attempts);
    }

    /// <summary>Datagrams that the kernel dropped at sockets of groups. Never less than before.</summary>
    internal long KernelDrops()
    {
        lock (_lock)
            return _dropsBefore + _memberships.Values.Sum(static membership => membership.KernelDrops);
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
            _control?.Dispose();
            _control = null;
        }
    }

    private static bool HasSource(UnderlayChange underlay, UnderlayAddress group) => underlay.Addresses.Any(local => local.Present && local.Address.Family == group.Family);

    // Asks in the namespace of the first plan, from whatever thread.
    private DeviceState DeviceNow(string device) =>
        _control is null && InterfaceControl.TryOpen(out _control) < 0
            ? new DeviceState(device, 0, false)
            : new DeviceState(device, Math.Max(0, _control!.Index(device)), _control.IsRunning(device) == 1);

    private GroupPath NewPath(FloodGroup group, int index)
    {
        UnderlayAddress source = spec.Local.First(local => local.Family == group.Address.Family);
        ushort port = group.Encap == EncapKind.Vxlan ? spec.VxlanPort ?? UnderlaySpec.StandardVxlanPort : spec.GenevePort ?? UnderlaySpec.StandardGenevePort;
        return new GroupPath(group, source, group.Encap, port) { InterfaceIndex = index };
    }
}
