using System.Text.RegularExpressions;
using Overlay.Dataplane.Diagnostics;
using Xunit;

namespace Overlay.Dataplane.Tests.Diagnostics;

/// <summary>docs/drops.md says what the code says.</summary>
public sealed partial class DropsPageTests
{
    [Fact]
    public void The_page_lists_every_reason_once_with_its_sentence_and_what_to_do_next()
    {
        string[][] rows = [.. Rows().Where(static row => row.Length == 3)];
        string[] names = [.. Enum.GetValues<DropReason>().Where(static reason => reason != DropReason.None).Select(DropReasons.Name)];
        Assert.Equal(names.Order(StringComparer.Ordinal), rows.Select(static row => row[0]).Order(StringComparer.Ordinal));
        foreach (DropReason reason in Enum.GetValues<DropReason>())
        {
            if (reason == DropReason.None)
                continue;

            string[] row = rows.Single(row => row[0] == DropReasons.Name(reason));
            Assert.Equal(DropReasons.Sentence(reason), row[1]);
            Assert.NotEmpty(row[2]);
        }
    }

    [Fact]
    public void The_page_lists_every_anomaly_once()
    {
        string[] names = [.. Enum.GetValues<AnomalyKind>().Select(AnomalyKinds.Name)];
        Assert.Equal(names, Rows().Where(static row => row.Length == 2).Select(static row => row[0]));
    }

    [Fact]
    public void A_name_is_the_snake_case_of_its_member_and_every_member_has_one()
    {
        Assert.Equal(Enum.GetValues<DropReason>().Length, DropReasons.Count);
        Assert.Equal(Enum.GetValues<AnomalyKind>().Length, AnomalyKinds.Count);
        foreach (DropReason reason in Enum.GetValues<DropReason>())
            Assert.Equal(SnakeCase(reason.ToString()), DropReasons.Name(reason));
    }

    private static string SnakeCase(string name) => Hump().Replace(name, "_$0").ToLowerInvariant();

    private static IEnumerable<string[]> Rows()
    {
        foreach (string line in File.ReadLines(Path.Combine(RepositoryFiles.Root, "docs", "drops.md")))
        {
            string[] cells = [.. line.Trim('|').Split('|').Select(static cell => cell.Trim())];
            if (line.StartsWith("| `", StringComparison.Ordinal))
                yield return [cells[0].Trim('`'), .. cells[1..]];
        }
    }

    [GeneratedRegex("(?<=[a-z0-9])[A-Z]")]
    private static partial Regex Hump();
}
