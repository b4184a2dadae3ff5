using System.Globalization;
using System.Text;

namespace Overlay.Host.Metrics;

/// <summary>Writes <c>docs/metrics.md</c> from the table of metrics.</summary>
internal static class MetricReference
{
    /// <summary>The page as Markdown.</summary>
    public static string Render()
    {
        var page = new StringBuilder();
        page.Append(CultureInfo.InvariantCulture, $"""
            # Metrics

            <!-- Generated from src/Host/Metrics by: overlayd --print-metric-reference > docs/metrics.md -->

            `metrics.listen` (default `127.0.0.1:9478`) serves `/metrics` in the Prometheus text format, `/healthz` (the process and its control thread answer) and `/readyz`
            (it forwards; 503 with the reasons otherwise). `metrics.otlp` pushes the same metrics under the same names over OTLP. There is no password: keep it on loopback, or
            behind a firewall.

            Units are base units. A label is never a MAC or anything else that a tenant can make up, and their number is limited: the {MetricLimits.Vnis} lowest VNIs,
            {MetricLimits.Peers} peers (those of the configuration first) and {MetricLimits.Ports} ports have series; of what is beyond, `overlay_metrics_cut` says how many. Counters begin at 0 when the daemon
            starts; those of a VNI or a port also when it is removed and added again. Names never change their meaning.

            For each `dir`, once the workers are idle, exactly:
            `overlay_received_frames_total = overlay_delivered_frames_total + overlay_consumed_frames_total + sum(overlay_drops_total)`. Reasons are explained in [drops.md](drops.md).

            `deploy/prometheus` has a scrape configuration and alert rules, `deploy/grafana` a dashboard.


            """);
        foreach (var (heading, metrics) in MetricCatalog.Groups)
        {
            page.Append("## ").Append(heading).Append("\n\n| metric | type | unit | labels | |\n|---|---|---|---|---|\n");
            foreach (var metric in metrics.Where(metric => metric.Suffix.Length == 0 || metric.Suffix == "_bucket"))
            {
                page.Append("| `").Append(metric.Family).Append("` | ").Append(metric.Kind.ToString().ToLowerInvariant()).Append(" | ")
                    .Append(UnitOf(metric)).Append(" | ").Append(string.Join(", ", metric.Labels.Where(label => label != "le").Select(label => $"`{label}`")))
                    .Append(" | ").Append(metric.Help).Append(" |\n");
            }

            page.Append('\n');
        }

        return page.ToString().TrimEnd('\n') + "\n";
    }

    private static string UnitOf(MetricDefinition metric) => metric.Unit switch
    {
        "By" => "octets",
        "s" => "seconds",
        "1" => "–",
        var unit => unit.Trim('{', '}') + "s",
    };
}
