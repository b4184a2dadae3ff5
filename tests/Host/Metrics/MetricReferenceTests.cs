using Overlay.Host.Metrics;
using Xunit;

namespace Overlay.Host.Tests.Metrics;

public sealed class MetricReferenceTests
{
    [Fact]
    public void The_reference_in_docs_is_up_to_date() =>
        Assert.True(
            File.Exists(RepositoryFiles.PathOf("docs", "metrics.md")) && File.ReadAllText(RepositoryFiles.PathOf("docs", "metrics.md")) == MetricReference.Render(),
            "run: dotnet run --project src/Host -- --print-metric-reference > docs/metrics.md");

    [Fact]
    public void A_name_is_of_ours_and_says_its_unit_and_whether_it_only_grows()
    {
        Assert.Equal(MetricCatalog.All.Length, MetricCatalog.All.Select(metric => metric.Name).Distinct(StringComparer.Ordinal).Count());
        Assert.All(MetricCatalog.All, metric =>
        {
            Assert.Matches("^(overlay|process)_[a-z0-9_]+$", metric.Family);
            Assert.Equal(metric.Kind == MetricKind.Counter, metric.Family.EndsWith("_total", StringComparison.Ordinal));
            Assert.Equal(metric.Unit == "By", metric.Family.Contains("_bytes", StringComparison.Ordinal));
            Assert.Equal(metric.Unit == "s", metric.Family.Contains("_seconds", StringComparison.Ordinal));
            Assert.True(metric.Whole is null != metric.Real is null);
        });
    }

    [Fact]
    public void No_label_is_a_MAC_or_an_address_of_a_tenant_and_every_metric_has_a_limit()
    {
        string[] known = ["vni", "dir", "encap", "reason", "kind", "le", "worker", "peer", "port", "address", "group", "device", "origin", "type", "cause", "family", "alarm", "source", "result", "version", "runtime", "generation", "label", "neighbor", "fault", "endpoint", "state", "operation"];
        Assert.All(MetricCatalog.All, metric => Assert.Empty(metric.Labels.Except(known)));
        Assert.All(MetricCatalog.All, metric => Assert.InRange(metric.MaxSeries, 1, 4 * MetricLimits.Vnis));
    }
}
