using System.Globalization;
using Overlay.Control.Evpn.Bgp.Wire;
using Overlay.Encap;

namespace Overlay.Control.Evpn.Tests.Wire;

/// <summary>Routes octet by octet: taken apart, put together into buffers full of 0xA5, cut short.</summary>
public sealed class EvpnNlriTests
{
    // A type 2 with IPv4 and two labels; every field differs from its neighbours.
    private const string MacIp = "0228" + "0001c00002020002" + "00112233445566778899" + "0000002a" + "30" + "02aabbccddee" + "20" + "0a010203" + "abcdef" + "123456";
    private const string Multicast = "0311" + "0001c00002020002" + "00000007" + "20" + "c0000202";
    private const string Prefix = "0522" + "0002fa56ea010064" + "00000000000000000000" + "00000000" + "18" + "0a0102ff" + "00000000" + "000fa0";

    [Fact]
    public void A_mac_route_is_taken_apart()
    {
        EvpnNlri route = Assert.Single(Messages.Read(Convert.FromHexString(MacIp)));
        Assert.Equal(EvpnRouteType.MacIp, route.Type);
        Assert.Equal("192.0.2.2:2", route.Rd.ToText());
        Assert.Equal("00:11:22:33:44:55:66:77:88:99", route.Esi.ToString());
        Assert.Equal(42u, route.EthernetTag);
        Assert.Equal(MacAddress.Parse("02:aa:bb:cc:dd:ee"), route.Mac);
        Assert.True(route.HasAddress);
        Assert.Equal(UnderlayAddress.Parse("10.1.2.3"), route.Address);
        Assert.Equal(0xABCDEFu, route.Label);
        Assert.Equal(0x123456u, route.Label2);
    }

    [Fact]
    public void A_multicast_route_is_taken_apart()
    {
        EvpnNlri route = Assert.Single(Messages.Read(Convert.FromHexString(Multicast)));
        Assert.Equal(EvpnRouteType.InclusiveMulticast, route.Type);
        Assert.Equal(7u, route.EthernetTag);
        Assert.Equal(Messages.Vtep4, route.Address);
    }

    [Fact]
    public void A_prefix_route_is_taken_apart_and_loses_its_host_bits()
    {
        EvpnNlri route = Assert.Single(Messages.Read(Convert.FromHexString(Prefix)));
        Assert.Equal("4200000001:100", route.Rd.ToText());
        Assert.Equal(UnderlayAddress.Parse("10.1.2.0"), route.Address);
        Assert.Equal(24, route.PrefixLength);
        Assert.True(route.Gateway.IsUnspecified);
        Assert.Equal(4000u, route.Label);
    }

    [Theory]
    [InlineData(MacIp)]
    [InlineData(Multicast)]
    public void Octets_come_back_as_they_were_and_no_octet_is_forgotten(string hex)
    {
        byte[] octets = Convert.FromHexString(hex);
        EvpnNlri route = Assert.Single(Messages.Read(octets));
        byte[] buffer = new byte[octets.Length + 8];
        Array.Fill(buffer, (byte)0xA5);
        Assert.Equal(octets.Length, EvpnNlriWriter.LengthOf(in route));
        Assert.Equal(octets.Length, EvpnNlriWriter.Write(in route, buffer));
        Assert.Equal(octets, buffer[..octets.Length]);
        Assert.All(buffer[octets.Length..], static octet => Assert.Equal(0xA5, octet));
    }

    [Fact]
    public void Every_route_comes_back_from_a_dirty_buffer()
    {
        foreach (EvpnNlri route in Messages.EveryRoute)
        {
            byte[] buffer = new byte[EvpnNlriWriter.MaxLength];
            Array.Fill(buffer, (byte)0xA5);
            int length = EvpnNlriWriter.Write(in route, buffer);
            EvpnNlri read = Assert.Single(Messages.Read(buffer.AsSpan(0, length)));
            Assert.Equal(route, read);
            byte[] other = new byte[EvpnNlriWriter.MaxLength];
            Array.Fill(other, (byte)0x5A);
            EvpnNlriWriter.Write(in route, other);
            Assert.Equal(buffer[..length], other[..length]);
        }
    }

