using System.Net;

namespace Overlay.Encap.Tests;

public sealed class UnderlayAddressTests
{
    [Theory]
    [InlineData("192.0.2.1")]
    [InlineData("0.0.0.0")]
    [InlineData("255.255.255.255")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("2001:db8::1")]
    [InlineData("2001:db8:0:1:1:1:1:1")]
    [InlineData("1:0:0:2::3")]
    [InlineData("fe80::200:ff:fe00:1")]
    [InlineData("64:ff9b::c000:201")]
    [InlineData("1:2:3:4:5:6:7:0")]
    public void Canonical_text_round_trips(string text)
    {
        Assert.True(UnderlayAddress.TryParse(text, out UnderlayAddress address));
        Assert.Equal(text, address.ToString());
        Assert.Equal(address, UnderlayAddress.FromIPAddress(address.ToIPAddress()));
        Assert.Equal(IPAddress.Parse(text), address.ToIPAddress());
    }

    [Theory]
    [InlineData("2001:DB8:0:0:0:0:0:1", "2001:db8::1")]
    [InlineData("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1")]
    [InlineData("0:0:1::", "0:0:1::")]
    public void Text_is_canonical_by_rfc_5952(string text, string expected)
    {
        Assert.Equal(expected, UnderlayAddress.Parse(text).ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("1.2.3")]
    [InlineData("01.2.3.4")]
    [InlineData("0x7f.0.0.1")]
    [InlineData("256.0.0.1")]
    [InlineData("1.2.3.4.5")]
    [InlineData("[::1]")]
    [InlineData("::1/64")]
    [InlineData("::ffff:192.0.2.1")]
    [InlineData("::ffff:c000:201")]
    [InlineData("2001:db8::1%eth0")]
    [InlineData("192.0.2.1%eth0")]
    [InlineData("fe80::1%")]
    [InlineData(" 192.0.2.1")]
    [InlineData("eth0%fe80::1")]
    public void Other_text_is_refused(string text)
    {
        Assert.False(UnderlayAddress.TryParse(text, out _, out string? zone));
        Assert.Null(zone);
    }

    [Fact]
    public void A_link_local_zone_is_handed_to_the_caller()
    {
        Assert.True(UnderlayAddress.TryParse("fe80::1%eth0", out UnderlayAddress address, out string? zone));
        Assert.Equal("eth0", zone);
        Assert.Equal(0u, address.ScopeId);
        Assert.Equal("fe80::1%7", address.WithScope(7).ToString());
        Assert.NotEqual(address, address.WithScope(7));
        Assert.Equal(7, address.WithScope(7).ToIPAddress().ScopeId);
        Assert.False(UnderlayAddress.TryParse("fe80::1%eth0", out _));
    }

    [Fact]
    public void A_mapped_address_from_a_dual_stack_socket_is_the_ipv4_address()
    {
        byte[] mapped = Bytes.Hex("00000000000000000000ffffc0000201");
        Assert.Equal(UnderlayAddress.Parse("192.0.2.1"), UnderlayAddress.FromIPv6(mapped));
        Assert.True(UnderlayAddress.IsV4MappedText("::ffff:192.0.2.1"));
        Assert.False(UnderlayAddress.IsV4MappedText("192.0.2.1"));
    }

    [Fact]
    public void A_scope_on_a_global_address_is_dropped_so_that_equal_addresses_are_equal()
    {
        byte[] global = new byte[16];
        Assert.True(UnderlayAddress.Parse("2001:db8::1").TryWriteBytes(global, out int length));
        Assert.Equal(16, length);
        Assert.Equal(UnderlayAddress.Parse("2001:db8::1"), UnderlayAddress.FromIPv6(global, 5));
    }

    [Theory]
    [InlineData("224.0.0.1", "multicast")]
    [InlineData("239.255.255.255", "multicast")]
    [InlineData("ff02::1", "multicast")]
    [InlineData("255.255.255.255", "broadcast")]
    [InlineData("0.0.0.0", "unspecified")]
    [InlineData("::", "unspecified")]
    [InlineData("127.1.2.3", "loopback unicast")]
    [InlineData("::1", "loopback unicast")]
    [InlineData("169.254.1.1", "linklocal unicast")]
    [InlineData("fe80::1", "linklocal unicast")]
    [InlineData("febf::1", "linklocal unicast")]
    [InlineData("fec0::1", "unicast")]
    [InlineData("223.255.255.255", "unicast")]
    [InlineData("240.0.0.1", "unicast")]
    public void Kinds_of_addresses(string text, string expected)
    {
        UnderlayAddress address = UnderlayAddress.Parse(text);
        string[] kinds =
        [
            address.IsMulticast ? "multicast" : "", address.IsBroadcast ? "broadcast" : "", address.IsUnspecified ? "unspecified" : "",
            address.IsLoopback ? "loopback" : "", address.IsLinkLocal ? "linklocal" : "", address.IsUnicast ? "unicast" : "",
        ];
        Assert.Equal(expected, string.Join(' ', kinds.Where(static kind => kind.Length != 0)));
    }

    [Fact]
    public void Neighbouring_addresses_do_not_share_hash_buckets()
    {
        var buckets = new HashSet<int>();
        for (uint i = 0; i < 1024; i++)
        {
            buckets.Add(UnderlayAddress.FromIPv4(0x0A000000 + i).GetHashCode() & 0xFFFF);
        }

        Assert.True(buckets.Count > 1000, $"{buckets.Count} buckets");
    }

    [Theory]
    [InlineData("192.0.2.0/24", "192.0.2.255", true)]
    [InlineData("192.0.2.0/24", "192.0.3.0", false)]
    [InlineData("0.0.0.0/0", "203.0.113.1", true)]
    [InlineData("0.0.0.0/0", "2001:db8::1", false)]
    [InlineData("::/0", "192.0.2.1", false)]
    [InlineData("2001:db8::/32", "2001:db8:ffff::1", true)]
    [InlineData("2001:db8::/127", "2001:db8::2", false)]
    [InlineData("192.0.2.1", "192.0.2.1", true)]
    public void Prefixes_contain_their_family_only(string prefix, string address, bool expected)
    {
        Assert.True(UnderlayPrefix.TryParse(prefix, out UnderlayPrefix parsed));
        Assert.Equal(expected, parsed.Contains(UnderlayAddress.Parse(address)));
    }

    [Theory]
    [InlineData("192.0.2.1/24")]
    [InlineData("192.0.2.0/33")]
    [InlineData("2001:db8::/129")]
    [InlineData("192.0.2.0/-1")]
    [InlineData("192.0.2.0/")]
    [InlineData("/24")]
    [InlineData(null)]
    public void Other_prefixes_are_refused(string? text)
    {
        Assert.False(UnderlayPrefix.TryParse(text, out _));
    }
}
