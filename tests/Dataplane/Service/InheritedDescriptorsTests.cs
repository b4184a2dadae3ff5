using Overlay.Dataplane.HandOver;
using Overlay.Dataplane.Interop;
using Overlay.Encap;
using Xunit;

namespace Overlay.Dataplane.Tests.Service;

public sealed class InheritedDescriptorsTests
{
    [Fact]
    public void Names_have_no_octet_that_the_store_does_not_take()
    {
        string[] names =
        [
            DescriptorNames.Tap("tap-web", null, 0), DescriptorNames.Tap("a.b", "/var/run/netns/ü:x", DescriptorNames.Lane), DescriptorNames.State,
            DescriptorNames.Udp(EncapKind.Geneve, UnderlayAddress.Parse("2001:db8::1"), 6081, 3), DescriptorNames.Udp(EncapKind.Vxlan, UnderlayAddress.Parse("192.0.2.1"), 4789, DescriptorNames.Lane),
        ];
        Assert.All(names, static name => Assert.Matches("^overlay\\.[A-Za-z0-9._%-]+$", name));
        Assert.Equal(names.Length, names.Distinct(StringComparer.Ordinal).Count());
        Assert.NotEqual(DescriptorNames.Tap("a", "b", 0), DescriptorNames.Tap("a.b", null, 0));
        Assert.All(["b", "/run/netns/b", "/var/run/netns/b"], static netns => Assert.Equal("overlay.tap.a.b.0", DescriptorNames.Tap("a", netns, 0)));
        Assert.NotEqual(DescriptorNames.Tap("a", "/run/netns/b/c", 0), DescriptorNames.Tap("a", "b/c", 0));
    }

    [Fact]
    public void A_socket_that_is_bound_to_something_else_is_not_adopted()
    {
        UnderlayAddress loopback = UnderlayAddress.Parse("127.0.0.1");
        Assert.Equal(0, UdpSocket.TryOpen(AddressFamilyKind.IPv4, out UdpSocket? opened));
        using UdpSocket socket = opened!;
        Assert.Equal(0, socket.Bind(in loopback, 0));
        ushort port = socket.LocalPort();
        Assert.Null(Fault("127.0.0.1", port, isShared: false, device: null));
        Assert.Contains("something else", Fault("127.0.0.2", port, isShared: false, device: null), StringComparison.Ordinal);
        Assert.Contains("something else", Fault("127.0.0.1", (ushort)(port ^ 1), isShared: false, device: null), StringComparison.Ordinal);
        Assert.Contains("share", Fault("127.0.0.1", port, isShared: true, device: null), StringComparison.Ordinal);
        Assert.Contains("another device", Fault("127.0.0.1", port, isShared: false, device: "lo"), StringComparison.Ordinal);
        Assert.Contains("no UDP socket of IPv6", Fault("::1", port, isShared: false, device: null), StringComparison.Ordinal);

        string? Fault(string address, ushort wanted, bool isShared, string? device)
        {
            int copy = Libc.Result(Libc.FControl(socket.Descriptor, 1030, 100));
            using var handed = new FileDescriptor(copy);
            UnderlayAddress expected = UnderlayAddress.Parse(address);
            _ = UdpSocket.Adopt(handed, in expected, wanted, isShared, device, out string? fault);
            return fault;
        }
    }

    [Fact]
    public void What_is_no_queue_of_a_tap_is_told()
    {
        Assert.Equal(0, UdpSocket.TryOpen(AddressFamilyKind.IPv4, out UdpSocket? socket));
        Assert.Null(TapDevice.Describe(socket!.Descriptor));
        socket.Dispose();
    }
}
