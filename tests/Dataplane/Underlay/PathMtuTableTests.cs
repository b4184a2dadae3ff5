using System.Collections.Immutable;
using Overlay.Dataplane.Forwarding;
using Overlay.Dataplane.Tests.Storm;
using Overlay.Dataplane.Underlay;
using Overlay.Encap;
using Overlay.Forwarding;
using Xunit;

namespace Overlay.Dataplane.Tests.Underlay;

/// <summary>What is believed of path MTUs. An ICMP message may come from anybody.</summary>
public sealed class PathMtuTableTests
{
    private const int Floor = 1350;
    private static readonly ImmutableDictionary<UnderlayAddress, int> NoRoutes = ImmutableDictionary<UnderlayAddress, int>.Empty;
    private static readonly UnderlayAddress PeerB = UnderlayAddress.Parse("192.0.2.2");
    private readonly StepTime _time = new();
    private readonly List<NextHop> _hops = [];
    private readonly List<int> _refused = [];
    private readonly PathMtuTable _table;
    private int _listed;

    public PathMtuTableTests()
    {
        _table = new PathMtuTable(List, _time, Floor, (_, mtu) => _refused.Add(mtu));
        _ = Add(PeerB);
    }

    [Fact]
    public void A_message_about_somebody_nobody_sends_to_takes_no_room_from_others()
    {
        for (uint i = 0; i < 5000; i++)
            _table.Note(UnderlayAddress.FromIPv4(0x0A00_0000 + i), 1400, PathMtuSource.Network);

        _table.Note(PeerB, 1400, PathMtuSource.Network);
        Assert.Equal(1400, _hops[0].PathMtu);
        Assert.Equal(PeerB, Assert.Single(_table.List()).Destination);
        Assert.Equal(5000, _table.StrangeCount);
    }

    [Fact]
    public void The_next_hops_are_not_walked_for_every_message()
    {
        for (uint i = 0; i < 1000; i++)
            _table.Note(UnderlayAddress.FromIPv4(0x0A00_0000 + i), 1400, PathMtuSource.Network);

        Assert.Equal(1, _listed);
        for (int i = 0; i < 1000; i++)
            _table.Note(PeerB, 1400, PathMtuSource.Network);

        Assert.Equal(1, _listed);
        _time.Advance(TimeSpan.FromSeconds(1));
        NextHop late = Add(UnderlayAddress.Parse("192.0.2.3"));
        _table.Note(late.Spec.Address, 1400, PathMtuSource.Network);
        Assert.Equal((2, 1400), (_listed, late.PathMtu));
    }

    [Fact]
    public void The_network_only_lowers_until_it_is_forgotten()
    {
        _table.Note(PeerB, 1450, PathMtuSource.Network);
        _table.Note(PeerB, 1400, PathMtuSource.Network);
        _time.Advance(TimeSpan.FromMinutes(9));
        _table.Note(PeerB, 9000, PathMtuSource.Network);
        Assert.Equal(1400, _table.Of(PeerB));
        Assert.Equal(1400, _hops[0].PathMtu);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Null(_table.Of(PeerB));
        _table.Follow(NoRoutes);
        Assert.Equal(0, _hops[0].PathMtu);
        Assert.Empty(_table.List());
    }

    [Theory]
    [InlineData(68)]
    [InlineData(552)]
    [InlineData(1280)]
    [InlineData(Floor - 1)]
    public void Under_the_limit_the_network_is_not_believed_and_the_operator_hears_it_once(int said)
    {
        for (int i = 0; i < 3; i++)
            _table.Note(PeerB, said, PathMtuSource.Network);

        Assert.Equal(Floor, _hops[0].PathMtu);
        Assert.Equal([said], _refused);
        Assert.Equal(3, _table.RefusedCount);
        Assert.Equal((Floor, said, PathMtuSource.Network), Assert.Single(_table.List()) is var path ? (path.Mtu, path.Refused, path.Source) : default);
    }

    [Fact]
    public void Our_own_kernel_is_believed_in_both_directions()
    {
        _table.Note(PeerB, 1000, PathMtuSource.Kernel);
        Assert.Equal(1000, _hops[0].PathMtu);
        _table.Note(PeerB, 1400, PathMtuSource.Network);
        Assert.Equal(1000, _hops[0].PathMtu);
        _table.Note(PeerB, 9000, PathMtuSource.Kernel);
        Assert.Equal(1400, _hops[0].PathMtu);
        Assert.Empty(_refused);
    }

    [Fact]
    public void A_route_with_an_mtu_counts_as_long_as_it_is_there()
    {
        _table.Follow(NoRoutes.Add(PeerB, 1200));
        Assert.Equal((1200, 1200), (_hops[0].PathMtu, _table.SteadyOf(PeerB)));
        Assert.Equal(PathMtuSource.Kernel, Assert.Single(_table.List()).Source);
        _table.Follow(NoRoutes);
        Assert.Equal(0, _hops[0].PathMtu);
    }

    [Fact]
    public void Ports_follow_what_the_network_said_only_when_it_has_stood_for_a_minute()
    {
        _table.Note(PeerB, 1400, PathMtuSource.Network);
        _time.Advance(TimeSpan.FromSeconds(59));
        Assert.Null(_table.SteadyOf(PeerB));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1400, _table.SteadyOf(PeerB));

        // Another value stands anew; until then the old one does.
        _table.Note(PeerB, 1360, PathMtuSource.Network);
        Assert.Equal((1360, 1400), (_table.Of(PeerB), _table.SteadyOf(PeerB)));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(1360, _table.SteadyOf(PeerB));
        _time.Advance(PathMtuTable.Lifetime);
        Assert.Null(_table.SteadyOf(PeerB));
    }

    [Fact]
    public void A_next_hop_that_is_new_on_a_known_path_gets_what_is_known()
    {
        _table.Note(PeerB, 1400, PathMtuSource.Network);
        NextHop geneve = Add(PeerB, EncapKind.Geneve);
        _table.Follow(NoRoutes);
        Assert.Equal(1400, geneve.PathMtu);
    }

    [Fact]
    public void What_is_about_nobody_any_more_is_forgotten()
    {
        _table.Note(PeerB, 1400, PathMtuSource.Network);
        _hops.Clear();
        _table.Follow(NoRoutes);
        Assert.Empty(_table.List());
    }

    [Fact]
    public void A_link_local_peer_is_meant_where_the_kernel_leaves_the_scope_out()
    {
        UnderlayAddress address = UnderlayAddress.Parse("fe80::1");
        NextHop scoped = Add(address.WithScope(7));
        NextHop other = Add(UnderlayAddress.Parse("fe80::2").WithScope(7));
        _table.Note(address, 1400, PathMtuSource.Kernel);
        Assert.Equal((1400, 0), (scoped.PathMtu, other.PathMtu));
        Assert.Equal(1400, _table.Of(address.WithScope(7)));
        _table.Note(address.WithScope(8), 1360, PathMtuSource.Network);
        Assert.Equal(1400, scoped.PathMtu);
        _table.Note(address.WithScope(7), 1360, PathMtuSource.Network);
        Assert.Equal(1360, scoped.PathMtu);
    }

    private List<NextHop> List()
    {
        _listed++;
        return _hops;
    }

    private NextHop Add(UnderlayAddress address, EncapKind encap = EncapKind.Vxlan)
    {
        NextHopSpec spec = new(new VtepId(0), address, encap, 4789, PolicyOptionMode.Advisory);
        NextHop hop = new(new NextHopId(_hops.Count), new Vtep(new VtepId(0), "b"), in spec, []);
        _hops.Add(hop);
        return hop;
    }
}
