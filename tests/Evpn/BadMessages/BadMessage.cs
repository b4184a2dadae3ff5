using System.Globalization;

namespace Overlay.Control.Evpn.Tests.BadMessages;

/// <summary>A line of <c>cases.tsv</c>; <c>generate.py</c> says what the columns are.</summary>
internal sealed record BadMessage
{
    public required string Name { get; init; }

    public required string Level { get; init; }

    public required string Rfc { get; init; }

    public required string Session { get; init; }

    public required string State { get; init; }

    public required string Expected { get; init; }

    public required string Data { get; init; }

    public required string Faults { get; init; }

    public required int Reach { get; init; }

    public required int Unreach { get; init; }

    public required string Mac { get; init; }

    public required byte[] Octets { get; init; }

    public required string Why { get; init; }

    public bool IsInternal => Session == "ibgp";

    public bool IsFourOctetAs => Session != "ebgp-as2";

    public int MaxLength => Session == "ebgp-long" ? 65535 : 4096;

    /// <summary>All cases, in the order of the file.</summary>
    public static IReadOnlyList<BadMessage> All { get; } = Read();

    private static BadMessage[] Read()
    {
        string[] lines = File.ReadAllLines(RepositoryFiles.PathOf("tests", "Evpn", "BadMessages", "cases.tsv"));
        string[] names = lines[0].Split('\t');
        return [.. lines.Skip(1).Select(line =>
        {
            Dictionary<string, string> row = names.Zip(line.Split('\t')).ToDictionary(static pair => pair.First, static pair => pair.Second, StringComparer.Ordinal);
            return new BadMessage
            {
                Name = row["name"],
                Level = row["level"],
                Rfc = row["rfc"],
                Session = row["session"],
                State = row["state"],
                Expected = row["expected"],
                Data = row["data"],
                Faults = row["faults"],
                Reach = int.Parse(row["reach"], CultureInfo.InvariantCulture),
                Unreach = int.Parse(row["unreach"], CultureInfo.InvariantCulture),
                Mac = row["mac"],
                Octets = Convert.FromHexString(row["hex"]),
                Why = row["why"],
            };
        })];
    }
}
