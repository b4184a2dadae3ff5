using System.Collections.Immutable;
using Overlay.Encap;
using Overlay.Forwarding.Topology;
using Xunit;

namespace Overlay.Forwarding.Tests;

public sealed class ValueTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(0x7FFF_FFFF)]
    public void A_target_is_a_port_or_a_next_hop_and_keeps_its_index(int index)
    {
        FdbTarget port = FdbTarget.ToPort(new PortId(index));
        FdbTarget hop = FdbTarget.ToNextHop(new NextHopId(index));
        Assert.True(port.IsPort);
        Assert.False(hop.IsPort);
        Assert.Equal((index, index), (port.Index, hop.Index));
        Assert.NotEqual(port, hop);
    }

    [Fact]
    public void Origins_and_flags_fit_the_four_bits_of_an_fdb_slot()
    {
        Assert.All(Enum.GetValues<FdbOrigin>(), static origin => Assert.InRange((int)origin, 0, 15));
        Assert.All(Enum.GetValues<FdbFlags>(), static flag => Assert.InRange((int)flag, 0, 15));
    }

    [Fact]
    public void Ports_are_compared_by_value_tags_included()
    {
        PortSpec one = new() { Name = "p", Device = "t", Vlans = ImmutableSortedDictionary<int, Vni>.Empty.Add(20, new Vni(200)) };
        PortSpec same = one with { Vlans = ImmutableSortedDictionary<int, Vni>.Empty.Add(20, new Vni(200)) };
        Assert.Equal(one, same);
        Assert.Equal(one.GetHashCode(), same.GetHashCode());
        Assert.NotEqual(one, one with { Vlans = one.Vlans.SetItem(20, new Vni(201)) });
        Assert.NotEqual(one, one with { Kind = PortDeviceKind.Veth });
        Assert.NotEqual(one, one with { Vlans = one.Vlans.Add(21, new Vni(201)) });
        Assert.NotEqual(one, one with { Identity = 0 });
        Assert.NotEqual(one, one with { Mtu = 1400 });
        Assert.NotEqual(one, one with { Mode = PortMode.Trunk });
        Assert.NotEqual(one, one with { NativeVni = Vni.Zero });
    }

    [Fact]
    public void Vnis_are_compared_by_value_lists_included()
    {
        VniSpec one = new() { Vni = new Vni(1), Ports = ["a", "b"], Allow = [UnderlayPrefix.Host(UnderlayAddress.Parse("192.0.2.1"))] };
        VniSpec same = one with { Ports = ["a", "b"], Allow = [UnderlayPrefix.Host(UnderlayAddress.Parse("192.0.2.1"))] };
        Assert.Equal(one, same);
        Assert.Equal(one.GetHashCode(), same.GetHashCode());
        Assert.NotEqual(one, one with { Ports = ["b", "a"] });
        Assert.NotEqual(one, one with { Allow = [] });
        Assert.NotEqual(one, one with { PolicyRequired = true });
        Assert.NotEqual(one, one with { Gateway = true });
        Assert.NotEqual(one, one with { RemoteLearning = false });
    }

    [Fact]
    public void Learn_hints_are_compared_by_value()
    {
        LearnHint one = new() { Vni = new Vni(1), Mac = new MacAddress(2), Seen = FdbTarget.ToPort(new PortId(3)) };
        LearnHint same = one;
        Assert.True(one == same);
        same.Encap = EncapKind.Geneve;
        Assert.True(one != same);
    }
}
