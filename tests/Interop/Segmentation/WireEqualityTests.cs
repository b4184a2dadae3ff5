using System.Net;
using System.Net.Sockets;
using Overlay.Encap;
using Overlay.Encap.Ip;
using Overlay.TestKit.InMemory;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Segmentation;

/// <summary>
/// What is on the wire is what a sender without offloads would have sent, octet by octet: the same super-frames go through the daemon, whose underlay is a device
/// without offloads, and out of a device without offloads where the kernel cuts them.
/// <code>
/// src (TAP, super-frames) ── br0 ──┬── cut ══ seen       the kernel's segments
///                                  └── t0 (overlayd) ── u0 ══ u1   ours, in tunnel datagrams
/// </code>
/// </summary>
public sealed class WireEqualityTests
{
    private const int UdpHeaderLength = 8;
    private const int TunnelLength = 8;
    private static readonly MacAddress To = MacAddress.Parse("02:00:00:00:00:0c");
    private static readonly MacAddress From = MacAddress.Read(SegmentingLab.Source);

    [Theory]
    [InlineData("vxlan", "192.0.2.1/24", "192.0.2.2/24")]
    [InlineData("geneve", "2001:db8::1/64", "2001:db8::2/64")]
    public void Inner_frames_on_the_wire_are_the_kernels_segments(string encap, string near, string far)
    {
        using var lab = new NetLab();
        using var tenant = new SegmentingLab(lab);
        var host = lab.AddHost("h");
        var other = lab.AddHost("o");
        NetLab.Join(host, "u0", other, "u1", mtu: 2000);
        Cmd.Run(host, "ethtool", "-K", "u0", "tx-udp-segmentation", "off");
        NetLab.Address(host, "u0", near);
        NetLab.Address(other, "u1", far);
        NetLab.SilenceNewDevices(host);
        var (local, remote) = (near.Split('/')[0], far.Split('/')[0]);
        NetLab.WaitForPing(host, remote);
        using var sink = NetNs.Run(other, () => Listen(remote, encap == "vxlan" ? 4789 : 6081));
        var ip = local.Contains(':', StringComparison.Ordinal) ? 40 : 20;
        var inner = 14 + ip + UdpHeaderLength + TunnelLength;
        using var wire = new PacketSocket(other, "u1", filter: frame => frame.Length > inner + 14 && frame.AsSpan(inner + 6, 6).SequenceEqual(SegmentingLab.Source));
        OverlaydProcess.Start(lab, host, $$"""
            node: { name: h, local: ["{{local}}"] }
            ports: { t0: { tap: t0, netns: {{tenant.Namespace}}, bridge: br0, mtu: 1500 } }
            vnis: [ { id: 100, ports: [t0], transparent: true } ]
            peers: [ { name: o, addresses: ["{{remote}}"], encap: {{encap}}, vnis: [100] } ]
            macs: [ { vni: 100, mac: "{{To}}", peer: o } ]
            """);

        foreach (var (name, spec) in SuperFrameCases.All)
        {
            var (frame, vnet) = SuperFrames.Build(To, From, spec);
            var count = SuperFrames.Cut(To, From, spec).Length;
            tenant.Seen.Clear();
            wire.Clear();
            tenant.Put(frame, vnet);
            Wait.TryUntil(() => tenant.Seen.Count >= count && wire.Count >= count, TimeSpan.FromSeconds(5));
            var kernels = tenant.Seen.Frames.Select(captured => captured.Data).ToArray();
            var datagrams = wire.Frames.Select(captured => captured.Data).ToArray();
            Assert.True(kernels.Length == count && datagrams.Length == count, $"{name}: {count} segments, the kernel made {kernels.Length}, {datagrams.Length} on the wire");
            for (var i = 0; i < count; i++)
            {
                Assert.True(kernels[i].AsSpan().SequenceEqual(datagrams[i].AsSpan(inner)), $"{name}, segment {i}");
                Assert.True(HasRightChecksum(datagrams[i].AsSpan(14), ip), $"{name}, segment {i}: outer checksum");
            }
        }
    }

    private static bool HasRightChecksum(ReadOnlySpan<byte> packet, int ip)
    {
        var (source, size) = ip == 20 ? (12, 4) : (8, 16);
        var udp = packet[ip..];
        return InternetChecksum.IsValid(udp, InternetChecksum.PseudoHeaderSum(packet.Slice(source, size), packet.Slice(source + size, size), IpProtocol.Udp, udp.Length));
    }

    private static Socket Listen(string address, int port)
    {
        var ip = IPAddress.Parse(address);
        var socket = new Socket(ip.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(ip, port));
        return socket;
    }
}
