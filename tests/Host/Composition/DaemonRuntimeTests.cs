using Microsoft.Extensions.Logging.Abstractions;
using Overlay.Encap;
using Overlay.Host.Composition;
using Overlay.Host.Configuration;
using Xunit;

namespace Overlay.Host.Tests.Composition;

/// <summary>What of a configuration reaches which part, without a process, a socket or a port.</summary>
public sealed class DaemonRuntimeTests
{
    [Fact]
    public async Task The_hold_of_stale_routes_reaches_the_EVPN_plane_at_the_start_and_with_each_change()
    {
        var config = Config("stale_hold: 5m");
        await using var runtime = new DaemonRuntime(config, FlowHashSeed.CreateRandom(), TimeProvider.System, NullLoggerFactory.Instance);
        Assert.Equal(TimeSpan.FromMinutes(5), runtime.Evpn!.StaleHold);
        await runtime.RehearseAsync();
        Assert.Empty(await runtime.ApplyAsync(Config("stale_hold: 10s")));
        Assert.Equal(TimeSpan.FromSeconds(10), runtime.Evpn.StaleHold);
        Assert.Empty(await runtime.ApplyAsync(Config("stale_hold: never")));
        Assert.Null(runtime.Evpn.StaleHold);
    }

    [Fact]
    public async Task A_VNI_has_its_EVPN_settings_before_the_plane_hears_of_it_and_until_it_is_gone()
    {
        var vni = new Vni(200);
        var (without, with) = (Config("stale_hold: 5m"), Config("stale_hold: 5m", "{ id: 200, evpn: { enabled: false } }"));
        var plain = Config("stale_hold: 5m", "{ id: 200 }");
        Assert.False(EvpnVnis.Before(without.Evpn!, without, with)[vni].IsEnabled);

        // One that is there keeps what it has until the topology is in force; then what is gone keeps it, and what came back does not.
        Assert.False(EvpnVnis.Before(with.Evpn!, with, plain)[vni].IsEnabled);
        Assert.False(EvpnVnis.After(with.Evpn!, without.Evpn!, without.Topology).Vnis[vni].IsEnabled);
        Assert.Empty(EvpnVnis.After(with.Evpn!, plain.Evpn!, plain.Topology).Vnis);
        Assert.Empty(EvpnVnis.Before(with.Evpn!, without, plain));

        await using var runtime = new DaemonRuntime(without, FlowHashSeed.CreateRandom(), TimeProvider.System, NullLoggerFactory.Instance);
        await runtime.RehearseAsync();
        Assert.Empty(await runtime.ApplyAsync(with));
        Assert.False(runtime.Evpn!.Options.Vnis[vni].IsEnabled);
        Assert.Empty(await runtime.ApplyAsync(without));
        Assert.False(runtime.Evpn.Options.Vnis[vni].IsEnabled);
        Assert.Empty(await runtime.ApplyAsync(plain));
        Assert.Empty(runtime.Evpn.Options.Vnis);
    }

    private static OverlayConfig Config(string control, string vni = "{ id: 101 }")
    {
        var result = ConfigurationLoader.Parse($$"""
            node: { name: a, local: [192.0.2.1] }
            vnis: [{ id: 100 }, {{vni}}]
            control: { {{control}}, evpn: { as: 65001, port: 0, neighbors: [{ address: 192.0.2.254, as: 65001 }] } }
            """);
        return result.Value!;
    }
}
