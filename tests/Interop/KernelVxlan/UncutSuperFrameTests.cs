using System.Globalization;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.KernelVxlan;

/// <summary>A tenant's UDP super-frame (UDP_SEGMENT) that neither the kernel's vxlan device nor the veth behind it has cut.</summary>
public sealed class UncutSuperFrameTests
{
    private const int Segments = 20;
    private const int SegmentSize = 1000;
    private static readonly byte[] Forged = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 2, 0, 0, 0, 6, 0x66];

    // At each multiple of the segment size: what would be a VXLAN header of VNI 200 and a broadcast frame, were the tenant's data taken for datagrams.
    private const string Sender = """
        import socket, sys
        name, segments, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
        family = socket.AF_INET6 if ':' in name else socket.AF_INET
        s = socket.socket(family, socket.SOCK_DGRAM)
        s.setsockopt(17, 103, size)
        shift = 8 + 14 + (40 if family == socket.AF_INET6 else 20) + 8
        forged = bytes.fromhex('0800000000' + '00c800' + 'ffffffffffff' + '020000000666' + '0800') + b'forged'
        data = bytearray(b'.' * (segments * size - 100))
        for at in range(size - shift, len(data) - len(forged), size):
            data[at:at + len(forged)] = forged
        s.sendto(bytes(data), (name, 9999))
        """;

    private const string Receiver = """
        import socket, sys
        family = socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET
        s = socket.socket(family, socket.SOCK_DGRAM)
        s.bind((sys.argv[1], 9999))
        s.settimeout(20)
        print('ready', flush=True)
        print(' '.join(str(len(s.recv(70000))) for _ in range(int(sys.argv[2]))), flush=True)
        """;

    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("fd00::1")]
    public void It_arrives_as_the_datagrams_it_stands_for_and_nothing_of_it_is_taken_for_a_tunnel_header(string address)
    {
        using var lab = new NetLab();
        var site = new Site(lab, "a");
        var right = lab.AddHost("k");
        NetLab.Join(site.Host, "u0", right, "u0", offloads: true);
        NetLab.Address(site.Host, "u0", "192.0.2.1/24");
        NetLab.Address(right, "u0", "192.0.2.2/24");
        var peer = KernelVxlanPeer.Create(right, "u0", 100, "192.0.2.2", "192.0.2.1", offloads: true);
        site.Start($$"""
            node: { name: a, local: [192.0.2.1] }
            ports:
              t0: { tap: t0, netns: {{site.Tenant}} }
              t1: { tap: t1, netns: {{site.Tenant}} }
            vnis:
              - { id: 100, ports: [t0] }
              - { id: 200, ports: [t1] }
            peers:
              - { name: k, addresses: [192.0.2.2], encap: vxlan, vnis: [100, 200] }
            """);
        var (own, other) = address.Contains(':', StringComparison.Ordinal) ? ("fd00::1/64", "fd00::2/64") : ("10.0.0.1/24", "10.0.0.2/24");
        NetLab.Address(site.Tenant, "t0", own);
        NetLab.Address(right, "vx0", other);
        NetLab.Ip(right, "neigh", "replace", address, "lladdr", NetLab.MacOf(site.Tenant, "t0"), "dev", "vx0");
        Wait.Until(() => Cmd.Run(right, "ping", "-c", "1", "-W", "1", address).Ok, TimeSpan.FromSeconds(10), "the tenant answers");
        using var otherVni = new PacketSocket(site.Tenant, "t1");
        using var receiver = Cmd.Start(site.Tenant, null, "python3", "-c", Receiver, address, Segments.ToString(CultureInfo.InvariantCulture));
        Wait.Until(() => receiver.HasExited || receiver.StdOut.Contains("ready", StringComparison.Ordinal), TimeSpan.FromSeconds(10), "the receiver is ready");

        var before = site.Daemon.SettledDrops();
        var sent = Cmd.Run(peer.Netns, "python3", "-c", Sender, address, Segments.ToString(CultureInfo.InvariantCulture), SegmentSize.ToString(CultureInfo.InvariantCulture));
        Assert.True(sent.Ok, sent.ToString());

        var received = receiver.WaitForExit(TimeSpan.FromSeconds(30));
        var drops = site.Daemon.SettledDrops();
        Assert.True(received.Ok, $"{received}; {drops}");
        Assert.Equal(string.Join(' ', Enumerable.Repeat(SegmentSize, Segments - 1).Append(SegmentSize - 100)), received.StdOut.Split('\n')[1]);
        Assert.DoesNotContain(otherVni.Frames, frame => frame.Data.AsSpan().StartsWith(Forged));
        Assert.Empty(drops.Since(before).Drops);
    }
}
