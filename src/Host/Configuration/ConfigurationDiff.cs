using System.Globalization;
using Overlay.Control.Etcd.Options;
using Overlay.Control.Evpn.Options;

namespace Overlay.Host.Configuration;

/// <summary>What a reload would change.</summary>
/// <param name="RestartKeys">Keys that changed and need a restart; a reload with any of them is refused whole.</param>
/// <param name="Changes">Changes that a reload applies, a line each.</param>
public sealed record ConfigurationDiff(IReadOnlyList<string> RestartKeys, IReadOnlyList<string> Changes)
{
    /// <summary>Compares the configuration in force with another.</summary>
    public static ConfigurationDiff Compare(OverlayConfig old, OverlayConfig @new) => new(FindRestartKeys(old, @new), FindChanges(old, @new));

    private static List<string> FindRestartKeys(OverlayConfig old, OverlayConfig @new)
    {
        var keys = new List<string>();
        void Check(string key, bool equal)
        {
            if (!equal)
            {
                keys.Add(key);
            }
        }

        var (u, v) = (old.Underlay, @new.Underlay);
        Check("node.name", old.NodeName == @new.NodeName);
        Check("node.local", u.Local.SequenceEqual(v.Local));
        Check("listen.vxlan", u.VxlanPort == v.VxlanPort);
        Check("listen.geneve", u.GenevePort == v.GenevePort);
        Check("listen.source_ports", (u.SourcePortFirst, u.SourcePortLast) == (v.SourcePortFirst, v.SourcePortLast));
        Check("listen.source_port_count", u.SourcePortCount == v.SourcePortCount);
        Check("listen.checksum", u.Checksum == v.Checksum);
        Check("listen.df", u.DontFragment == v.DontFragment);
        Check("listen.path_mtu_min", u.PathMtuMin == v.PathMtuMin);
        Check("listen.ttl", u.Ttl == v.Ttl);
        Check("listen.dscp", u.Dscp == v.Dscp);
        Check("listen.strict", u.Strict == v.Strict);
        Check("listen.device", u.Device == v.Device);
        Check("workers.count", old.Workers.Count == @new.Workers.Count);
        Check("workers.cpus", old.Workers.Cpus.SequenceEqual(@new.Workers.Cpus));
        Check("workers.spin", old.Workers.Spin == @new.Workers.Spin);
        Check("workers.lane", old.Workers.Lane == @new.Workers.Lane);
        Check("admin.socket", old.Admin == @new.Admin);
        Check("privileges.capabilities", old.Privileges == @new.Privileges);
        Check("state.directory", old.StateDirectory == @new.StateDirectory);
        Check("control.precedence", old.Precedence.SequenceEqual(@new.Precedence));
        Check("control.etcd", Equals(old.Etcd, @new.Etcd is { } etcd && old.Etcd is { } had ? OwnKeys(etcd, had) : @new.Etcd));
        Check("control.evpn", old.Evpn is null == @new.Evpn is null);
        if (old.Evpn is { } before && @new.Evpn is { } after)
        {
            Check("control.evpn.as", before.As == after.As);
            Check("control.evpn.router_id", before.RouterId == after.RouterId);
            Check("control.evpn.listen", before.ListenAddresses.SequenceEqual(after.ListenAddresses));
            Check("control.evpn.port", before.ListenPort == after.ListenPort);
            Check("control.evpn.route_limit", before.RouteLimit == after.RouteLimit);
        }

        Check("options.policy", old.Topology.PolicyOption == @new.Topology.PolicyOption);
        Check("options.telemetry", old.Topology.TelemetryOption == @new.Topology.TelemetryOption);
        Check("options.identity", old.Topology.IdentityOption == @new.Topology.IdentityOption);
        return keys;
    }

    // Our name and ports have keys of their own, and modes are changed by a reload.
    private static EtcdOptions OwnKeys(EtcdOptions etcd, EtcdOptions old) =>
        etcd with { Node = old.Node, VxlanPort = old.VxlanPort, GenevePort = old.GenevePort, DefaultMode = old.DefaultMode, Vnis = old.Vnis };

