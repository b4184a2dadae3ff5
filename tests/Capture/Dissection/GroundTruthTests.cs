using Overlay.Capture.Dissection;

namespace Overlay.Capture.Tests.Dissection;

/// <summary>Every capture with ground truth, frame by frame and field by field. Deviations are listed here with their reason: there are none.</summary>
public sealed class GroundTruthTests
{
    private static readonly string[] Folders = ["generated", "malformed", "public"];

    public static TheoryData<string> Files()
    {
        var files = new TheoryData<string>();
        foreach (string folder in Folders)
        {
            foreach (string root in new[] { TestPaths.Vectors, TestPaths.SharedCaptures })
            {
                string path = Path.Combine(root, folder);
                if (!Directory.Exists(path))
                {
                    continue;
                }

                foreach (string truth in Directory.GetFiles(path, "*.tsv").Order(StringComparer.Ordinal))
                {
                    if (CaptureOf(truth) is not null)
                    {
                        files.Add(Path.GetRelativePath(RepositoryFiles.Root, truth));
                    }
                }

                break;
            }
        }

        return files;
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_field_of_every_layer_equals_the_ground_truth(string truth)
    {
        string path = Path.GetFullPath(Path.Combine(RepositoryFiles.Root, truth));
        string[] expected = [.. ExpectedRows(path)];
        using FileStream stream = File.OpenRead(CaptureOf(path)!);
        CaptureReader reader = CaptureReader.Open(stream);
        List<string> actual = [];
        while (reader.TryRead(out CaptureRecord record))
        {
            foreach (TunnelLayer layer in TunnelDissector.Dissect(in record))
            {
                actual.Add(Join(TunnelColumns.Names.Zip(TunnelColumns.Format(layer), static (n, v) => (n, v))));
            }
        }

        Assert.False(reader.Error.IsError, reader.Error.ToString());
        Assert.Equal(expected, actual);
    }

    [Fact]
    public void Public_captures_are_compared_too()
    {
        if (!Directory.Exists(Path.Combine(TestPaths.SharedCaptures, "public")))
        {
            Assert.Skip("public captures are not beside this checkout; they are not copied into it");
        }

        Assert.Contains(Files(), static row => row.Data.Contains("public", StringComparison.Ordinal));
    }

    private static IEnumerable<string> ExpectedRows(string path)
    {
        string[] lines = File.ReadAllLines(path);
        string[] names = lines[0].Split('\t');
        Assert.Equal(TunnelColumns.Names, names.Where(static name => name != "case"));
        foreach (string line in lines.Skip(1))
        {
            yield return Join(names.Zip(line.Split('\t')).Where(static pair => pair.First != "case"));
        }
    }

    private static string Join(IEnumerable<(string Name, string Value)> row) => string.Join(' ', row.Select(static pair => $"{pair.Name}={pair.Value}"));

    private static string? CaptureOf(string truth)
    {
        string name = Path.ChangeExtension(truth, null);
        return Path.GetFileName(name).Contains(".b", StringComparison.Ordinal) || name.EndsWith(".ovsdb", StringComparison.Ordinal) ? null
            : File.Exists(name + ".pcap") ? name + ".pcap"
            : File.Exists(name + ".pcapng") ? name + ".pcapng"
            : null;
    }
}
