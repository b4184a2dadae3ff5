using System.Diagnostics;
using System.Net;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Metrics;

/// <summary>What the page says of two daemons after a storm, a flow, and nonsense.</summary>
[Trait("Category", "Peer")]
public sealed class StormPageTests
{
    private const int Broadcasts = 6000;
    private const int Known = 3000;

    [Fact]
    public void After_a_storm_every_received_frame_is_delivered_consumed_or_dropped_on_the_page_of_both_sides()
    {
        using var lab = new NetLab();
        var a = new Site(lab, "a", quietTenant: true);
        var b = new Site(lab, "b", quietTenant: true);
        NetLab.Join(a.Host, "u0", b.Host, "u0");
        NetLab.Address(a.Host, "u0", "192.0.2.1/24");
        NetLab.Address(b.Host, "u0", "192.0.2.2/24");
        b.Start(b.Yaml("192.0.2.2", 100, "- { name: a, addresses: [192.0.2.1], vnis: [100] }", port: "mac: \"02:00:00:00:00:0b\"", vniExtra: "flood: { arp_suppress: true }", more: PageClient.Yaml));
        a.Start(a.Yaml("192.0.2.1", 100, "- { name: b, addresses: [192.0.2.2], encap: geneve, vnis: [100] }", vniExtra: "flood: { arp_suppress: true }, storm: { broadcast: 50 }", more: PageClient.Yaml + "\nmacs: [ { vni: 100, mac: \"02:00:00:00:00:0b\", peer: b } ]"));
        using var tenant = new PacketSocket(a.Tenant, "t0", receive: false);
        var broadcast = Wire.Ethernet("ff:ff:ff:ff:ff:ff", "02:00:00:00:00:0a", 0x88B5, new byte[64]);
        var known = Wire.Ethernet("02:00:00:00:00:0b", "02:00:00:00:00:0a", 0x88B5, new byte[64]);
        var tagged = Wire.Ethernet("02:00:00:00:00:0b", "02:00:00:00:00:0a", 0x8100, new byte[64]);
        var linkLocal = Wire.Ethernet("01:80:c2:00:00:00", "02:00:00:00:00:0a", 0x88B5, new byte[64]);
        var began = Stopwatch.GetTimestamp();
        for (var i = 0; i < Broadcasts; i++)
        {
            // No faster than 10,000 a second: what the kernel drops before us is not the subject.
            while (Stopwatch.GetElapsedTime(began).TotalMilliseconds < i / 8.0) Thread.SpinWait(50);
            tenant.Offer(broadcast);
            if (i % 2 == 0) tenant.Offer(known);
            if (i % 100 == 0) tenant.Offer(tagged);
            if (i % 100 == 50) tenant.Offer(linkLocal);
        }

        a.Daemon.SettledDrops();
        b.Daemon.SettledDrops();
        using var clientA = new PageClient(a.Host);
        using var clientB = new PageClient(b.Host);
        var (pageA, pageB) = (clientA.Read(), clientB.Read());
        foreach (var page in new[] { pageA, pageB })
        {
            Assert.Equal((0.0, 0.0), (page.Unaccounted("tx"), page.Unaccounted("rx")));
        }

        // On a busy machine the kernel drops some of it before us, and says so.
        Assert.Equal(pageA["overlay_received_frames_total{dir=\"tx\"}"], pageA["overlay_port_frames_total{port=\"t0\",dir=\"tx\"}"]);
        Assert.InRange(pageA["overlay_port_frames_total{port=\"t0\",dir=\"tx\"}"] + pageA["overlay_tap_queue_drops_total{port=\"t0\"}"], 200, Broadcasts + Known + (Broadcasts / 50) + 8);
        Assert.True(pageA["overlay_drops_total{reason=\"storm_limit\",dir=\"tx\"}"] > 0, pageA.Text);
        Assert.Equal(pageA["overlay_drops_total{reason=\"storm_limit\",dir=\"tx\"}"], pageA["overlay_storm_drops_total{vni=\"100\"}"]);
        Assert.True(pageA["overlay_flood_copies_total{vni=\"100\"}"] > 0, pageA.Text);
        Assert.Equal(pageA.Sum("overlay_copies_total", ""), pageA["overlay_flood_copies_total{vni=\"100\"}"]);
        Assert.Equal((1, 1), (pageA["overlay_fdb_entries{vni=\"100\",origin=\"static\"}"], pageA["overlay_port_up{port=\"t0\"}"]));

        // What one sent is what the other can have received.
        Assert.InRange(pageB["overlay_frames_total{vni=\"100\",dir=\"rx\",encap=\"geneve\"}"], 1, pageA["overlay_frames_total{vni=\"100\",dir=\"tx\",encap=\"geneve\"}"]);
        Assert.Equal(pageB["overlay_received_frames_total{dir=\"rx\"}"], pageB["overlay_frames_total{vni=\"100\",dir=\"rx\",encap=\"geneve\"}"] + pageB.Sum("overlay_drops_total", "dir=\"rx\""));
        Assert.Equal(pageA["overlay_peer_frames_total{peer=\"b\",dir=\"tx\"}"], pageA["overlay_frames_total{vni=\"100\",dir=\"tx\",encap=\"geneve\"}"]);
        Assert.Equal((double)a.Daemon.Status()["peers"]![0]!["mtu_bytes"]!, pageA["overlay_peer_mtu_bytes{peer=\"b\"}"]);

        Assert.Equal(HttpStatusCode.OK, clientA.Get("/readyz").Status);
        NetLab.Ip(a.Tenant, "link", "set", "t0", "down");
        Wait.Until(() => clientA.Get("/readyz").Status == HttpStatusCode.ServiceUnavailable, TimeSpan.FromSeconds(20), "a daemon whose only port is down is not ready");
        Assert.Equal("""{"status":"not_forwarding","reasons":["port t0 is down"]}""", clientA.Get("/readyz").Body);
        Assert.Equal(HttpStatusCode.OK, clientA.Get("/healthz").Status);
        Assert.Equal((0, 0), (clientA.Read()["overlay_ready"], clientA.Read()["overlay_port_up{port=\"t0\"}"]));
    }
}
