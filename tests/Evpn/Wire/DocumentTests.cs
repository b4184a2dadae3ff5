using Overlay.Control.Evpn.Bgp.Wire;

namespace Overlay.Control.Evpn.Tests.Wire;

/// <summary>docs/wire/bgp.md names what the code has.</summary>
public sealed class DocumentTests
{
    private static readonly string Page = File.ReadAllText(RepositoryFiles.PathOf("docs", "wire", "bgp.md"));

    [Fact]
    public void Every_fault_is_in_the_table()
    {
        string[] first = [.. Page.Split('\n').Where(static line => line.StartsWith("| `", StringComparison.Ordinal)).Select(static line => line.Split('|')[1])];
        Assert.All(UpdateFaultNames.All, name => Assert.Single(first, cell => cell.Contains($"`{name}`", StringComparison.Ordinal)));
        Assert.Equal(UpdateFaultNames.All.Length, first.Sum(static cell => cell.Count(static letter => letter == '`') / 2));
    }
}
