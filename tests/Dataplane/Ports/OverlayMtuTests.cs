using System.Collections.Immutable;
using Overlay.Dataplane.Ports;
using Overlay.Dataplane.Underlay;
using Overlay.Encap;
using Overlay.Forwarding.Topology;
using Xunit;

namespace Overlay.Dataplane.Tests.Ports;

public sealed class OverlayMtuTests
{
    private static readonly PortSpec Port = new() { Name = "web", Device = "tap0" };

    [Theory]
    [InlineData("192.0.2.1", 1500, 1450)]
    [InlineData("2001:db8::1", 1500, 1430)]
    [InlineData("192.0.2.1", 9000, 8950)]
    [InlineData("192.0.2.1", 0, 1450)]
    [InlineData("192.0.2.1", 100, 68)]
    [InlineData("127.0.0.1", 65_536, 65_486)]
    [InlineData("192.0.2.1", 1_000_000, 65_521)]
    public void The_mtu_is_what_the_outer_packet_leaves(string local, int outer, int expected) =>
        Assert.Equal(expected, OverlayMtu.Compute(Port, Topology(), Change((local, outer))));

    [Fact]
    public void The_smaller_family_decides() =>
        Assert.Equal(1330, OverlayMtu.Compute(Port, Topology(), Change(("192.0.2.1", 1500), ("2001:db8::1", 1400))));

    [Fact]
    public void Options_and_carried_tags_cost_their_octets()
    {
        UnderlayChange change = Change(("192.0.2.1", 1500));
        Assert.Equal(1442, OverlayMtu.Compute(Port with { Identity = 7 }, Topology(), change));
        Assert.Equal(1442, OverlayMtu.Compute(Port, Topology(policy: 17), change));
        Assert.Equal(1430, OverlayMtu.Compute(Port with { Identity = 7, Mode = PortMode.Transparent }, Topology(policy: 17), change));
        Assert.Equal(1450, OverlayMtu.Compute(Port with { Name = "other" }, Topology(policy: 17), change));
    }

    private static UnderlayChange Change(params (string Local, int Mtu)[] local) =>
        new([.. local.Select(item => new LocalAddressState(UnderlayAddress.Parse(item.Local), true, true, "eth0", item.Mtu))]);

    private static TopologySpec Topology(uint? policy = null) => new()
    {
        Ports = ImmutableSortedDictionary<string, PortSpec>.Empty.Add(Port.Name, Port),
        Vnis = [new VniSpec { Vni = new Vni(100), Ports = [Port.Name], PolicyId = policy }],
    };
}
