using System.Net;
using System.Net.Sockets;
using Overlay.Encap;
using Overlay.TestKit.InMemory;
using Overlay.TestKit.Net;
using Xunit;
using Wire = Overlay.TestKit.Net.Wire;

namespace Overlay.Interop.Merging;

/// <summary>
/// Segments that overlayd joined, cut again by the Linux kernel: the TAP is in a bridge, and behind it is a device without offloads.
/// <code>
/// [b] UDP_SEGMENT trains ── veth ── [a: overlayd] t0 ─ br0 ─ v0 ── veth, no offloads ── v1 [w: capture]
/// </code>
/// </summary>
public sealed class KernelCutsTests
{
    private const int SolUdp = 17;
    private const int UdpSegment = 103;
    private static readonly MacAddress Inside = MacAddress.Parse("02:00:00:00:00:0a");
    private static readonly MacAddress Outside = MacAddress.Parse("02:00:00:00:00:0c");

    [Fact]
    public void What_leaves_the_kernel_behind_the_TAP_is_what_came_through_the_tunnel_octet_by_octet()
    {
        using var lab = new NetLab();
        var site = new Site(lab, "a", quietTenant: true);
        var sending = lab.AddHost("b");
        var behind = lab.AddHost("w");
        NetLab.SilenceNewDevices(behind);
        NetLab.Join(site.Host, "u0", sending, "u0", offloads: true);
        NetLab.Address(site.Host, "u0", "192.0.2.1/24");
        NetLab.Address(sending, "u0", "192.0.2.2/24");
        site.Start(site.Yaml("192.0.2.1", 100, "- { name: b, addresses: [192.0.2.2], encap: vxlan, vnis: [100] }"));
        NetLab.Join(site.Tenant, "v0", behind, "v1");
        NetLab.Ip(site.Tenant, "link", "add", "br0", "type", "bridge");
        NetLab.Ip(site.Tenant, "link", "set", "br0", "up");
        NetLab.Ip(site.Tenant, "link", "set", "t0", "master", "br0");
        NetLab.Ip(site.Tenant, "link", "set", "v0", "master", "br0");
        using var tap = new PacketSocket(site.Tenant, "t0", filter: IsOurs);
        using var wire = new PacketSocket(behind, "v1", filter: IsOurs);

        // A frame to one port is joined, a flooded one is not: the station behind the bridge has to be known.
        var hello = Wire.Ethernet("ff:ff:ff:ff:ff:ff", Inside.ToString(), 0x88b5, new byte[46]);
        Wait.Until(
            () =>
            {
                wire.Send(hello);
                return site.Daemon.Api.Get("/v1/fdb?vni=100")["entries"]!.AsArray().Any(e => (string)e!["mac"]! == Inside.ToString());
            },
            TimeSpan.FromSeconds(10),
            "the station is learned");

        using var socket = NetNs.Run(sending, () =>
        {
            var s = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            s.Bind(new IPEndPoint(IPAddress.Parse("192.0.2.2"), 0));
            return s;
        });
        foreach (var (name, train) in Trains())
        {
            tap.Clear();
            wire.Clear();
            Send(socket, train);
            Wait.Until(() => wire.Count >= train.Count, TimeSpan.FromSeconds(5), $"{name}: {train.Count} frames behind the bridge", () => $"{wire.Count}");
            Assert.Equal(train.Select(Convert.ToHexString), wire.Frames.Select(f => Convert.ToHexString(f.Data)));
            Assert.True(tap.Count < train.Count, $"{name}: nothing was joined on the TAP");
        }

        var drops = site.Daemon.SettledDrops();
        Assert.Equal((0L, 0L), (drops.Unaccounted("rx"), drops.Unaccounted("tx")));
    }

    private static bool IsOurs(byte[] frame) => frame.AsSpan(6).StartsWith(Wire.Mac(Outside.ToString()));

    private static IEnumerable<(string Name, List<byte[]> Train)> Trains()
    {
        var random = new Random(1);
        foreach (var (tcp, ipv6) in new[] { (true, false), (true, true), (false, false), (false, true) })
        {
            foreach (var (size, count) in new[] { (1300, 40), (100, 64), (9, 20), (1, 30) })
            {
                var train = new SegmentTrain(Inside, Outside, tcp, ipv6) { Sequence = uint.MaxValue - 700, DontFragment = size != 100, Tos = (byte)(size == 9 ? 2 : 0) };
                List<byte[]> frames = [.. Enumerable.Range(0, count - 1).Select(_ => train.Next(size, content: random))];
                frames.Add(train.Next(Math.Max(1, size / 2), 0x19, random));
                yield return ($"{(tcp ? "TCP" : "UDP")} over {(ipv6 ? "IPv6" : "IPv4")}, {count} × {size}", frames);
            }
        }

        // A wrong checksum in the middle, an echo of congestion, a mark that comes late.
        var mixed = new SegmentTrain(Inside, Outside) { Tos = 2 };
        List<byte[]> middle = [.. Enumerable.Range(0, 30).Select(i => mixed.Next(1000, (byte)(i is > 20 and < 25 ? 0x50 : 0x10), random))];
        middle[10][^1] ^= 0x10;
        mixed.Tos = 3;
        middle.Add(mixed.Next(1000));
        middle.Add(mixed.Next(1000));
        yield return ("mixed", middle);
    }

    // Frames of equal size leave as one UDP_SEGMENT message, as a peer with segmentation offload sends them.
    private static void Send(Socket socket, List<byte[]> frames)
    {
        var target = new IPEndPoint(IPAddress.Parse("192.0.2.1"), 4789);
        byte[] header = [8, 0, 0, 0, 0, 0, 100, 0];
        for (var i = 0; i < frames.Count;)
        {
            var size = frames[i].Length + header.Length;
            List<byte> message = [];
            for (var n = 0; i < frames.Count && n < 60 && message.Count + size < 60_000 && frames[i].Length + header.Length <= size; n++)
            {
                message.AddRange([.. header, .. frames[i]]);
                if (frames[i++].Length + header.Length < size) break;
            }

            socket.SetRawSocketOption(SolUdp, UdpSegment, BitConverter.GetBytes(size));
            Assert.Equal(message.Count, socket.SendTo([.. message], target));
        }
    }
}
