using System.Collections.Immutable;
using Overlay.Control.Etcd.Options;
using Overlay.Host.Configuration.Sections;
using Overlay.Host.Configuration.Yaml;

namespace Overlay.Host.Configuration;

/// <summary>
/// Turns a file, or a text, into an <see cref="OverlayConfig"/> or into all the reasons why not. Total: nothing a file holds makes it throw.
/// Thread-safe; keeps nothing.
/// </summary>
public static class ConfigurationLoader
{
    /// <summary>Prefix of environment variables that override keys.</summary>
    public const string EnvironmentPrefix = "OVERLAY__";

    /// <summary>Loads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="environment">Variables that may override keys; null for this process's.</param>
    public static ConfigurationResult Load(string path, IReadOnlyDictionary<string, string>? environment = null)
    {
        var problems = new ProblemList();
        var text = ConfigurationText.Read(path, problems);
        return text is null
            ? new ConfigurationResult { Errors = problems.Errors, Warnings = problems.Warnings }
            : Load(text, path, problems, environment ?? ProcessEnvironment());
    }

    /// <summary>Loads a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="source">What errors call it.</param>
    /// <param name="environment">Variables that may override keys; null for none.</param>
    public static ConfigurationResult Parse(string text, string source = "(text)", IReadOnlyDictionary<string, string>? environment = null) =>
        Load(text, source, new ProblemList(), environment ?? new Dictionary<string, string>(StringComparer.Ordinal));

    /// <summary>The variables of this process that override keys.</summary>
    public static IReadOnlyDictionary<string, string> ProcessEnvironment()
    {
        var result = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (System.Collections.DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            if (entry.Key is string name && name.StartsWith(EnvironmentPrefix, StringComparison.Ordinal))
            {
                result[name] = entry.Value as string ?? "";
            }
        }

        return result;
    }

    private static ConfigurationResult Load(string text, string source, ProblemList problems, IReadOnlyDictionary<string, string> environment)
    {
        var root = YamlTreeReader.Read(text, source, problems);
        if (!problems.HasErrors && root is null or YamlScalar { IsNull: true })
        {
            problems.Error(source, 1, 1, "", "no keys in it: at least node.name and node.local are needed; see deploy/overlayd.example.yaml");
        }

        OverlayConfig? value = null;
        if (root is YamlMapping map)
        {
            value = Bind(EnvironmentOverrides.Apply(map, environment, problems), problems);
        }
        else if (root is not null && !problems.HasErrors)
        {
            problems.Error(root, "", $"expected keys with values, such as 'node:', found {root.Kind}");
        }

        return new ConfigurationResult
        {
            Value = problems.HasErrors ? null : value,
            Errors = problems.Errors,
            Warnings = problems.Warnings,
            Text = text,
        };
    }

    private static OverlayConfig Bind(YamlMapping map, ProblemList problems)
    {
        var root = MapReader.Open(problems, map, "", "");
        var (nodeName, underlay) = UnderlaySection.Read(root);
        var control = root.Map("control");
        var workers = DaemonSections.ReadWorkers(root.Map("workers"));
        var ports = PortSection.Read(root);
        var (vnis, evpnVnis, etcdVnis, allVnisRead) = VniSection.Read(root, ports, underlay);
        var routes = PeerSection.Read(root, nodeName, underlay, new PeerSection.Known(vni => !allVnisRead || vnis.ContainsKey(vni), vni => vnis.GetValueOrDefault(vni)?.Group is not null));
        var etcd = EtcdSection.Read(control, nodeName, underlay, etcdVnis);
        return new OverlayConfig
        {
            NodeName = nodeName,
            Underlay = underlay,
            Workers = workers,
            Admin = DaemonSections.ReadAdmin(root.Map("admin")),
            Metrics = DaemonSections.ReadMetrics(root.Map("metrics")),
            Log = DaemonSections.ReadLog(root.Map("log")),
            Privileges = PrivilegeSection.Read(root.Map("privileges")),
            StateDirectory = DaemonSections.ReadState(root.Map("state")),
            Precedence = DaemonSections.ReadControl(control),
            Guard = GuardSection.Read(control.Map("guard")),
            StaleHold = GuardSection.ReadStaleHold(control),
            Evpn = EvpnSection.Read(control, underlay, evpnVnis),
            Etcd = etcd,
            Routes = routes,
            Topology = OptionSection.Read(root.Map("options")) with
            {
                Ports = ports.Values.ToImmutableSortedDictionary(port => port.Spec.Name, port => port.Spec, StringComparer.Ordinal),
                Vnis = [.. vnis.Values.OrderBy(vni => vni.Vni).Select(vni => vni with { AsksOnMiss = etcd?.ModeOf(vni.Vni) == EtcdVniMode.OnDemand })],
            },
        };
    }
}
