using System.Buffers;
using System.Collections.Immutable;
using Overlay.Control.Evpn.Bgp.Wire;
using Overlay.Encap;

namespace Overlay.Control.Evpn.Tests.Wire;

/// <summary>Messages and routes that tests share.</summary>
internal static class Messages
{
    public static readonly UnderlayAddress Vtep4 = UnderlayAddress.Parse("192.0.2.2");
    public static readonly UnderlayAddress Vtep6 = UnderlayAddress.Parse("2001:db8::2");

    public static readonly RouteDistinguisher Rd = RouteDistinguisher.OfIPv4(0xC0000202, 2);

    public static PathAttributes Attributes(bool isInternal = false, int communities = 2) => new PathAttributesBuilder
    {
        NextHop = Vtep4,
        AsPath = isInternal ? [] : [new AsSegment(2, [65002])],
        LocalPreference = isInternal ? 100u : null,
        ExtendedCommunities = [.. new[] { ExtendedCommunity.RouteTargetOfAs2(65001, 100), ExtendedCommunity.Encapsulation(TunnelType.Vxlan) }.Take(communities)],
    }.Build();

    public static EvpnNlri Mac(ulong mac, uint label = 100, uint? label2 = null, UnderlayAddress? address = null) => new()
    {
        Type = EvpnRouteType.MacIp,
        Rd = Rd,
        Mac = new MacAddress(mac),
        HasAddress = address is not null,
        Address = address ?? default,
        Label = label,
        Label2 = label2,
    };

    public static byte[] Written(Action<IBufferWriter<byte>> write)
    {
        var output = new ArrayBufferWriter<byte>();
        write(output);
        return output.WrittenSpan.ToArray();
    }

    public static byte[] Update(PathAttributes attributes, params EvpnNlri[] routes) => Written(output =>
    {
        var writer = new UpdateWriter(output, BgpHeader.MaxMessageLength);
        writer.Begin(attributes);
        foreach (EvpnNlri route in routes)
        {
            writer.Add(in route);
        }

        writer.End();
    });

    /// <summary>Cuts octets into messages; they must hold whole ones only.</summary>
    public static List<(BgpMessageType Type, byte[] Body)> Frame(byte[] octets, int maxLength = BgpHeader.MaxMessageLength)
    {
        var stream = new ReadOnlySequence<byte>(octets);
        List<(BgpMessageType, byte[])> messages = [];
        while (stream.Length > 0)
        {
            Assert.Equal(FrameStatus.Ok, BgpFraming.TryRead(ref stream, maxLength, out BgpMessageType type, out ReadOnlySequence<byte> body, out _));
            messages.Add((type, body.ToArray()));
        }

        return messages;
    }

    public static List<EvpnNlri> Read(ReadOnlySpan<byte> routes)
    {
        List<EvpnNlri> list = [];
        var reader = new EvpnNlriReader(routes);
        while (reader.MoveNext(out EvpnNlri nlri))
        {
            list.Add(nlri);
        }

        Assert.False(reader.IsMalformed);
        return list;
    }

    /// <summary>One route of each type and shape.</summary>
    public static ImmutableArray<EvpnNlri> EveryRoute { get; } = MakeEveryRoute();

    private static ImmutableArray<EvpnNlri> MakeEveryRoute()
    {
        var esi = new EthernetSegmentId(0x0011, 0x2233_4455_6677_8899);
        UnderlayAddress v4 = UnderlayAddress.Parse("10.0.0.1");
        UnderlayAddress v6 = UnderlayAddress.Parse("fd00::1");
        return
        [
            new EvpnNlri { Type = EvpnRouteType.EthernetAutoDiscovery, Rd = Rd, Esi = esi, EthernetTag = uint.MaxValue, Label = 0 },
            new EvpnNlri { Type = EvpnRouteType.EthernetAutoDiscovery, Rd = Rd, Esi = esi, EthernetTag = 0, Label = 0xFFFFFF },
            Mac(0x020000000001),
            Mac(0x020000000001, address: v4),
            Mac(0x020000000001, address: v6),
            Mac(0x020000000001, 0xFFFFFF, 0),
            Mac(0x020000000001, 0, 0xFFFFFF, v4),
            Mac(0x020000000001, 0xABCDEF, 0x123456, v6) with { Esi = esi, EthernetTag = 0x89ABCDEF },
            new EvpnNlri { Type = EvpnRouteType.InclusiveMulticast, Rd = Rd, HasAddress = true, Address = Vtep4 },
            new EvpnNlri { Type = EvpnRouteType.InclusiveMulticast, Rd = Rd, EthernetTag = 7, HasAddress = true, Address = Vtep6 },
            new EvpnNlri { Type = EvpnRouteType.EthernetSegment, Rd = Rd, Esi = esi, HasAddress = true, Address = Vtep4 },
            new EvpnNlri { Type = EvpnRouteType.EthernetSegment, Rd = Rd, Esi = esi, HasAddress = true, Address = Vtep6 },
            new EvpnNlri
            {
                Type = EvpnRouteType.IpPrefix,
                Rd = Rd,
                HasAddress = true,
                Address = UnderlayAddress.Parse("10.1.2.0"),
                PrefixLength = 24,
                Gateway = UnderlayAddress.Parse("10.1.2.1"),
                Label = 4000,
            },
            new EvpnNlri
            {
                Type = EvpnRouteType.IpPrefix,
                Rd = Rd,
                HasAddress = true,
                Address = UnderlayAddress.Parse("2001:db8:1::"),
                PrefixLength = 48,
                Gateway = default,
                Label = 4000,
            },
        ];
    }
}
