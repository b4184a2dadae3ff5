using System.Globalization;
using System.Net.Http;
using System.Text.Json.Nodes;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Learning;

/// <summary>A daemon with two ports in VNI 100 and one in VNI 101, and two peers whose datagrams are made by hand: what it learns is asked of its API, what it forwards is seen on devices.</summary>
public sealed class LearningLab : IDisposable
{
    public const string Local = "192.0.2.1";
    public const string Static = "02:ee:00:00:00:01";
    public const string Sticky = "02:ee:00:00:00:02";
    public const string Unknown = "02:ee:00:00:00:ff";
    private readonly NetLab _lab = new();
    private readonly byte[] _outer;
    private readonly Dictionary<string, PacketSocket> _ports = new(StringComparer.Ordinal);

    public LearningLab(string learning, string learning101 = "{ remote: false }", string storm = "{}")
    {
        try
        {
            var injector = _lab.AddHost("inj");
            var host = _lab.AddHost("host");
            var tenant = _lab.AddHost("ten");
            NetLab.Join(injector, "u0", host, "u0");
            NetLab.Address(injector, "u0", "192.0.2.2/24", "192.0.2.3/24");
            NetLab.Address(host, "u0", Local + "/24");
            NetLab.SilenceNewDevices(host);
            NetLab.SilenceNewDevices(tenant);
            _outer = [.. Wire.Mac(NetLab.MacOf(host, "u0")), .. Wire.Mac(NetLab.MacOf(injector, "u0")), 0x08, 0x00];
            Daemon = OverlaydProcess.Start(_lab, host, string.Create(CultureInfo.InvariantCulture, $$"""
                node: { name: vtep, local: [{{Local}}] }
                ports:
                  t0: { tap: t0, netns: {{tenant}} }
                  t1: { tap: t1, netns: {{tenant}} }
                  t2: { tap: t2, netns: {{tenant}} }
                vnis:
                  - { id: 100, ports: [t0, t1], learning: {{learning}}, storm: {{storm}} }
                  - { id: 101, ports: [t2], learning: {{learning101}} }
                peers:
                  - { name: b, addresses: [192.0.2.2], vnis: [100] }
                  - { name: c, addresses: [192.0.2.3], vnis: [100] }
                macs:
                  - { vni: 100, mac: "{{Static}}", peer: b }
                  - { vni: 100, mac: "{{Sticky}}", peer: b, sticky: true }
                """));
            Injector = new PacketSocket(injector, "u0", filter: static f => f.Length > 64 && f[23] == 17);
            foreach (var port in new[] { "t0", "t1", "t2" }) _ports[port] = new PacketSocket(tenant, port);
            NetLab.WaitForPing(host, "192.0.2.2");
            NetLab.WaitForPing(host, "192.0.2.3");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public OverlaydProcess Daemon { get; } = null!;

    /// <summary>The peers' underlay device: sees what was encapsulated.</summary>
    public PacketSocket Injector { get; } = null!;

    public static string Mac(int n) => string.Create(CultureInfo.InvariantCulture, $"02:aa:00:00:{n >> 8 & 255:x2}:{n & 255:x2}");

    /// <summary>The far side of a port.</summary>
    public PacketSocket Port(string name) => _ports[name];

    /// <summary>A frame from a port.</summary>
    public void FromPort(string port, string source, string destination = Unknown) => _ports[port].Send(Frame(source, destination));

    /// <summary>A frame out of a datagram of a peer.</summary>
    public void FromPeer(string address, string source, string destination = Unknown, int vni = 100) =>
        Injector.Send([.. _outer, .. Wire.Udp(address, Local, 50_000, 4789, Wire.Vxlan(vni, Frame(source, destination)))]);

    public static byte[] Frame(string source, string destination) => Wire.Ethernet(destination, source, 0x88b5, new byte[46]);

    /// <summary>The entries of a VNI that limits count.</summary>
    public IReadOnlyList<JsonNode> Learned(int vni = 100) =>
        [.. Daemon.Api.Get($"/v1/fdb?vni={vni}")["entries"]!.AsArray().Select(e => e!).Where(e => (string)e["origin"]! is "local" or "learned" && Flags(e) != "permanent")];

    /// <summary>Where a MAC is: a port, a peer or a dash; with its flags.</summary>
    public string Place(string mac, int vni = 100) => Daemon.Api.Get($"/v1/fdb?vni={vni}")["entries"]!.AsArray().FirstOrDefault(e => (string)e!["mac"]! == mac) is { } entry
        ? $"{(string?)entry["port"] ?? (string?)entry["peer"]}{(Flags(entry) is { Length: > 0 } flags ? " " + flags : "")}"
        : "-";

    /// <summary>Sends until a MAC is where it should be: a hint may be lost, the next frame makes another.</summary>
    public void Until(string mac, string place, Action? send = null, int vni = 100, TimeSpan? limit = null) =>
        Wait.Until(
            () =>
            {
                send?.Invoke();
                return Place(mac, vni) == place;
            }, limit ?? TimeSpan.FromSeconds(10), $"{mac} is at {place}", () => $"{Place(mac, vni)} {Daemon.Log}");

    /// <summary>Forgets; the number forgotten.</summary>
    public int Flush(string query)
    {
        var (status, body) = Daemon.Api.Send(HttpMethod.Post, "/v1/fdb/flush?" + query);
        Assert.True(status == System.Net.HttpStatusCode.OK, $"{query}: {status} {body}");
        return (int)body!["removed"]!;
    }

    public long Dropped(string reason, string dir) => Daemon.Drops().Drops.GetValueOrDefault($"{reason}/{dir}");

    public IEnumerable<string> Alarms() => Daemon.Status()["alarms"]!.AsArray().Select(a => (string)a!);

    public void Dispose()
    {
        Injector?.Dispose();
        foreach (var port in _ports.Values) port.Dispose();
        _lab.Dispose();
    }

    private static string Flags(JsonNode entry) => string.Join(',', entry["flags"]!.AsArray().Select(f => (string)f!));
}
