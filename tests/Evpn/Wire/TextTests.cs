using System.Collections.Immutable;
using Overlay.Control.Evpn.Bgp.Wire;
using Overlay.Encap;

namespace Overlay.Control.Evpn.Tests.Wire;

/// <summary>What operators write and read: route targets, distinguishers, segments, communities, paths.</summary>
public sealed class TextTests
{
    [Theory]
    [InlineData("65001:100", 0x0002_fde9_0000_0064)]
    [InlineData("65001:4294967295", 0x0002_fde9_ffff_ffff)]
    [InlineData("0:0", 0x0002_0000_0000_0000)]
    [InlineData("192.0.2.1:100", 0x0102_c000_0201_0064)]
    [InlineData("4200000001:100", 0x0202_fa56_ea01_0064)]
    [InlineData("65001L:100", 0x0202_0000_fde9_0064)]
    public void A_route_target_has_three_forms(string text, long value)
    {
        Assert.True(ExtendedCommunity.TryParseRouteTarget(text, out ExtendedCommunity target));
        Assert.Equal((ulong)value, target.Value);
        Assert.True(target.IsRouteTarget);
        Assert.Equal(text, target.ToRouteTargetText());
        Assert.Equal("rt:" + text, target.ToText());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(":")]
    [InlineData("65001")]
    [InlineData("65001:")]
    [InlineData(":100")]
    [InlineData("65001:-1")]
    [InlineData("65001: 1")]
    [InlineData("+65001:1")]
    [InlineData("65001:4294967296")]
    [InlineData("4294967296:1")]
    [InlineData("4200000001:65536")]
    [InlineData("192.0.2.1:65536")]
    [InlineData("192.0.2:1")]
    [InlineData("192.0.2.256:1")]
    [InlineData("1.2:3")]
    [InlineData("::1:100")]
    [InlineData("65001:1:2")]
    [InlineData("L:1")]
    [InlineData("007:1")]
    public void What_is_no_route_target_is_refused(string? text)
    {
        Assert.False(ExtendedCommunity.TryParseRouteTarget(text, out ExtendedCommunity target));
        Assert.Equal(default, target);
        Assert.False(RouteDistinguisher.TryParse(text, out _));
    }

    [Theory]
    [InlineData("65001:100", 0x0000_fde9_0000_0064)]
    [InlineData("192.0.2.2:2", 0x0001_c000_0202_0002)]
    [InlineData("4200000001:2", 0x0002_fa56_ea01_0002)]
    public void A_route_distinguisher_has_three_forms(string text, long value)
    {
        Assert.True(RouteDistinguisher.TryParse(text, out RouteDistinguisher rd));
        Assert.Equal((ulong)value, rd.Value);
        Assert.Equal(text, rd.ToText());
    }

    [Fact]
    public void An_unknown_route_distinguisher_is_shown_all_the_same() =>
        Assert.Equal("0x0003000000000001", new RouteDistinguisher(0x0003_0000_0000_0001).ToString());

    [Fact]
    public void A_segment_is_ten_octets()
    {
        const string Text = "00:11:22:33:44:55:66:77:88:99";
        Assert.True(EthernetSegmentId.TryParse(Text, out EthernetSegmentId esi));
        Assert.Equal(new EthernetSegmentId(0x0011, 0x2233_4455_6677_8899), esi);
        Assert.Equal(Text, esi.ToString());
        Assert.False(EthernetSegmentId.TryParse(Text[1..], out _));
        Assert.False(EthernetSegmentId.TryParse(Text.Replace(':', '-'), out _));
        Assert.False(EthernetSegmentId.TryParse(Text.Replace('1', 'g'), out _));
        Assert.False(EthernetSegmentId.TryParse(null, out _));
    }

    public static TheoryData<ulong, string> Communities() => new()
    {
        { ExtendedCommunity.Encapsulation(TunnelType.Vxlan).Value, "encap:vxlan" },
        { ExtendedCommunity.Encapsulation(TunnelType.Geneve).Value, "encap:geneve" },
        { ExtendedCommunity.Encapsulation(77).Value, "encap:77" },
        { ExtendedCommunity.MacMobility(3).Value, "mobility:3" },
        { ExtendedCommunity.MacMobility(uint.MaxValue).Value, "mobility:4294967295" },
        { ExtendedCommunity.MacMobility(0, sticky: true).Value, "sticky" },
        { ExtendedCommunity.DefaultGateway.Value, "default-gateway" },
        { ExtendedCommunity.EsiLabel(0xFFFFFF, singleActive: true).Value, "esi-label:16777215:single-active" },
        { ExtendedCommunity.EsiLabel(0, singleActive: false).Value, "esi-label:0:all-active" },
        { ExtendedCommunity.EsImport(MacAddress.Parse("11:22:33:44:55:66")).Value, "es-import:11:22:33:44:55:66" },
        { ExtendedCommunity.RouterMac(MacAddress.Parse("02:00:00:00:00:01")).Value, "router-mac:02:00:00:00:00:01" },
        { ExtendedCommunity.ArpNd(ArpNdFlags.Router | ArpNdFlags.Override).Value, "nd:router+override" },
        { ExtendedCommunity.ArpNd(ArpNdFlags.None).Value, "nd:none" },
        { 0x0003_FDE9_0000_0001, "soo:65001:1" },
        { 0x43FF_0102_0304_0506, "0x43ff010203040506" },
    };

