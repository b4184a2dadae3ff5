using System.Globalization;
using Overlay.Host.Configuration;
using Xunit;

namespace Overlay.Host.Tests.Configuration;

public sealed class BrokenConfigurationTests
{
    private static readonly string Folder = RepositoryFiles.PathOf("tests", "Host", "Broken");

    public static TheoryData<string, int, string> Broken()
    {
        var data = new TheoryData<string, int, string>();
        foreach (var line in File.ReadLines(Path.Combine(Folder, "expected.tsv")).Where(line => !line.StartsWith('#')))
        {
            var fields = line.Split('\t');
            data.Add(fields[0], int.Parse(fields[1], CultureInfo.InvariantCulture), fields[2] == "-" ? "" : fields[2]);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Broken))]
    public void A_broken_file_is_refused_at_its_line_and_key(string file, int line, string key)
    {
        var path = Path.Combine(Folder, file);
        var result = ConfigurationLoader.Load(path, new Dictionary<string, string>());

        Assert.Null(result.Value);
        var first = result.Errors[0];
        Assert.Equal((path, line, key), (first.File, first.Line, first.Key));
        Assert.NotEmpty(first.Message);
        Assert.DoesNotContain(first.ToString(), char.IsControl);
    }

    [Fact]
    public void The_table_names_every_broken_file_and_there_are_more_than_forty()
    {
        var files = Directory.GetFiles(Folder, "*.yaml").Select(Path.GetFileName).Order(StringComparer.Ordinal).ToArray();
        Assert.Equal(files, Broken().Select(row => row.Data.Item1).Order(StringComparer.Ordinal));
        Assert.True(files.Length >= 40);
    }

    [Fact]
    public void One_mistake_is_one_complaint()
    {
        // A cascade hides the mistake; the exceptions are files in which nothing can be read.
        foreach (var row in Broken())
        {
            var result = ConfigurationLoader.Load(Path.Combine(Folder, row.Data.Item1), new Dictionary<string, string>());
            Assert.True(result.Errors.Count == 1, $"{row.Data.Item1}: {string.Join("\n", result.Errors)}");
        }
    }
}
