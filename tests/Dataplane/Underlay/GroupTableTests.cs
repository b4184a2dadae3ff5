using System.Collections.Immutable;
using Overlay.Dataplane.Forwarding;
using Overlay.Dataplane.Interop;
using Overlay.Dataplane.Underlay;
using Overlay.Dataplane.Underlay.Groups;
using Overlay.Encap;
using Overlay.Forwarding.Topology;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Dataplane.Tests.Underlay;

/// <summary>Membership in groups, with the kernel's devices and sockets and without a daemon.</summary>
public sealed class GroupTableTests : IDisposable
{
    private static readonly UnderlaySpec Spec = new() { Local = [UnderlayAddress.Parse("192.0.2.1"), UnderlayAddress.Parse("2001:db8::1")] };
    private readonly NetLab _lab = new();
    private readonly string _ns;

    public GroupTableTests() => _ns = _lab.AddHost("g");

    public void Dispose() => _lab.Dispose();

    [Fact]
    public void A_device_that_comes_between_plan_and_commit_is_not_missed() => NetNs.Run(_ns, () =>
    {
        using var table = new GroupTable(Spec);
        FloodGroup group = Group(1);

        // The device is watched already: for another group that is on it.
        table.Commit(table.Prepare(Topology(Group(2)), State(0)), () => State(0));
        GroupPlan plan = table.Prepare(Topology(Group(2), group), State(0));
        int index = AddDevice();
        table.Follow(State(index));
        table.Commit(plan, () => State(index));
        Assert.All(table.Snapshot(), status => Assert.True(status.IsJoined, status.Problem));
        Assert.Equal(2, table.Snapshot().Length);
        Assert.All(plan.Paths.Values, path => Assert.Equal(index, path.InterfaceIndex));
    });

    [Fact]
    public void What_fails_is_tried_few_at_a_time_and_less_and_less_often() => NetNs.Run(_ns, () =>
    {
        const int Groups = 40;
        int index = AddDevice();
        File.WriteAllText("/proc/sys/net/ipv4/igmp_max_memberships", "0");
        using var table = new GroupTable(Spec);
        table.Commit(table.Prepare(Topology([.. Enumerable.Range(1, Groups).Select(i => Group(i))]), State(index)), () => State(index));
        Assert.All(table.Snapshot(), status => Assert.False(status.IsJoined));
        long tried = table.Attempts();
        Assert.Equal(Groups, tried);
        for (int second = 0; second < 300; second++)
        {
            table.Retry();
            Assert.InRange(table.Attempts() - tried, 0, 8);
            tried = table.Attempts();

            // What is as it was is no reason to try more often.
            table.Follow(State(index));
            Assert.Equal(tried, table.Attempts());
        }

        // Once a second would be 300 each.
        Assert.InRange(tried, 5 * Groups, 15 * Groups);
        File.WriteAllText("/proc/sys/net/ipv4/igmp_max_memberships", "20");
        for (int second = 0; second < 70; second++)
            table.Retry();

        Assert.All(table.Snapshot(), status => Assert.True(status.IsJoined, status.Problem));
    });

    [Theory]
    [InlineData(EncapKind.Vxlan, 4789)]
    [InlineData(EncapKind.Geneve, 6081)]
    public void A_group_is_sent_to_in_its_own_encapsulation_and_shares_its_membership(EncapKind encap, int port) => NetNs.Run(_ns, () =>
    {
        int index = AddDevice();
        using var table = new GroupTable(Spec);
        FloodGroup group = Group(1) with { Encap = encap };
        GroupPlan plan = table.Prepare(Topology(group, Group(1) with { Ttl = 9 }), State(index));
        Assert.Equal((encap, (ushort)port), (plan.Paths[group].Encap, plan.Paths[group].Port));
        Assert.Single(plan.Memberships);
        table.Commit(plan, () => State(index));
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Who_joins_a_group_that_another_daemon_of_the_namespace_has_says_that_they_do_not_hear_each_other(bool v6) => NetNs.Run(_ns, () =>
    {
        int index = AddDevice();
        var (first, second) = (new List<string>(), new List<string>());
        using var one = new GroupTable(Spec, first.Add);
        using var two = new GroupTable(Spec, second.Add);
        foreach (GroupTable table in new[] { one, two })
            table.Commit(table.Prepare(Topology(Group(1, v6)), State(index)), () => State(index));

        Assert.All(one.Snapshot().Concat(two.Snapshot()), status => Assert.True(status.IsJoined, status.Problem));
        Assert.Empty(first);
        Assert.Equal(2, second.Count);
        Assert.All(second, line => Assert.Contains("neither hears the other", line, StringComparison.Ordinal));
    });

    private static FloodGroup Group(int number, bool v6 = false) => new(UnderlayAddress.Parse(v6 ? $"ff05::{number}" : $"239.1.1.{number}"), "d0", 1);

    private static TopologySpec Topology(params FloodGroup[] groups) => new()
    {
        Vnis = [.. groups.Select(static (group, i) => new VniSpec { Vni = new Vni((uint)i + 1), Group = group })],
    };

    private static UnderlayChange State(int index) => new(ImmutableArray<LocalAddressState>.Empty) { Devices = [new DeviceState("d0", index, index != 0)] };

    private int AddDevice()
    {
        NetLab.Ip(_ns, "link", "add", "d0", "type", "veth", "peer", "name", "d1");
        NetLab.Ip(_ns, "link", "set", "d1", "up");
        NetLab.Ip(_ns, "link", "set", "d0", "up");
        NetLab.Address(_ns, "d0", "192.0.2.1/24", "2001:db8::1/64");
        Assert.True(InterfaceControl.TryOpen(out InterfaceControl? control) >= 0);
        using (control)
            return control!.Index("d0");
    }
}
