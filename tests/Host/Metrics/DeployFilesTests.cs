using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Overlay.Control.Queries;
using Overlay.Dataplane.Diagnostics;
using Overlay.Host.Composition;
using Overlay.Host.Metrics;
using Xunit;

namespace Overlay.Host.Tests.Metrics;

/// <summary>The dashboard and the alert rules name what the daemon exports (that the page has these names and labels is tested beside).</summary>
public sealed partial class DeployFilesTests
{
    private static readonly string Alerts = RepositoryFiles.PathOf("deploy", "prometheus", "alerts.yml");
    private static readonly string[] Everywhere = ["instance", "job"];

    [Fact]
    public void The_dashboard_names_metrics_and_labels_that_there_are()
    {
        var dashboard = JsonNode.Parse(File.ReadAllText(RepositoryFiles.PathOf("deploy", "grafana", "overlay.json")))!;
        var panels = dashboard["panels"]!.AsArray().Where(panel => (string?)panel!["type"] != "row").ToArray();
        Assert.True(panels.Length >= 25);
        foreach (var target in panels.SelectMany(panel => panel!["targets"]!.AsArray()))
        {
            var labels = Judge((string)target!["expr"]!);
            Assert.All(Legend().Matches((string)target["legendFormat"]!), match => Assert.Contains(match.Groups[1].Value, labels));
        }

        Assert.All(dashboard["annotations"]!["list"]!.AsArray(), item => Judge((string)item!["expr"]!));
        Assert.All(dashboard["templating"]!["list"]!.AsArray().Where(item => (string?)item!["type"] == "query"), item =>
        {
            var query = (string)item!["query"]!["query"]!;
            var wanted = LabelValues().Match(query);
            Assert.Contains(wanted.Groups[2].Value, Judge(wanted.Groups[1].Value));
        });
        Assert.Equal(panels.Length, panels.Select(panel => (string)panel!["title"]!).Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public void The_alert_rules_name_metrics_labels_and_values_that_there_are_and_each_says_what_to_do()
    {
        var rules = File.ReadAllText(Alerts).Split("- alert:")[1..];
        Assert.True(rules.Length >= 15);
        foreach (var rule in rules)
        {
            var expression = Expression().Match(rule).Groups[1].Value;
            var labels = Judge(expression);
            Assert.All(Template().Matches(rule), match => Assert.Contains(match.Groups[1].Value, labels));
            Assert.Matches("severity: (critical|warning|info)", rule);
            Assert.Contains("summary:", rule, StringComparison.Ordinal);
            Assert.Contains("description:", rule, StringComparison.Ordinal);
        }

        var reasons = Enum.GetValues<DropReason>().Select(DropReasons.Name).ToArray();
        Assert.All(Reasons().Matches(File.ReadAllText(Alerts)).SelectMany(match => match.Groups[1].Value.Split('|')), reason => Assert.Contains(reason, reasons));
        Assert.NotEmpty(AlarmCatalog.Names.Concat(HostAlarms.Names));
    }

    [Fact]
    public async Task Promtool_takes_the_rules_and_they_fire_when_they_should()
    {
        Assert.Equal(0, (await Promtool.RunAsync("", "check", "rules", "--lint-fatal", Alerts)).Code);
        var (code, output) = await Promtool.RunAsync("", "test", "rules", RepositoryFiles.PathOf("deploy", "prometheus", "alerts_test.yml"));
        Assert.True(code == 0, output);
        (code, output) = await Promtool.RunAsync("", "check", "config", "--syntax-only", RepositoryFiles.PathOf("deploy", "prometheus", "scrape.yml"));
        Assert.True(code == 0, output);
    }

    // The labels that the metrics of an expression have.
    private static HashSet<string> Judge(string expression)
    {
        var labels = new HashSet<string>(Everywhere, StringComparer.Ordinal);
        var names = 0;
        foreach (Match match in Selector().Matches(expression))
        {
            if (match.Groups[1].Value == "up")
            {
                names++;
                continue;
            }

            var metric = MetricCatalog.All.SingleOrDefault(metric => metric.Name == match.Groups[1].Value);
            Assert.True(metric is not null, $"'{match.Groups[1].Value}' in: {expression}");
            names++;
            labels.UnionWith(metric.Labels);
            Assert.All(Matcher().Matches(match.Groups[2].Value), matcher => Assert.Contains(matcher.Groups[1].Value, metric.Labels.Concat(Everywhere)));
        }

        Assert.True(names > 0, expression);
        Assert.All(Grouping().Matches(expression).SelectMany(match => match.Groups[1].Value.Split(',', StringSplitOptions.TrimEntries)), label => Assert.Contains(label, labels));
        return labels;
    }

    [GeneratedRegex(@"\b((?:overlay|process)_[a-z0-9_]+|up)\b(\{[^}]*\})?")]
    private static partial Regex Selector();

    [GeneratedRegex("([a-z_]+)(?:=~|!~|!=|=)\"")]
    private static partial Regex Matcher();

    [GeneratedRegex(@"\b(?:by|on) ?\(([^)]*)\)")]
    private static partial Regex Grouping();

    [GeneratedRegex(@"\{\{([a-z_]+)\}\}")]
    private static partial Regex Legend();

    [GeneratedRegex(@"\{\{ \$labels\.([a-z_]+) \}\}")]
    private static partial Regex Template();

    [GeneratedRegex(@"expr: (.*)")]
    private static partial Regex Expression();

    [GeneratedRegex("reason=~?\"([^\"]*)\"")]
    private static partial Regex Reasons();

    [GeneratedRegex(@"^label_values\((.*), ([a-z_]+)\)$")]
    private static partial Regex LabelValues();
}
