using Overlay.EndToEnd.Lab;
using Overlay.Host.Configuration;
using Xunit;

namespace Overlay.EndToEnd.Tests;

public sealed class OverlaydConfigurationTests
{
    public static TheoryData<string, int, int> Cases()
    {
        var data = new TheoryData<string, int, int>();
        foreach (var variant in OverlaydVariant.All)
        {
            foreach (var layout in Enum.GetValues<Layout>())
            {
                foreach (var side in Enum.GetValues<Side>()) data.Add(variant.Name, (int)layout, (int)side);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void What_is_written_for_overlayd_passes_its_loader(string name, int layout, int side)
    {
        var variant = OverlaydVariant.All.Single(v => v.Name == name);
        var text = Write(variant, (Layout)layout, (Side)side);
        var result = ConfigurationLoader.Parse(text);
        Assert.True(result.Value is not null, string.Join('\n', result.Errors) + "\n" + text);
    }

    [Fact]
    public void Every_far_VTEP_is_a_peer_of_its_own_with_its_MAC()
    {
        var text = Write(OverlaydVariant.All[0], Layout.Many, Side.Near);
        Assert.Equal(Address.FarVteps, text.Split("name: vtep").Length - 1);
        for (var i = 0; i < Address.FarVteps; i++)
        {
            Assert.Contains($"{{ name: vtep{i}, addresses: [\"{Address.Vtep(Side.Far, index: i)}\"]", text, StringComparison.Ordinal);
            Assert.Contains($"mac: \"{Address.FarMac(i)}\", peer: vtep{i} ", text, StringComparison.Ordinal);
        }
    }

    private static string Write(OverlaydVariant variant, Layout layout, Side side)
    {
        return OverlaydConfiguration.Write(variant, side, layout, Vteps(side), Vteps(Address.Other(side)), 1450);

        string[] Vteps(Side of) => [.. Enumerable.Range(0, layout == Layout.Many && of == Side.Far ? Address.FarVteps : 1).Select(i => Address.Vtep(of, variant.IPv6, i))];
    }
}