    private static List<string> FindChanges(OverlayConfig old, OverlayConfig @new)
    {
        var changes = new List<string>();
        if (old.Etcd is { } was && @new.Etcd is { } isNow && was.DefaultMode != isNow.DefaultMode)
        {
            changes.Add($"control.etcd.mode: {(isNow.DefaultMode == EtcdVniMode.OnDemand ? "on-demand" : "mirror")}");
        }

        if (old.Log != @new.Log)
        {
            changes.Add($"log.level: {@new.Log.Level.ToString().ToLowerInvariant()}");
        }

        if (!Equals(old.Metrics.Listen, @new.Metrics.Listen))
        {
            changes.Add($"metrics.listen: {@new.Metrics.Listen?.ToString() ?? "null"}");
        }

        if (old.Metrics.Otlp != @new.Metrics.Otlp)
        {
            changes.Add($"metrics.otlp: {@new.Metrics.Otlp?.Endpoint.ToString() ?? "null"}");
        }

        if (old.Guard != @new.Guard)
        {
            changes.Add(@new.Guard.Enabled
                ? string.Create(CultureInfo.InvariantCulture, $"control.guard: more than {@new.Guard.Share}% and {@new.Guard.Entries} entries are held {@new.Guard.Hold.TotalSeconds:0.###} s")
                : "control.guard: off");
        }

        if (old.StaleHold != @new.StaleHold)
        {
            changes.Add(string.Create(CultureInfo.InvariantCulture, $"control.stale_hold: {(@new.StaleHold is { } hold ? $"{hold.TotalSeconds:0.###} s" : "never")}"));
        }

        Collect(changes, "port", old.Topology.Ports.Values, @new.Topology.Ports.Values, port => port.Name);
        Collect(changes, "vni", old.Topology.Vnis, @new.Topology.Vnis, vni => vni.Vni.ToString());
        Collect(changes, "peer", old.Routes.Peers, @new.Routes.Peers, peer => peer.Vtep.Vtep.Name);
        Collect(changes, "mac", old.Routes.Macs, @new.Routes.Macs, mac => $"{mac.Mac} in vni {mac.Vni}");
        if (old.Evpn is { } before && @new.Evpn is { } after)
        {
            FindEvpnChanges(changes, before, after);
        }

        return changes;
    }

    private static void FindEvpnChanges(List<string> changes, EvpnOptions old, EvpnOptions @new)
    {
        void Check(string key, bool isEqual, string value)
        {
            if (!isEqual)
            {
                changes.Add($"control.evpn.{key}: {value}");
            }
        }

        Check("encap", old.Encaps.SequenceEqual(@new.Encaps), string.Join(", ", @new.Encaps).ToLowerInvariant());
        Check("vtep_family", old.PreferredFamily == @new.PreferredFamily, @new.PreferredFamily.ToString().ToLowerInvariant());
        Check("route_targets", old.RouteTargets == @new.RouteTargets, @new.RouteTargets == RouteTargetForm.Rfc8365 ? "rfc8365" : "as-vni");
        Check("graceful_restart", (old.RestartTime, old.StalePathTime) == (@new.RestartTime, @new.StalePathTime), $"{@new.RestartTime.TotalSeconds:0}s, stale paths {@new.StalePathTime.TotalSeconds:0}s");
        Collect(changes, "evpn neighbor", old.Neighbors, @new.Neighbors, neighbor => neighbor.Address.ToString());
        Collect(changes, "evpn prefix", old.Dynamic, @new.Dynamic, dynamic => $"{dynamic.Prefix}/{dynamic.PrefixLength}");
        Collect(changes, "evpn vni", old.Vnis, @new.Vnis, vni => vni.Key.ToString(), (one, other) => one.Value.Equals(other.Value));
    }

    private static void Collect<T>(List<string> changes, string what, IEnumerable<T> old, IEnumerable<T> @new, Func<T, string> name, Func<T, T, bool>? isEqual = null)
        where T : notnull
    {
        var before = old.ToDictionary(name, StringComparer.Ordinal);
        foreach (var item in @new)
        {
            if (!before.Remove(name(item), out var previous))
            {
                changes.Add($"{what} {name(item)}: added");
            }
            else if (!(isEqual?.Invoke(item, previous) ?? item.Equals(previous)))
            {
                changes.Add($"{what} {name(item)}: changed");
            }
        }

        changes.AddRange(before.Keys.Select(gone => $"{what} {gone}: removed"));
    }
}
