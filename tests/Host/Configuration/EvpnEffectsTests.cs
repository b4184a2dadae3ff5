using Overlay.Host.Configuration;
using Overlay.Host.Configuration.Changes;
using Xunit;

namespace Overlay.Host.Tests.Configuration;

/// <summary>What an operator is told a change of BGP neighbours does, before it is done.</summary>
public sealed class EvpnEffectsTests
{
    [Theory]
    [InlineData("description: b", "description", "the session goes on", false)]
    [InlineData("max_prefixes: 10", "max_prefixes", "the session goes on; a neighbour that gave more than max_prefixes is ended", false)]
    [InlineData("connect_retry: 9s", "connect_retry", "the session goes on; the new connect_retry is for the next attempts to connect", false)]
    [InlineData("passive: true", "passive", "the session goes on; who connects counts from the next connection on", false)]
    [InlineData("hold_time: 30s", "hold_time", "the session begins anew; what it gave stays in force", false)]
    [InlineData("hold_time: 30s, description: b", "description hold_time", "the session begins anew; what it gave stays in force", false)]
    [InlineData("shutdown: true", "shutdown", "the session ends and stays down; what it gave is removed at once", true)]
    public void A_session_begins_anew_only_for_what_it_cannot_follow(string change, string keys, string effect, bool interrupts)
    {
        var (before, after) = (Config("", ""), Config(", " + change, ""));
        var told = Assert.Single(ConfigurationEffects.Between(before, after));
        Assert.Equal(("evpn neighbor 192.0.2.9", keys, effect, interrupts), (told.Name, string.Join(' ', told.Keys), told.Effect, told.Interrupts));
        if (change == "shutdown: true")
        {
            Assert.Equal("a session with it is opened", Assert.Single(ConfigurationEffects.Between(after, before)).Effect);
            Assert.Equal("is kept down", Assert.Single(ConfigurationEffects.Between(after, Config(", shutdown: true, description: b", ""))).Effect);
        }
    }

    [Theory]
    [InlineData("limit: 7", "limit", "sessions with neighbours of it go on; the limit is for neighbours that come")]
    [InlineData("max_prefixes: 7", "max_prefixes", "sessions with neighbours of it go on; a neighbour that gave more than max_prefixes is ended")]
    [InlineData("password: secret", "password", "sessions with neighbours of it begin anew; what they gave stays in force")]
    public void And_so_do_those_of_a_prefix(string change, string keys, string effect)
    {
        var told = Assert.Single(ConfigurationEffects.Between(Config("", ""), Config("", ", " + change)));
        Assert.Equal(("evpn prefix 10.0.0.0/8", keys, effect), (told.Name, string.Join(' ', told.Keys), told.Effect));
    }

    private static OverlayConfig Config(string neighbor, string prefix) => ConfigurationLoader.Parse($$"""
        node: { name: a, local: [192.0.2.1] }
        vnis: [{ id: 100 }]
        control:
          evpn:
            as: 65001
            neighbors: [{ address: 192.0.2.9, as: 65001{{neighbor}} }]
            dynamic: [{ prefix: 10.0.0.0/8, as: 65001{{prefix}} }]
        """).Value!;
}
