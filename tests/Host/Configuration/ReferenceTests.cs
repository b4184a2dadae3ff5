using System.Text.RegularExpressions;
using Overlay.Host.Configuration;
using Overlay.Host.Configuration.Keys;
using Overlay.Host.Configuration.Yaml;
using Xunit;

namespace Overlay.Host.Tests.Configuration;

public sealed partial class ReferenceTests
{
    private static readonly string Example = RepositoryFiles.PathOf("deploy", "overlayd.example.yaml");

    [Fact]
    public void The_example_is_accepted_without_a_warning()
    {
        var result = ConfigurationLoader.Parse(File.ReadAllText(Example));
        Assert.Empty(result.Errors);
        Assert.Empty(result.Warnings);
    }

    [Fact]
    public void The_example_has_every_key()
    {
        var problems = new ProblemList();
        var written = new HashSet<string>(StringComparer.Ordinal);
        Collect(YamlTreeReader.Read(File.ReadAllText(Example), "example", problems)!, "", written);
        Assert.Empty(problems.Errors);
        Assert.Empty(ConfigKeys.All.Select(key => key.Path).Except(written));
    }

    [Fact]
    public void The_reference_in_docs_is_up_to_date() =>
        Assert.True(
            File.Exists(RepositoryFiles.PathOf("docs", "configuration.md")) &&
            File.ReadAllText(RepositoryFiles.PathOf("docs", "configuration.md")) == ConfigurationReference.Render(),
            "run: dotnet run --project src/Host -- --print-configuration-reference > docs/configuration.md");

    [Fact]
    public void Every_key_has_a_parent_that_is_a_key()
    {
        var paths = ConfigKeys.All.Select(key => key.Path.TrimEnd(']', '[')).ToHashSet(StringComparer.Ordinal);
        Assert.Equal(ConfigKeys.All.Length, paths.Count);
        Assert.All(ConfigKeys.All.Where(key => key.Parent.Length > 0), key => Assert.Contains(key.Parent.TrimEnd(']', '['), paths));
    }

    private static void Collect(YamlNode node, string path, HashSet<string> written)
    {
        written.Add(path);
        switch (node)
        {
            case YamlSequence list:
                list.Items.ForEach(item => Collect(item, path + "[]", written));
                break;
            case YamlMapping map:
                foreach (var entry in map.Entries)
                {
                    var name = path is "ports" ? "<name>" : VlansOfPort().IsMatch(path) ? "<vid>" : entry.Key.Value;
                    Collect(entry.Value, path.Length == 0 ? name : $"{path}.{name}", written);
                }

                break;
        }
    }

    [GeneratedRegex(@"^ports\.<name>\.vlans$")]
    private static partial Regex VlansOfPort();
}
