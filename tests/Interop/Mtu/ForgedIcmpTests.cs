using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json.Nodes;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Mtu;

/// <summary>What somebody on the way can do with ICMP messages of their own making, who even knows every source port: nothing that the kernel's hosts would notice as a black hole.</summary>
public sealed class ForgedIcmpTests
{
    private const int Floor = 1350;

    [Theory]
    [InlineData(false, 68, "mtu lock 552")]
    [InlineData(true, 1280, "mtu 1280")]
    public void A_forged_message_neither_makes_a_black_hole_of_a_path_nor_a_wider_one(bool outerIPv6, int said, string kernel)
    {
        using var lab = new NetLab();
        var site = MtuLab.Build(lab, "vxlan", outerIPv6, "mtu: 1430", second: 1500);
        var a = site.A;
        a.WaitForPing("fd00::2");
        using var router = new PacketSocket(site.Router, "ra", receive: false);
        var (mac, from) = (NetLab.MacOf(a.Host, "u0"), NetLab.MacOf(site.Router, "ra"));
        var ports = SourcePorts(a.Host);
        Assert.Equal(64, ports.Length);
        Forge(site.Theirs, said);
        Wait.Until(() => (int?)Peer()["refused_mtu"] == said, TimeSpan.FromSeconds(5), "the message came, and is not believed", () => Peer().ToJsonString());
        Assert.Equal(Floor, (int?)Peer()["told_mtu"]);

        // The kernel did believe it: that is what every other socket of the host goes by now.
        Assert.Contains(kernel, NetLab.Ip(a.Host, "route", "get", site.Theirs).StdOut, StringComparison.Ordinal);

        // The least that IPv6 has to be able to rely on still passes, and TCP goes on.
        var ping = Cmd.Run(a.Tenant, "ping", "-c", "3", "-i", "0.2", "-W", "2", "-M", "do", "-s", "1232", "fd00::2");
        Assert.True(ping.Ok, ping.StdOut);
        TcpTransfer.Run(a.Tenant, site.B.Tenant, "fd00::2", 1 << 20);
        TcpTransfer.Run(a.Tenant, site.B.Tenant, "10.0.0.2", 1 << 20);

        // Neither a wider path nor any number of paths to nobody changes what is known.
        Forge(site.Theirs, 9000);
        for (var i = 0; i < 5000; i++) Send(ports[0], outerIPv6 ? string.Create(CultureInfo.InvariantCulture, $"2001:db8:9::{i:x}") : $"203.0.{i / 250}.{(i % 250) + 1}", 1400);
        Assert.Equal(Floor, (int?)Peer()["told_mtu"]);
        Assert.Single(a.Daemon.Api.Get("/v1/mtu")["peers"]!.AsArray());
        Assert.Contains("is under listen.path_mtu_min and not believed", a.Daemon.Ctl("doctor", "mtu").StdOut, StringComparison.Ordinal);

        JsonNode Peer() => a.Daemon.Api.Get("/v1/mtu")["peers"]!.AsArray().Single()!;

        void Forge(string destination, int mtu)
        {
            foreach (var port in ports) Send(port, destination, mtu);
        }

        void Send(int port, string destination, int mtu) =>
            router.Send(Wire.Ethernet(mac, from, outerIPv6 ? 0x86dd : 0x0800, outerIPv6 ? TooBigV6(site.Ours, destination, port, mtu) : TooBigV4(site.Ours, destination, port, mtu)));
    }

    private static int[] SourcePorts(string host) =>
    [
        .. Cmd.Run(host, "ss", "-uanH").OrThrow().StdOut.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3])
            .Select(static local => int.Parse(local.AsSpan(local.LastIndexOf(':') + 1), CultureInfo.InvariantCulture))
            .Where(static port => port >= 49152),
    ];

    private static byte[] Quoted(int port) => [(byte)(port >> 8), (byte)port, 4789 >> 8, 4789 & 0xff, 5, 0, 0, 0, 8, 0, 0, 0, 0, 0, 100, 0];

    private static byte[] TooBigV4(string host, string destination, int port, int mtu)
    {
        byte[] icmp = [3, 4, 0, 0, 0, 0, (byte)(mtu >> 8), (byte)mtu, .. Wire.IPv4(host, destination, 17, Quoted(port))];
        BinaryPrimitives.WriteUInt16BigEndian(icmp.AsSpan(2), Wire.Fold(Wire.Sum(icmp)));
        return Wire.IPv4("203.0.113.9", host, 1, icmp);
    }

    private static byte[] TooBigV6(string host, string destination, int port, int mtu)
    {
        byte[] icmp = [2, 0, 0, 0, 0, 0, (byte)(mtu >> 8), (byte)mtu, .. Wire.IPv6(host, destination, 17, Quoted(port))];
        var packet = Wire.IPv6("2001:db8:ffff::9", host, 58, icmp);
        var sum = Wire.Sum(packet.AsSpan(8, 32)) + 58 + (uint)icmp.Length + Wire.Sum(icmp);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(42), Wire.Fold(sum));
        return packet;
    }
}
