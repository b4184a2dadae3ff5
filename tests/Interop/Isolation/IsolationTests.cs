using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Isolation;

/// <summary>Two daemons, access and trunk ports on real TAPs: a frame is only ever seen in the VNI it was sent into.</summary>
public sealed class IsolationTests
{
    // What a tag on a port means; -1 is dropped.
    private static readonly (string Tap, int Tag, int Vni)[] Places =
    [
        ("trunk", 0, 400), ("trunk", 20, 420), ("trunk", 30, 430), ("trunk", 21, -1), ("x420", 0, 420), ("x430", 0, 430), ("x420", 30, -1), ("clear", 0, 440), ("clear", 20, 440), ("clear", 30, 440),
    ];

    [Theory]
    [InlineData("vxlan", "geneve")]
    [InlineData("geneve", "vxlan")]
    public void No_frame_crosses_VNIs(string there, string back)
    {
        const int Frames = 3000;
        using var lab = new NetLab();
        var a = new Site(lab, "a", quietTenant: true);
        var b = new Site(lab, "b", quietTenant: true);
        NetLab.Join(a.Host, "u0", b.Host, "u0");
        NetLab.Address(a.Host, "u0", "192.0.2.1/24");
        NetLab.Address(b.Host, "u0", "192.0.2.2/24");
        a.Start(Yaml(a, "192.0.2.1", "192.0.2.2", there));
        b.Start(Yaml(b, "192.0.2.2", "192.0.2.1", back));
        var sockets = new Dictionary<(Site, string), PacketSocket>();
        foreach (var site in new[] { a, b })
        {
            foreach (var tap in new[] { "trunk", "x420", "x430", "clear" }) sockets[(site, tap)] = lab.Own(new PacketSocket(site.Tenant, tap));
        }

        var random = new Random(420_430);
        var sent = new Dictionary<Site, int> { [a] = 0, [b] = 0 };
        for (var i = 0; i < Frames; i++)
        {
            var site = random.Next(2) == 0 ? a : b;
            var place = Places[random.Next(Places.Length)];
            // Few MACs, the same ones in every VNI: learning has every chance to mix them up.
            var destination = random.Next(4) == 0 ? "ff:ff:ff:ff:ff:ff" : $"02:ee:00:00:00:{random.Next(1, 9):x2}";
            var source = $"02:ee:00:00:00:{random.Next(1, 9):x2}";
            var payload = new byte[random.Next(46, 600)];
            payload[0] = (byte)(place.Vni >> 8);
            payload[1] = (byte)place.Vni;
            payload[2] = (byte)place.Tag;
            sockets[(site, place.Tap)].Send(Wire.Ethernet(destination, source, 0x88b5, payload, place.Tag == 0 ? null : Wire.Tag(place.Tag)));
            sent[site]++;
            if (i % 100 == 0) Wait.Until(() => a.Daemon.Drops().Total("tx", "received") == sent[a] && b.Daemon.Drops().Total("tx", "received") == sent[b], TimeSpan.FromSeconds(5), "the daemons keep up");
        }

        foreach (var site in new[] { a, b })
        {
            Wait.Until(() => site.Daemon.Drops().Total("tx", "received") == sent[site], TimeSpan.FromSeconds(5), "all frames are read");
            var drops = site.Daemon.SettledDrops();
            Assert.Equal((0L, 0L), (drops.Unaccounted("tx"), drops.Unaccounted("rx")));
        }

        var seen = 0;
        foreach (var ((_, tap), socket) in sockets)
        {
            foreach (var frame in socket.Frames.Select(f => f.Data))
            {
                var tagged = frame[12] == 0x81;
                var at = tagged ? 18 : 14;
                var vni = (short)((frame[at] << 8) | frame[at + 1]);
                var expected = tap == "clear" ? 440 : Array.Find(Places, p => p.Tap == tap && p.Tag == (tagged ? frame[15] : 0) && p.Vni >= 0).Vni;
                Assert.True(vni == expected, $"a frame of VNI {vni} on {tap}: {Convert.ToHexString(frame.AsSpan(0, 24))}");
                if (tap == "clear") Assert.Equal(frame[at + 2], tagged ? frame[15] : 0);
                seen++;
            }
        }

        Assert.True(seen > Frames / 2, $"{seen} frames seen");
    }

    private static string Yaml(Site site, string local, string remote, string encap) => $$"""
        node: { name: n, local: [{{local}}] }
        ports:
          trunk: { tap: trunk, netns: {{site.Tenant}}, mode: trunk, native: 400, vlans: { 20: 420, 30: 430 } }
          x420:  { tap: x420, netns: {{site.Tenant}} }
          x430:  { tap: x430, netns: {{site.Tenant}} }
          clear: { tap: clear, netns: {{site.Tenant}}, mode: transparent }
        vnis:
          - { id: 400, learning: { move_limit: 0 }, storm: { broadcast: null, unknown_unicast: null } }
          - { id: 420, ports: [x420], learning: { move_limit: 0 }, storm: { broadcast: null, unknown_unicast: null } }
          - { id: 430, ports: [x430], learning: { move_limit: 0 }, storm: { broadcast: null, unknown_unicast: null } }
          - { id: 440, ports: [clear], learning: { move_limit: 0 }, storm: { broadcast: null, unknown_unicast: null } }
        peers:
          - { name: p, addresses: [{{remote}}], encap: {{encap}}, vnis: [400, 420, 430, 440] }
        """;
}
