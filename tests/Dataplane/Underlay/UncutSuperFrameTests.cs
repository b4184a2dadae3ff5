using Overlay.Dataplane.Underlay;
using Overlay.Encap;
using Overlay.TestKit.InMemory;
using Xunit;

namespace Overlay.Dataplane.Tests.Underlay;

/// <summary>A joined train of datagrams and one datagram with an inner super-frame are told apart by what the inner packet says of its length.</summary>
public sealed class UncutSuperFrameTests
{
    private static readonly MacAddress To = MacAddress.Parse("02:00:00:00:00:0c");
    private static readonly MacAddress From = MacAddress.Parse("02:00:00:00:00:0a");

    [Theory]
    [InlineData(EncapKind.Vxlan, false)]
    [InlineData(EncapKind.Vxlan, true)]
    [InlineData(EncapKind.Geneve, false)]
    [InlineData(EncapKind.Geneve, true)]
    public void One_datagram_is_as_long_as_its_inner_packet_says(EncapKind encap, bool ipv6)
    {
        byte[] one = Frames.Datagram(encap, new Vni(5), Frame(ipv6, 5000));
        Assert.True(UncutSuperFrame.IsOne(one, encap));
        byte[] first = Frames.Datagram(encap, new Vni(5), Frame(ipv6, 1000));
        Assert.False(UncutSuperFrame.IsOne([.. first, .. first, .. first], encap));
        Assert.False(UncutSuperFrame.IsOne(Frames.Datagram(encap, new Vni(5), [.. Frame(ipv6, 1000), 0]), encap));
    }

    [Theory]
    [InlineData(EncapKind.Vxlan)]
    [InlineData(EncapKind.Geneve)]
    public void Any_octets_are_judged(EncapKind encap)
    {
        byte[] one = Frames.Datagram(encap, new Vni(5), Frame(ipv6: false, 100));
        for (int length = 0; length < one.Length; length++)
            Assert.False(UncutSuperFrame.IsOne(one.AsSpan(0, length), encap));

        var random = new Random(1);
        byte[] octets = new byte[300];
        for (int i = 0; i < 20_000; i++)
        {
            random.NextBytes(octets);
            _ = UncutSuperFrame.IsOne(octets.AsSpan(0, random.Next(octets.Length)), encap);
        }
    }

    private static byte[] Frame(bool ipv6, int payload) => ipv6 ? Frames.UdpV6(To, From, payloadLength: payload) : Frames.UdpV4(To, From, payloadLength: payload);
}