    [Theory]
    [MemberData(nameof(Communities))]
    public void A_community_has_a_name(ulong value, string text) => Assert.Equal(text, new ExtendedCommunity(value).ToText());

    [Fact]
    public void A_community_is_read_as_it_was_made_and_as_no_other()
    {
        Assert.True(new ExtendedCommunity(0x0600_01FF_0000_0007).TryGetMacMobility(out uint sequence, out bool sticky));
        Assert.Equal(7u, sequence);
        Assert.True(sticky);
        Assert.True(new ExtendedCommunity(0x0600_FE00_0000_0007).TryGetMacMobility(out _, out sticky));
        Assert.False(sticky);
        Assert.False(ExtendedCommunity.DefaultGateway.TryGetMacMobility(out _, out _));
        Assert.True(new ExtendedCommunity(0x030D_0102_0304_0506).IsDefaultGateway);
        Assert.True(new ExtendedCommunity(0x0601_0100_00AB_CDEF).TryGetEsiLabel(out uint label, out bool singleActive));
        Assert.Equal(0xABCDEFu, label);
        Assert.True(singleActive);
        Assert.True(new ExtendedCommunity(0x0602_1122_3344_5566).TryGetEsImport(out MacAddress import));
        Assert.Equal("11:22:33:44:55:66", import.ToString());
        Assert.True(new ExtendedCommunity(0x0608_0900_0000_0000).TryGetArpNd(out ArpNdFlags flags));
        Assert.Equal(ArpNdFlags.Router | ArpNdFlags.Immutable, flags);
        Assert.True(new ExtendedCommunity(0x030C_0000_0000_0013).TryGetEncapsulation(out ushort tunnel));
        Assert.Equal(TunnelType.Geneve, tunnel);
        Assert.True(new ExtendedCommunity(0x0603_0200_0000_0001).TryGetRouterMac(out MacAddress router));
        Assert.Equal("02:00:00:00:00:01", router.ToString());
        Assert.False(new ExtendedCommunity(0x4002_FDE9_0000_0064).IsRouteTarget);
    }

    [Fact]
    public void A_path_is_written_as_operators_do()
    {
        Assert.Equal(string.Empty, AsPathText.Format([]));
        ImmutableArray<AsSegment> path = [new(3, [65100, 65101]), new(2, [65002, 4200000001]), new(1, [1, 2]), new(4, [65102])];
        Assert.Equal("(65100 65101) 65002 4200000001 {1,2} [65102]", AsPathText.Format(path));
    }

    [Fact]
    public void Every_fault_has_a_name_of_its_own()
    {
        UpdateFault[] faults = Enum.GetValues<UpdateFault>();
        Assert.Equal(faults.Length, UpdateFaultNames.All.Length);
        Assert.Equal(faults.Length, UpdateFaultNames.All.Distinct(StringComparer.Ordinal).Count());
        Assert.All(UpdateFaultNames.All, static name => Assert.Matches("^[a-z0-9]+(-[a-z0-9]+)*$", name));
        Assert.True(faults.Length <= 64);
        UpdateFaults all = default;
        foreach (UpdateFault fault in faults)
        {
            Assert.False(all.Contains(fault));
            all = all.With(fault);
        }

        Assert.Equal(string.Join(',', UpdateFaultNames.All), all.ToString());
    }

    [Fact]
    public void Every_error_has_a_sentence()
    {
        for (int code = 0; code < 256; code++)
        {
            for (int subcode = 0; subcode < 256; subcode++)
            {
                string text = BgpErrorText.Describe((byte)code, (byte)subcode);
                Assert.StartsWith($"{code}/{subcode} ", text, StringComparison.Ordinal);
                Assert.True(text.Length > 8);
            }
        }
    }
}
