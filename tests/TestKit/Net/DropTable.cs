using System.Globalization;
using System.Text.Json.Nodes;

namespace Overlay.TestKit.Net;

/// <summary>The counters of <c>GET /v1/drops</c> or <c>overlayctl drops -o json</c> at one moment. Keys are <c>reason/dir</c>.</summary>
public sealed class DropTable
{
    private DropTable(Dictionary<string, long> drops, Dictionary<string, long> totals, Dictionary<string, long> anomalies)
    {
        Drops = drops;
        Totals = totals;
        Anomalies = anomalies;
    }

    /// <summary>Drops by <c>reason/dir</c>; zeros are left out.</summary>
    public IReadOnlyDictionary<string, long> Drops { get; }

    /// <summary>Totals by <c>dir/name</c>: received, delivered, consumed, dropped, copies, copy_drops.</summary>
    public IReadOnlyDictionary<string, long> Totals { get; }

    /// <summary>Anomalies by kind; zeros are left out.</summary>
    public IReadOnlyDictionary<string, long> Anomalies { get; }

    /// <summary>Reads the JSON object.</summary>
    public static DropTable Parse(JsonNode json)
    {
        var drops = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var row in json["drops"]!.AsArray())
        {
            var total = (long)row!["total"]!;
            if (total != 0) drops[$"{row["reason"]}/{row["dir"]}"] = total;
        }

        var totals = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var dir in new[] { "tx", "rx" })
        {
            foreach (var (name, value) in json["totals"]![dir]!.AsObject()) totals[$"{dir}/{name}"] = (long)value!;
        }

        var anomalies = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var row in json["anomalies"]!.AsArray())
        {
            var total = (long)row!["total"]!;
            if (total != 0) anomalies[(string)row["kind"]!] = total;
        }

        return new DropTable(drops, totals, anomalies);
    }

    /// <summary>What was added since <paramref name="before"/>.</summary>
    public DropTable Since(DropTable before) => new(Minus(Drops, before.Drops), Minus(Totals, before.Totals), Minus(Anomalies, before.Anomalies));

    /// <summary>Frames received in a direction that ended neither delivered, consumed nor dropped. Zero when nothing is in flight.</summary>
    public long Unaccounted(string dir) => Total(dir, "received") - Total(dir, "delivered") - Total(dir, "consumed") - Total(dir, "dropped");

    /// <summary>One total.</summary>
    public long Total(string dir, string name) => Totals.GetValueOrDefault($"{dir}/{name}");

    /// <summary>The sum of the drop rows of a direction, which must be the direction's <c>dropped</c> total.</summary>
    public long SumOfDrops(string dir) => Drops.Where(d => d.Key.EndsWith("/" + dir, StringComparison.Ordinal)).Sum(d => d.Value);

    /// <inheritdoc/>
    public override string ToString() => $"drops {{{Join(Drops)}}} totals {{{Join(Totals)}}} anomalies {{{Join(Anomalies)}}}";

    private static string Join(IReadOnlyDictionary<string, long> values) =>
        string.Join(' ', values.Where(v => v.Value != 0).Select(v => string.Create(CultureInfo.InvariantCulture, $"{v.Key}={v.Value}")));

    private static Dictionary<string, long> Minus(IReadOnlyDictionary<string, long> now, IReadOnlyDictionary<string, long> then) =>
        now.Select(n => (n.Key, Value: n.Value - then.GetValueOrDefault(n.Key))).Where(n => n.Value != 0).ToDictionary(n => n.Key, n => n.Value, StringComparer.Ordinal);
}