    [Fact]
    public void A_list_that_is_cut_anywhere_but_between_routes_is_malformed()
    {
        byte[] list = [.. Messages.EveryRoute.SelectMany(static route => Written(route))];
        HashSet<int> borders = [0];
        int at = 0;
        foreach (EvpnNlri route in Messages.EveryRoute)
        {
            borders.Add(at += EvpnNlriWriter.LengthOf(in route));
        }

        for (int length = 0; length <= list.Length; length++)
        {
            var faults = default(UpdateFaults);
            EvpnNlriStatus expected = borders.Contains(length) ? EvpnNlriStatus.Ok : EvpnNlriStatus.Malformed;
            Assert.Equal(expected, EvpnNlriReader.Verify(list.AsSpan(0, length), ref faults));
        }
    }

    [Fact]
    public void Routes_to_skip_are_counted_and_the_others_are_read()
    {
        EvpnNlri mac = Messages.Mac(0x020000000001);
        byte[] list = [6, 1, 0, .. Written(mac), 2, 0, .. Written(mac), 255, 2, 1, 2];
        var reader = new EvpnNlriReader(list);
        int read = 0;
        while (reader.MoveNext(out EvpnNlri nlri))
        {
            Assert.Equal(mac, nlri);
            read++;
        }

        Assert.Equal(2, read);
        Assert.Equal(3, reader.Skipped);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(1u)]
    [InlineData(0xFFFFFFu)]
    [InlineData(0x800000u)]
    [InlineData(0x00000Fu)]
    public void A_label_is_24_bits_and_its_neighbours_are_left_alone(uint label)
    {
        foreach (uint? second in new uint?[] { null, label, ~label & 0xFFFFFF })
        {
            EvpnNlri route = Messages.Mac(0xFEFFFFFFFFFF, label, second, UnderlayAddress.Parse("255.255.255.255"));
            EvpnNlri read = Assert.Single(Messages.Read(Written(route)));
            Assert.Equal(route, read);
        }
    }

    [Theory]
    [InlineData("10.1.2.3", 0, "0.0.0.0")]
    [InlineData("10.1.2.3", 1, "0.0.0.0")]
    [InlineData("255.255.255.255", 9, "255.128.0.0")]
    [InlineData("255.255.255.255", 31, "255.255.255.254")]
    [InlineData("255.255.255.255", 32, "255.255.255.255")]
    [InlineData("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65, "ffff:ffff:ffff:ffff:8000::")]
    [InlineData("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 128, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]
    public void Bits_behind_a_prefix_are_irrelevant(string address, byte bits, string expected)
    {
        var route = new EvpnNlri { Type = EvpnRouteType.IpPrefix, HasAddress = true, Address = UnderlayAddress.Parse(address), PrefixLength = bits, Label = 1 };
        Assert.Equal(UnderlayAddress.Parse(expected), Assert.Single(Messages.Read(Written(route))).Address);
    }

    [Fact]
    public void A_type_that_is_not_ours_cannot_be_written() =>
        Assert.Throws<ArgumentOutOfRangeException>(static () => EvpnNlriWriter.LengthOf(new EvpnNlri { Type = (EvpnRouteType)6 }));

    [Fact]
    public void Reading_allocates_nothing()
    {
        byte[] list = [.. Enumerable.Range(0, 100).SelectMany(static i => Written(Messages.Mac((ulong)i)))];
        int sum = 0;
        Assert.Equal(0, Allocation.Least(() =>
        {
            var reader = new EvpnNlriReader(list);
            while (reader.MoveNext(out EvpnNlri nlri))
            {
                sum += (int)nlri.Label;
            }
        }));
        Assert.NotEqual(0, sum);
    }

    private static byte[] Written(EvpnNlri route)
    {
        byte[] octets = new byte[EvpnNlriWriter.LengthOf(in route)];
        Assert.Equal(octets.Length, EvpnNlriWriter.Write(in route, octets));
        Assert.Equal(octets.Length - 2, octets[1]);
        Assert.Equal(((int)route.Type).ToString(CultureInfo.InvariantCulture), octets[0].ToString(CultureInfo.InvariantCulture));
        return octets;
    }
}
