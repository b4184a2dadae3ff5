using System.Net;
using System.Net.Sockets;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Verdicts;

/// <summary>
/// One running overlayd between an injector (an admitted peer, frames exactly as given) and silent TAPs. Addresses are those of the malformed
/// corpus. Every frame that goes in is noted, so that at the end the daemon's books can be compared with ours.
/// </summary>
public sealed class VerdictLab : IDisposable
{
    public const string Local4 = "192.0.2.20";
    public const string Local6 = "2001:db8::20";
    public const string WebMac = "02:00:00:00:01:01";
    public const string PairMac = "02:00:00:00:05:01";
    public const string RemoteMac = "02:bb:00:00:00:99";
    public const int PortMtu = 1400;

    private readonly NetLab _lab = new();
    private readonly string _host;
    private readonly string _tenant;
    private readonly byte[] _hostMac;
    private readonly byte[] _injectorMac;
    private readonly Dictionary<string, PacketSocket> _taps = new(StringComparer.Ordinal);
    private long _keptUp;

    public VerdictLab()
        : this(strict: false)
    {
    }

    private VerdictLab(bool strict)
    {
        try
        {
            var injector = _lab.AddHost("inj");
            _host = _lab.AddHost("host");
            _tenant = _lab.AddHost("ten");
            NetLab.Join(injector, "u0", _host, "u0", mtu: 9200);
            NetLab.Address(injector, "u0", "192.0.2.10/24", "192.0.2.11/24", "2001:db8::10/64", "2001:db8::11/64");
            NetLab.Address(_host, "u0", $"{Local4}/24", $"{Local6}/64");
            NetLab.SilenceNewDevices(_host);
            NetLab.SilenceNewDevices(_tenant);
            _hostMac = Wire.Mac(NetLab.MacOf(_host, "u0"));
            _injectorMac = Wire.Mac(NetLab.MacOf(injector, "u0"));
            Daemon = OverlaydProcess.Start(_lab, _host, Configuration(_tenant, strict));
            Injector = new PacketSocket(injector, "u0", filter: IsTunnel);
            foreach (var tap in new[] { "tap-web", "tap-e0", "tap-ef", "tap-clear", "tap-lldp", "tap-trunk", "tap-p1", "tap-p2" }) _taps[tap] = new PacketSocket(_tenant, tap);
            // Neighbours of the underlay are resolved before frames are counted: the kernel queues only a few datagrams for an unresolved one.
            foreach (var peer in new[] { "192.0.2.10", "192.0.2.11", "2001:db8::10", "2001:db8::11" }) NetLab.WaitForPing(_host, peer);
            Start = Daemon.SettledDrops();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The daemon.</summary>
    public OverlaydProcess Daemon { get; } = null!;

    /// <summary>The injector's underlay device.</summary>
    public PacketSocket Injector { get; } = null!;

    /// <summary>The counters before the first case.</summary>
    public DropTable Start { get; } = null!;

    /// <summary>Cases run so far that must have ended as a drop of exactly one reason, by <c>reason/dir</c>.</summary>
    public Dictionary<string, long> Expected { get; } = new(StringComparer.Ordinal);

    /// <summary>The host's namespace.</summary>
    public string HostNs => _host;

    /// <summary>The TAPs' namespace.</summary>
    public string TenantNs => _tenant;

    public static VerdictLab Strict() => new(strict: true);

    /// <summary>The TAP's far side.</summary>
    public PacketSocket Tap(string name) => _taps[name];

    /// <summary>The admitted peer that speaks this encapsulation over this family.</summary>
    public static string Peer(string encap, string family) => (encap, family) switch
    {
        ("vxlan", "v4") => "192.0.2.10",
        ("geneve", "v4") => "192.0.2.11",
        ("vxlan", _) => "2001:db8::10",
        _ => "2001:db8::11",
    };

    public static string Local(string family) => family == "v4" ? Local4 : Local6;

    public static int TunnelPort(string encap) => encap == "vxlan" ? 4789 : 6081;

    /// <summary>An IP packet as a frame from the injector to the host.</summary>
    public byte[] Outer(byte[] ipPacket) => [.. _hostMac, .. _injectorMac, .. (ipPacket[0] >> 4) == 6 ? (byte[])[0x86, 0xdd] : [0x08, 0x00], .. ipPacket];

    /// <summary>Sends a datagram from a socket of the host itself: the only way the kernel lets our own address arrive as a source.</summary>
    public void SendFromHost(string source, string destination, int port, byte[] payload) => NetNs.Run(_host, () =>
    {
        using var socket = new Socket(IPAddress.Parse(source).AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(source), 0));
        socket.SendTo(payload, new IPEndPoint(IPAddress.Parse(destination), port));
    });

    /// <summary>Forgets what the sniffers have seen.</summary>
    public void ClearSniffers()
    {
        Injector.Clear();
        foreach (var tap in _taps.Values) tap.Clear();
    }

    /// <summary>Lets the daemon catch up after every 100 frames from TAPs: a TAP's queue is finite, and what the kernel drops there nobody else sees.</summary>
    public void KeepUp(int sent)
    {
        if (sent == 0) _keptUp = Daemon.Drops().Total("tx", "received") - 1;
        else if (sent % 100 == 0) Wait.Until(() => Daemon.Drops().Total("tx", "received") - _keptUp >= sent, TimeSpan.FromSeconds(5), "the daemon reads what was sent");
    }

    /// <summary>All TAPs on which a frame was seen.</summary>
    public IReadOnlyList<string> TapsWithFrames => [.. _taps.Where(t => t.Value.Count > 0).Select(t => t.Key)];

    /// <summary>
    /// Does <paramref name="send"/> and returns what the counters did once <paramref name="frames"/> frames more were received in the direction.
    /// </summary>
    public DropTable Observe(string dir, int frames, Action send, TimeSpan? limit = null)
    {
        ClearSniffers();
        var before = Daemon.Drops();
        send();
        DropTable change = before;
        var came = Wait.TryUntil(
            () =>
            {
                change = Daemon.Drops().Since(before);
                return change.Total(dir, "received") >= frames && change.Unaccounted(dir) == 0;
            }, limit ?? TimeSpan.FromSeconds(3));
        Assert.True(came || frames == 0, $"the daemon did not account for {frames} frame(s): {change}\n{Daemon.Log}");
        return change;
    }

    public void Dispose()
    {
        Injector?.Dispose();
        foreach (var tap in _taps.Values) tap.Dispose();
        _lab.Dispose();
    }

    private static bool IsTunnel(byte[] frame)
    {
        var at = frame.Length > 14 && frame[12] == 0x86 ? 54 : 34;
        return frame.Length >= at + 8 && (frame[at - (at == 54 ? 34 : 11)] == 17) && ((frame[at + 2] << 8) | frame[at + 3]) is 4789 or 6081;
    }

    private static string Configuration(string tenant, bool strict) => $$"""
        node: { name: vtep-t, local: [{{Local4}}, "{{Local6}}"] }
        listen: { vxlan: 4789, geneve: 6081, strict: {{(strict ? "true" : "false")}} }
        ports:
          web:   { tap: tap-web, netns: {{tenant}}, mac: "{{WebMac}}", mtu: {{PortMtu}} }
          e0:    { tap: tap-e0, netns: {{tenant}}, mtu: {{PortMtu}} }
          ef:    { tap: tap-ef, netns: {{tenant}}, mtu: {{PortMtu}} }
          clear: { tap: tap-clear, netns: {{tenant}}, mtu: {{PortMtu}}, mode: transparent }
          lldp:  { tap: tap-lldp, netns: {{tenant}}, mtu: {{PortMtu}}, mode: transparent }
          trunk: { tap: tap-trunk, netns: {{tenant}}, mtu: {{PortMtu}}, mode: trunk, native: 400, vlans: { 20: 420, 30: 430 } }
          p1:    { tap: tap-p1, netns: {{tenant}}, mtu: {{PortMtu}}, mac: "{{PairMac}}" }
          p2:    { tap: tap-p2, netns: {{tenant}}, mtu: {{PortMtu}} }
        vnis:
          - { id: 0, ports: [e0], learning: { move_limit: 0 } }
          - { id: 100, ports: [web], learning: { move_limit: 0 } }
          - { id: 300, ports: [clear], learning: { move_limit: 0 } }
          - { id: 301, ports: [lldp], learning: { move_limit: 0 }, transparent: true }
          - { id: 400, learning: { move_limit: 0 } }
          - { id: 420, learning: { move_limit: 0 } }
          - { id: 430, learning: { move_limit: 0 } }
          - { id: 500, ports: [p1, p2], learning: { move_limit: 0 } }
          - { id: 16777215, ports: [ef], learning: { move_limit: 0 } }
        peers:
          - { name: vx4, addresses: [192.0.2.10], encap: vxlan, vnis: [0, 100, 300, 301, 400, 420, 430, 16777215] }
          - { name: gn4, addresses: [192.0.2.11], encap: geneve, vnis: [0, 100, 300, 301, 400, 420, 430, 16777215] }
          - { name: vx6, addresses: ["2001:db8::10"], encap: vxlan, vnis: [0, 100, 300, 301, 400, 420, 430, 16777215] }
          - { name: gn6, addresses: ["2001:db8::11"], encap: geneve, vnis: [0, 100, 300, 301, 400, 420, 430, 16777215] }
        macs:
          - { vni: 100, mac: "02:bb:00:00:00:01", peer: vx4 }
          - { vni: 100, mac: "02:bb:00:00:00:02", peer: gn4 }
          - { vni: 100, mac: "02:bb:00:00:00:03", peer: vx6 }
          - { vni: 100, mac: "02:bb:00:00:00:04", peer: gn6 }
          - { vni: 100, mac: "{{RemoteMac}}", peer: vx4 }
          - { vni: 300, mac: "02:bb:00:00:00:05", peer: vx4 }
        """;
}
