using Overlay.Encap;
using Overlay.Host.Configuration;
using Xunit;

namespace Overlay.Host.Tests.Configuration;

public sealed class EnvironmentOverrideTests
{
    private const string Text = "node: { name: a, local: [192.0.2.1] }\nvnis: [{ id: 5 }]\npeers: [{ name: b, addresses: [192.0.2.2], vnis: [5] }]\n";

    private static ConfigurationResult Load(params (string Name, string Value)[] variables) =>
        ConfigurationLoader.Parse(Text, "file", variables.ToDictionary(v => v.Name, v => v.Value));

    [Fact]
    public void A_variable_replaces_a_key_that_is_written_and_one_that_is_not()
    {
        var config = Load(("OVERLAY__node__name", "z"), ("OVERLAY__listen__vxlan", "4790")).Value!;
        Assert.Equal(("z", (ushort?)4790), (config.NodeName, config.Underlay.VxlanPort));
    }

    [Fact]
    public void A_number_is_an_item_of_a_list_and_the_next_one_adds()
    {
        var config = Load(("OVERLAY__peers__0__encap", "geneve"), ("OVERLAY__node__local__1", "\"2001:db8::1\"")).Value!;
        Assert.Equal(EncapKind.Geneve, config.Routes.Peers[0].Vtep.Encap);
        Assert.Equal(2, config.Underlay.Local.Length);
    }

    [Fact]
    public void A_value_may_be_a_list() =>
        Assert.Equal(2, Load(("OVERLAY__node__local", "[192.0.2.1, 192.0.2.7]")).Value!.Underlay.Local.Length);

    [Theory]
    [InlineData("OVERLAY__listen__vxlan", "70000", "listen.vxlan")]
    [InlineData("OVERLAY__listen__vxaln", "4789", "listen.vxaln")]
    [InlineData("OVERLAY__node__name__x", "4789", "node.name.x")]
    [InlineData("OVERLAY__peers__5__encap", "geneve", "peers.5.encap")]
    [InlineData("OVERLAY__node__local", "[192.0.2.1", "node.local")]
    [InlineData("OVERLAY__", "1", "")]
    public void A_wrong_override_names_its_variable(string variable, string value, string key)
    {
        var result = Load((variable, value));
        Assert.Null(result.Value);
        Assert.Equal((variable, 0, key), (result.Errors[0].File, result.Errors[0].Line, result.Errors[0].Key));
    }
}
