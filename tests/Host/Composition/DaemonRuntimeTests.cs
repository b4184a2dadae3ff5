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

    private static OverlayConfig Config(string control)
    {
        var result = ConfigurationLoader.Parse($$"""
            node: { name: a, local: [192.0.2.1] }
            vnis: [{ id: 100 }]
            control: { {{control}}, evpn: { as: 65001, port: 0, neighbors: [{ address: 192.0.2.254, as: 65001 }] } }
            """);
        return result.Value!;
    }
}
