using Overlay.EndToEnd.Lab;

namespace Overlay.EndToEnd;

/// <summary>One contender brought up once in a round, and what is measured while it is up.</summary>
internal sealed record Station(IContender Contender, Wire Wire, Layout Layout, IReadOnlyList<Row> Rows);

/// <summary>What a round consists of.</summary>
internal static class Plan
{
    /// <summary>
    /// The stations of a round, those that are compared with each other side by side. Where rows and contenders are both named, every pair of them;
    /// otherwise the rows that say something about a contender.
    /// </summary>
    public static IReadOnlyList<Station> Make(IReadOnlyList<IContender> contenders, BenchOptions options)
    {
        List<Station> stations = [];
        foreach (var wire in options.Wires)
        {
            foreach (var layout in Enum.GetValues<Layout>())
            {
                foreach (var contender in contenders)
                {
                    if (options.Contenders is { } chosen && !chosen.Contains(contender.Name)) continue;
                    var telling = contender.RowsOn(options.IsOneWire ? Wire.Veth : wire);
                    var wanted = options.Rows is null ? telling : options.Contenders is null ? options.Rows.Intersect(telling) : options.Rows;
                    Row[] rows = [.. wanted.Where(r => Names.LayoutOf(r) == layout).Order()];
                    if (rows.Length > 0) stations.Add(new Station(contender, wire, layout, rows));
                }
            }
        }

        return stations;
    }

    /// <summary>The order of a round: every other one backwards, so that a machine that becomes slower or faster favours nobody.</summary>
    public static IEnumerable<Station> InOrder(IReadOnlyList<Station> stations, int round) => round % 2 == 1 ? stations : stations.Reverse();
}
