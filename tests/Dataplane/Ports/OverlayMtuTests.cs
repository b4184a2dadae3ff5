using System.Collections.Immutable;
using Overlay.Dataplane.Forwarding;
using Overlay.Dataplane.Ports;
using Overlay.Dataplane.Underlay;
using Overlay.Encap;
using Overlay.Forwarding;
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
        Assert.Equal(expected, OverlayMtu.Compute(Port, Topology(), Change((local, outer))).Links);

    [Fact]
    public void The_smaller_family_decides() =>
        Assert.Equal(1330, OverlayMtu.Compute(Port, Topology(), Change(("192.0.2.1", 1500), ("2001:db8::1", 1400))).Links);

    [Fact]
    public void Options_and_carried_tags_cost_their_octets()
    {
        UnderlayChange change = Change(("192.0.2.1", 1500));
        Assert.Equal(1442, OverlayMtu.Compute(Port with { Identity = 7 }, Topology(), change).Links);
        Assert.Equal(1442, OverlayMtu.Compute(Port, Topology(policy: 17), change).Links);
        Assert.Equal(1430, OverlayMtu.Compute(Port with { Identity = 7, Mode = PortMode.Transparent }, Topology(policy: 17), change).Links);
        Assert.Equal(1450, OverlayMtu.Compute(Port with { Name = "other" }, Topology(policy: 17), change).Links);
    }

    [Fact]
    public void Only_the_families_and_encapsulations_of_the_peers_count()
    {
        UnderlayChange change = Change(("192.0.2.1", 1500), ("2001:db8::1", 1500));
        PortSpec port = Port with { Identity = 7 };
        Assert.Equal(1422, Links());
        Assert.Equal(1450, Links(Hop("192.0.2.2")));
        Assert.Equal(1442, Links(Hop("192.0.2.2"), Hop("192.0.2.3", EncapKind.Geneve)));
        Assert.Equal(1430, Links(Hop("192.0.2.2"), Hop("2001:db8::2")));

        // A family that we cannot send in is no reason for anything.
        Assert.Equal(1450, OverlayMtu.Compute(port, Topology(), Change(("192.0.2.1", 1500)), _ => [Hop("192.0.2.2"), Hop("2001:db8::2")]).Links);

        // Where whoever comes is taken in, the next one may be of any kind.
        TopologySpec open = Topology() with { Vnis = [Topology().Vnis[0] with { Allow = [new UnderlayPrefix(UnderlayAddress.Parse("192.0.2.0"), 24)] }] };
        Assert.Equal(1422, OverlayMtu.Compute(port, open, change, _ => [Hop("192.0.2.2")]).Links);

        int Links(params NextHop[] hops) => OverlayMtu.Compute(port, Topology(), change, _ => hops).Links;
    }

    [Fact]
    public void The_least_over_the_vnis_counts_and_those_of_other_ports_do_not()
    {
        UnderlayChange change = Change(("192.0.2.1", 1500), ("2001:db8::1", 1500));
        TopologySpec topology = Topology() with
        {
            Vnis = [Vni(100, "web"), Vni(200, "web"), Vni(300, "db")],
        };
        Assert.Equal(1450, OverlayMtu.Compute(Port, topology, change, vni => [Hop(vni.Value == 300 ? "2001:db8::2" : "192.0.2.2")]).Links);
        Assert.Equal(1430, OverlayMtu.Compute(Port, topology, change, vni => [Hop(vni.Value == 200 ? "2001:db8::2" : "192.0.2.2")]).Links);

        static VniSpec Vni(uint id, string port) => new() { Vni = new Vni(id), Ports = [port] };
    }

    [Theory]
    [InlineData("192.0.2.2", 1500, 1400, 1450, 1350)]
    [InlineData("2001:db8::2", 1500, 1400, 1430, 1330)]
    [InlineData("192.0.2.2", 1500, 9000, 1450, 1450)]
    [InlineData("192.0.2.2", 1500, 1000, 1450, 1280)]
    [InlineData("192.0.2.2", 1200, 1000, 1150, 1150)]
    public void A_path_lowers_it_but_not_so_far_that_a_device_would_lose_its_IPv6(string peer, int link, int path, int links, int paths)
    {
        UnderlayChange change = Change((peer.Contains(':', StringComparison.Ordinal) ? "2001:db8::1" : "192.0.2.1", link));
        OverlayMtuLimits limits = OverlayMtu.Compute(Port, Topology(), change, _ => [Hop(peer)], _ => path);
        Assert.Equal((links, paths), (limits.Links, limits.Paths));
    }

    private static NextHop Hop(string address, EncapKind encap = EncapKind.Vxlan)
    {
        NextHopSpec spec = new(new VtepId(0), UnderlayAddress.Parse(address), encap, 4789, PolicyOptionMode.Advisory);
        return new NextHop(new NextHopId(0), new Vtep(new VtepId(0), "b"), in spec, []);
    }

    private static UnderlayChange Change(params (string Local, int Mtu)[] local) =>
        new([.. local.Select(item => new LocalAddressState(UnderlayAddress.Parse(item.Local), true, true, "eth0", item.Mtu))]);

    private static TopologySpec Topology(uint? policy = null) => new()
    {
        Ports = ImmutableSortedDictionary<string, PortSpec>.Empty.Add(Port.Name, Port),
        Vnis = [new VniSpec { Vni = new Vni(100), Ports = [Port.Name], PolicyId = policy }],
    };
}
