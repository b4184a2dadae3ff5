using System.Runtime.InteropServices;
using Overlay.Dataplane.Underlay;
using Overlay.Encap;
using Xunit;

namespace Overlay.Dataplane.Tests.Underlay;

public sealed class RtnetlinkReaderTests
{
    [Fact]
    public void A_link_an_address_and_the_end_are_read()
    {
        byte[] link = Message(16, [0, 0, 1, 0, .. Int(7), .. Int(0x1043), .. Int(-1), .. Attribute(3, "eth0\0"u8), .. Attribute(4, Int(1400))]);
        byte[] address = Message(20, [2, 24, 0x80, 0, .. Int(7), .. Attribute(1, [192, 0, 2, 9]), .. Attribute(2, [192, 0, 2, 1]), .. Attribute(8, Int(0x280))]);
        byte[] done = Message(3, Int(0));
        var reader = new RtnetlinkReader([.. link, .. address, .. done]);
        Assert.True(reader.TryRead(out RtnetlinkMessage message));
        Assert.Equal((RtnetlinkKind.LinkNew, 7, "eth0", 1400, 0x1043u), (message.Kind, message.Index, message.Name, message.Mtu, message.Flags));
        Assert.True(reader.TryRead(out message));
        Assert.Equal((RtnetlinkKind.AddressNew, 7, 0x280u), (message.Kind, message.Index, message.Flags));
        Assert.Equal(UnderlayAddress.Parse("192.0.2.1"), message.Address);
        Assert.True(reader.TryRead(out message));
        Assert.Equal(RtnetlinkKind.Done, message.Kind);
        Assert.False(reader.TryRead(out _));
    }

    [Fact]
    public void A_link_says_what_kind_of_device_it_is_and_to_what_it_belongs()
    {
        byte[] information = [.. Attribute(2, Int(1)), .. Attribute(1, "veth\0"u8)];
        byte[] link = Message(16, [0, 0, 1, 0, .. Int(7), .. Int(0x1043), .. Int(-1), .. Attribute(10, Int(5)), .. Attribute(18, information)]);
        byte[] plain = Message(16, [0, 0, 1, 0, .. Int(8), .. Int(0x1043), .. Int(-1), .. Attribute(18, Attribute(3, Int(1)))]);
        var reader = new RtnetlinkReader([.. link, .. plain]);
        Assert.True(reader.TryRead(out RtnetlinkMessage message));
        Assert.Equal((7, "veth", 5), (message.Index, message.DeviceKind, message.Master));
        Assert.True(reader.TryRead(out message));
        Assert.Equal((8, null, 0), (message.Index, message.DeviceKind, message.Master));
    }

    [Fact]
    public void A_link_local_address_is_scoped_to_its_link()
    {
        byte[] octets = [0xFE, 0x80, .. new byte[13], 1];
        var reader = new RtnetlinkReader(Message(20, [10, 64, 0x80, 253, .. Int(5), .. Attribute(1, octets)]));
        Assert.True(reader.TryRead(out RtnetlinkMessage message));
        Assert.Equal(UnderlayAddress.FromIPv6(octets, 5), message.Address);
    }

    [Fact]
    public void A_bridge_message_is_no_link_message()
    {
        var reader = new RtnetlinkReader(Message(17, [7, 0, 1, 0, .. Int(7), .. Int(0), .. Int(0)]));
        Assert.True(reader.TryRead(out RtnetlinkMessage message));
        Assert.Equal(RtnetlinkKind.Other, message.Kind);
    }

    [Fact]
    public void Any_octets_are_read_to_an_end()
    {
        byte[] valid =
        [
            .. Message(16, [0, 0, 1, 0, .. Int(7), .. Int(0x1043), .. Int(-1), .. Attribute(3, "eth0\0"u8), .. Attribute(4, Int(1400))]),
            .. Message(20, [10, 64, 0x80, 0, .. Int(5), .. Attribute(1, new byte[16]), .. Attribute(2, new byte[16])]),
            .. Message(24, [2, 24, 0, 0, 254, 3, 0, 1, .. Int(0), .. Attribute(4, Int(3)), .. Attribute(8, Attribute(2, Int(1280)))]),
        ];
        var random = new Random(20260101);
        var view = new UnderlayView([UnderlayAddress.Parse("192.0.2.1")]);
        for (int round = 0; round < 200_000; round++)
        {
            byte[] input = valid.AsSpan(0, random.Next(valid.Length + 1)).ToArray();
            for (int flips = random.Next(6); flips > 0 && input.Length > 0; flips--)
                input[random.Next(input.Length)] = random.Next(3) switch { 0 => (byte)random.Next(256), 1 => 0, _ => 0xFF };
            var reader = new RtnetlinkReader(input);
            int count = 0;
            while (reader.TryRead(out RtnetlinkMessage message))
            {
                view.Apply(in message);
                count++;
            }

            Assert.True(count <= input.Length / 16);
        }

        _ = view.Evaluate(_ => 0);
    }

    [Fact]
    public void A_tentative_or_duplicate_address_is_absent()
    {
        UnderlayAddress address = UnderlayAddress.Parse("2001:db8::1");
        var view = new UnderlayView([address]);
        view.Apply(new RtnetlinkMessage { Kind = RtnetlinkKind.LinkNew, Index = 3, Flags = 0x41, Mtu = 1500, Name = "eth0" });
        view.Apply(new RtnetlinkMessage { Kind = RtnetlinkKind.AddressNew, Index = 3, Address = address, Flags = 0x40 });
        Assert.False(view.Evaluate(_ => 0).Addresses[0].Present);
        view.Apply(new RtnetlinkMessage { Kind = RtnetlinkKind.AddressNew, Index = 3, Address = address, Flags = 0x80 });
        Assert.Equal(new LocalAddressState(address, true, true, "eth0", 1500), view.Evaluate(_ => 0).Addresses[0]);
        view.Apply(new RtnetlinkMessage { Kind = RtnetlinkKind.LinkGone, Index = 3 });
        Assert.False(view.Evaluate(_ => 0).Addresses[0].Present);
    }

    private static byte[] Int(int value) => BitConverter.GetBytes(value);

    private static byte[] Attribute(ushort type, ReadOnlySpan<byte> value)
    {
        byte[] attribute = new byte[(4 + value.Length + 3) & ~3];
        MemoryMarshal.Write(attribute, (ushort)(4 + value.Length));
        MemoryMarshal.Write(attribute.AsSpan(2), type);
        value.CopyTo(attribute.AsSpan(4));
        return attribute;
    }

    private static byte[] Message(ushort type, ReadOnlySpan<byte> body) =>
        [.. Int(16 + body.Length), .. BitConverter.GetBytes(type), 0, 0, .. Int(0), .. Int(0), .. body, .. new byte[(4 - (body.Length & 3)) & 3]];
}
