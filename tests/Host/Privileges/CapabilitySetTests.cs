using Overlay.Host.Configuration;
using Overlay.Host.Privileges;
using Xunit;

namespace Overlay.Host.Tests.Privileges;

public sealed class CapabilitySetTests
{
    private const string Head = "node: { name: a, local: [192.0.2.1] }\nworkers: { lane: off }\n";

    // Numbers from linux/capability.h.
    [Theory]
    [InlineData("CAP_NET_ADMIN", 12)]
    [InlineData("net_admin", 12)]
    [InlineData("cap_sys_admin", 21)]
    [InlineData("CHOWN", 0)]
    [InlineData("SETFCAP", 31)]
    [InlineData("MAC_OVERRIDE", 32)]
    [InlineData("SYSLOG", 34)]
    [InlineData("bpf", 39)]
    [InlineData("CHECKPOINT_RESTORE", 40)]
    public void A_name_has_the_kernel_s_number(string name, int number)
    {
        Assert.True(CapabilitySet.TryParse(name, out CapabilitySet capability));
        Assert.Equal(1UL << number, capability.Bits);
    }

    [Theory]
    [InlineData("")]
    [InlineData("CAP_")]
    [InlineData("root")]
    [InlineData("net_admin ")]
    [InlineData("12")]
    public void What_is_no_capability_is_none(string name) => Assert.False(CapabilitySet.TryParse(name, out _));

    [Fact]
    public void Names_are_the_kernel_s_and_newer_ones_are_numbers()
    {
        Assert.Equal(["CAP_NET_ADMIN", "CAP_BPF", "CAP_63"], new CapabilitySet(1UL << 12 | 1UL << 39 | 1UL << 63).Names());
        Assert.Equal("no capability", default(CapabilitySet).ToString());
    }

    [Fact]
    public void The_sets_of_a_thread_are_read_from_its_status()
    {
        HeldCapabilities held = HeldCapabilities.Parse(["Name:\tx", "CapInh:\t0000000000000000", "CapPrm:\t0000000000003000", "CapEff:\t0000000000001000", "CapBnd:\t000001ffffffffff"]);
        Assert.Equal((0x3000UL, 0x1000UL, 0x1ff_ffff_ffffUL), (held.Permitted.Bits, held.Effective.Bits, held.Bounding.Bits));
        Assert.Equal(default, HeldCapabilities.Parse(["CapPrm:\tnothing", "CapEff:"]).Permitted);
    }

    [Theory]
    [InlineData("", "no capability")]
    [InlineData("ports: { a: { tap: t0 } }", "CAP_NET_ADMIN")]
    [InlineData("ports: { a: { veth: v0 } }", "CAP_NET_ADMIN CAP_NET_RAW")]
    [InlineData("ports: { a: { tap: t0, netns: blue } }", "CAP_NET_ADMIN CAP_SYS_ADMIN")]
    [InlineData("ports: { a: { tap: t0, queues: 2 } }", "CAP_NET_ADMIN CAP_BPF")]
    [InlineData("listen: { vxlan: 789 }", "CAP_NET_BIND_SERVICE")]
    public void A_configuration_needs_what_its_ports_need(string yaml, string needs)
    {
        ConfigurationResult loaded = ConfigurationLoader.Parse(Head + yaml);
        Assert.Equal(needs, PrivilegeNeeds.Of(loaded.Value!, 1024).ToString());
    }

    [Fact]
    public void The_lane_needs_programs_in_the_kernel() =>
        Assert.Equal("CAP_BPF", PrivilegeNeeds.Of(ConfigurationLoader.Parse("node: { name: a, local: [192.0.2.1] }").Value!, 1024).ToString());

    [Theory]
    [InlineData("", PrivilegeMode.Given, 0UL)]
    [InlineData("privileges: { capabilities: given }", PrivilegeMode.Given, 0UL)]
    [InlineData("privileges: { capabilities: auto }", PrivilegeMode.Auto, 0UL)]
    [InlineData("privileges: { capabilities: none }", PrivilegeMode.Listed, 0UL)]
    [InlineData("privileges: { capabilities: [net_admin, CAP_NET_RAW] }", PrivilegeMode.Listed, 0x3000UL)]
    public void The_key_says_what_is_kept(string yaml, PrivilegeMode mode, ulong bits)
    {
        OverlayConfig config = ConfigurationLoader.Parse(Head + yaml).Value!;
        Assert.Equal(new PrivilegeSpec(mode, new CapabilitySet(bits)), config.Privileges);
    }
}
