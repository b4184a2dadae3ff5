using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Verdicts;

/// <summary><c>listen.strict</c>: reserved bits are a drop, as in the kernel and OVS.</summary>
public sealed class StrictModeTests
{
    [Fact]
    public void Reserved_bits_are_dropped_in_strict_mode_only_by_that_name()
    {
        using var lab = VerdictLab.Strict();
        (string Encap, byte[] Payload)[] cases =
        [
            ("vxlan", Wire.Vxlan(100, WireCases.Plain, flags: 0x0a)),
            ("vxlan", Wire.Vxlan(100, WireCases.Plain, flags: 0x88, reserved24: 17)),
            ("vxlan", Wire.Vxlan(100, WireCases.Plain, reserved8: 1)),
            ("geneve", Wire.Geneve(100, WireCases.Plain, reserved6: 1)),
            ("geneve", Wire.Geneve(100, WireCases.Plain, reserved8: 1)),
        ];
        foreach (var (encap, payload) in cases)
        {
            foreach (var family in new[] { "v4", "v6" })
            {
                var packet = Wire.Udp(VerdictLab.Peer(encap, family), VerdictLab.Local(family), 50_001, VerdictLab.TunnelPort(encap), payload);
                var change = lab.Observe("rx", 1, () => lab.Injector.Send(lab.Outer(packet)));
                Assert.True(change.Drops.Count == 1 && change.Drops.GetValueOrDefault("reserved_bits_set/rx") == 1, $"{encap} {family} {Convert.ToHexString(payload.AsSpan(0, 8))}: {change}");
            }
        }

        var plain = Wire.Udp(VerdictLab.Peer("vxlan", "v4"), VerdictLab.Local4, 50_001, 4789, Wire.Vxlan(100, WireCases.Plain));
        Assert.Equal(1, lab.Observe("rx", 1, () => lab.Injector.Send(lab.Outer(plain))).Total("rx", "delivered"));
        var gpe = Wire.Udp(VerdictLab.Peer("vxlan", "v4"), VerdictLab.Local4, 50_001, 4789, Wire.Vxlan(100, WireCases.Plain, flags: 0x0c, reserved24: 1));
        Assert.Equal("vxlan_gpe_unsupported/rx", Assert.Single(lab.Observe("rx", 1, () => lab.Injector.Send(lab.Outer(gpe))).Drops).Key);
    }
}
