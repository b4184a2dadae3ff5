using Overlay.Api;
using Overlay.Control.Evpn.Queries;
using Overlay.Control.Queries;
using Overlay.Dataplane;
using Overlay.Dataplane.Diagnostics;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;
using Overlay.Host.Configuration;
using Overlay.Host.Privileges;

namespace Overlay.Host.Composition;

/// <summary>How the daemon is, in the API's form: the facts, and what they add up to.</summary>
internal sealed class StatusView(
    OverlayConfig config,
    DataplaneSnapshot snapshot,
    IReadOnlyList<VtepRow> vteps,
    IReadOnlyList<VniRow> vnis,
    IReadOnlyList<PlaneRow> planes,
    IReadOnlyList<EvpnNeighborRow> evpn,
    IReadOnlyList<AlarmRow> alarms,
    IReadOnlyList<string> storms,
    IReadOnlyList<string> portErrors,
    TrafficSampler sampler,
    TimeProvider time,
    string socketArgument)
{
    // They were given up before anything was opened, and nothing gives any back.
    private static readonly IReadOnlyList<string> Capabilities = HeldCapabilities.Read().Effective.Names();

    private readonly List<string> _reasons = [];
    private bool _isDown;

    public StatusResponse Build(long revision, TimeSpan uptime, string health)
    {
        var local = Locals();
        var ports = Ports();
        var peers = vteps.Select(Peer).OrderBy(peer => peer.Peer, StringComparer.Ordinal).ToArray();
        var alarmLines = alarms.Select(alarm => $"{alarm.Name} {alarm.Subject}: {alarm.Sentence}{(alarm.Count > 1 ? $" ({alarm.Count} times)" : "")}").Concat(storms).ToArray();
        Judge(local, ports, peers, health);
        _reasons.AddRange(alarmLines.Select((line, i) => $"alarm {line}. Next: {NextOf(i < alarms.Count ? alarms[i].Name : line[..line.IndexOf(' ', StringComparison.Ordinal)])}"));
        return new StatusResponse
        {
            Verdict = _isDown ? "down" : _reasons.Count > 0 ? "degraded" : "ok",
            Reasons = _reasons,
            Node = config.NodeName,
            Version = BuildInformation.Version,
            UptimeSeconds = Math.Round(uptime.TotalSeconds, 1),
            Revision = revision,
            Pid = Environment.ProcessId,
            Local = local,
            Peers = peers,
            Vnis = [.. vnis.Where(vni => vni.IsConfigured).Select(Vni)],
            Ports = ports,
            Planes = [.. planes.Select(Plane)],
            Alarms = alarmLines,
            Runtime = new RuntimeStatus
            {
                AllocatedBytes = GC.GetTotalAllocatedBytes(precise: true),
                GcCount = GC.CollectionCount(0),
                ExceptionCount = ExceptionCount.Value,
                Capabilities = Capabilities,
                RssBytes = Environment.WorkingSet,
                CpuSeconds = Math.Round(Environment.CpuUsage.TotalTime.TotalSeconds, 3),
            },
        };
    }

    private string NextOf(string alarm) => alarm switch
    {
        "mac_frozen" or "mac_contested" or "move_record_limit" => Ctl("fdb moves"),
        "duplicate_address" or "neighbor_limit" => Ctl("neighbors"),
        "learn_limit_vni" or "learn_limit_vtep" or "learn_limit_total" or "mac_limit_port" or "implicit_vtep_limit" or "fdb_full" => Ctl("vni show"),
        "mass_withdraw" => Ctl("control guard"),
        "vtep_claimed" => "journalctl -u overlayd",
        "metrics_listen" => "ss -ltnp, then free the address or change metrics.listen",
        "metrics_otlp" => "journalctl -u overlayd",
        _ => Ctl("drops"),
    };

    private VniStatus Vni(VniRow row)
    {
        var group = config.Topology.Vnis.FirstOrDefault(vni => vni.Vni == row.Vni)?.Group;
        var (txFrames, txBytes) = sampler.Vni(row.Vni, Direction.Tx);
        var (rxFrames, rxBytes) = sampler.Vni(row.Vni, Direction.Rx);
        return new VniStatus
        {
            Vni = (int)row.Vni.Value,
            TxFrames = txFrames,
            TxBytes = txBytes,
            RxFrames = rxFrames,
            RxBytes = rxBytes,
            Ports = row.Ports,
            FdbEntries = row.MacCount,
            FloodPeers = row.FloodPeers,
            FloodMode = group is null ? "head-end" : "multicast",
            Group = group?.Address.ToString(),
            GroupDevice = group?.Device,
            GroupJoined = group is null ? null : snapshot.Groups.Any(state => state.IsJoined && state.Group == group.Address && state.Device == group.Device),
        };
    }

    private static PlaneStatus Plane(PlaneRow row) => new()
    {
        Name = row.Name,
        Connected = row.IsConnected,
        Routes = row.MacRoutes,
        StaleSeconds = Math.Round(row.StaleFor?.TotalSeconds ?? 0, 1),
    };

    private LocalAddressStatus[] Locals() =>
    [
        .. snapshot.Underlay.Addresses.Select(local => new LocalAddressStatus
        {
            Address = local.Address.ToString(),
            Present = local.Present,
            Device = local.Device,
            Mtu = local.Mtu == 0 ? null : local.Mtu,
        }),
    ];

    private PortStatus[] Ports()
    {
        var devices = snapshot.Ports.ToDictionary(port => port.Name, StringComparer.Ordinal);
        return [.. config.Topology.Ports.Values.Select(spec => Port(spec, devices.TryGetValue(spec.Name, out var device) ? device : null))];
    }

    private PortStatus Port(PortSpec spec, DataplaneSnapshot.PortStatus? device) => new()
    {
        Port = spec.Name,
        Tap = spec.Kind == PortDeviceKind.Tap ? spec.Device : null,
        Veth = spec.Kind == PortDeviceKind.Veth ? spec.Device : null,
        Netns = spec.Netns,
        Mode = spec.Mode.ToString().ToLowerInvariant(),
        Mac = device is { } d && !d.Mac.IsZero ? d.Mac.ToString() : null,
        Mtu = device?.Mtu is > 0 and var mtu ? mtu : null,
        LinkLimit = device?.LinkLimit is > 0 and var limit ? limit : null,
        Queues = device?.Queues ?? spec.Queues,
        Up = device?.IsUp ?? false,
        Vnis =
        [
            .. (spec.Mode == PortMode.Trunk
                    ? spec.Vlans.Values.Concat(spec.NativeVni is { } native ? [native] : [])
                    : config.Topology.Vnis.Where(vni => vni.Ports.Contains(spec.Name, StringComparer.Ordinal)).Select(vni => vni.Vni))
                .Select(vni => (int)vni.Value).Order(),
        ],
        TxFrames = device?.TxFrames,
        RxFrames = device?.RxFrames,
        TxBytes = device?.TxOctets,
        RxBytes = device?.RxOctets,
        TapQueueDrops = device?.QueueDrops,
    };

    private PeerStatus Peer(VtepRow row)
    {
        var traffic = sampler.Peer(row.Name);
        var encap = row.Encap ?? EncapKind.Vxlan;
        return new PeerStatus
        {
            Peer = row.Name,
            Addresses = [.. row.Addresses.Select(address => address.ToString())],
            Address = FdbView.Address(row.Address),
            Encap = FdbView.Encap(encap)!,
            Port = row.Port != 0 ? row.Port : ConfiguredPort(row.Name, encap),
            State = State(row),
            Bfd = "off",
            MtuBytes = Mtu(row, encap),
            TxFrames = traffic?.TxFrames ?? 0,
            RxFrames = traffic?.RxFrames ?? 0,
            TxBytes = traffic?.TxOctets ?? 0,
            RxBytes = traffic?.RxOctets ?? 0,
            TxFps = traffic?.TxRate ?? 0,
            RxFps = traffic?.RxRate ?? 0,
            SinceSeconds = traffic is null ? 0 : Math.Round(time.GetElapsedTime(traffic.Since).TotalSeconds, 1),
            Vnis = [.. row.Vnis.Select(vni => (int)vni.Value)],
            SeenPolicyId = traffic?.SeenPolicy,
            SeenIdentity = traffic?.SeenIdentity,
        };
    }

    private int ConfiguredPort(string name, EncapKind encap)
    {
        var configured = config.Routes.Peers.FirstOrDefault(peer => peer.Vtep.Vtep.Name == name)?.Vtep.Port ?? 0;
        return configured != 0 ? configured : encap == EncapKind.Geneve ? 6081 : 4789;
    }

    private static string State(VtepRow row) =>
        row.State == VtepState.Down ? "down" : row.Address != default ? "up" : row.Vnis.IsEmpty ? "idle" : "unusable";

    // What an inner IP packet may have: the path's MTU less outer IP, UDP, tunnel header, options in use and inner Ethernet header.
    private int? Mtu(VtepRow row, EncapKind encap)
    {
        var path = PathView.Of(row, encap, config, snapshot);
        return path.OverlayMtu;
    }

    private void Judge(LocalAddressStatus[] local, PortStatus[] ports, PeerStatus[] peers, string health)
    {
        if (health != "ok")
        {
            _isDown = true;
            _reasons.Add($"the daemon is {health}. Next: journalctl -u overlayd");
        }

        foreach (var address in local.Where(address => !address.Present))
        {
            _reasons.Add($"local address {address.Address} is on no device. Next: ip -br address");
        }

        foreach (var state in snapshot.Underlay.Addresses.Where(state => state.Present && !state.LinkUp))
        {
            _reasons.Add($"the link of {state.Device} ({state.Address}) is down. Next: ip -br link show {state.Device}");
        }

        _isDown |= local.Length > 0 && local.All(address => !address.Present);
        _reasons.AddRange(portErrors.Select(error => $"{error}. Next: {Ctl("config reload")}, after correcting it"));
        foreach (var port in ports.Where(port => !port.Up && !portErrors.Any(error => error.Contains($"'{port.Port}'", StringComparison.Ordinal))))
        {
            var ip = port.Netns is null ? "ip" : $"ip -n {port.Netns}";
            _reasons.Add(port.Veth is { } veth
                ? $"port {port.Port} is down, or the other end of its veth pair is. Next: {ip} link show {veth}"
                : $"port {port.Port} is down. Next: {ip} link set {port.Tap} up");
        }

        _isDown |= ports.Length > 0 && ports.All(port => !port.Up);
        foreach (var peer in peers)
        {
            if (peer.State == "down")
            {
                _reasons.Add($"peer {peer.Peer} is down. Next: ping {peer.Address ?? string.Join(" or ", peer.Addresses)}");
            }
            else if (peer.State == "unusable")
            {
                _reasons.Add($"peer {peer.Peer} cannot be reached from any local address. Next: ip -br address");
            }
        }

        foreach (var group in snapshot.Groups.Where(group => !group.IsJoined))
        {
            _reasons.Add($"multicast group {group.Group} is not joined on {group.Device}: {group.Problem}. Next: ip -br link show {group.Device}");
        }

        foreach (var plane in planes.Where(plane => !plane.IsConnected))
        {
            _reasons.Add($"control plane {plane.Name} is out of touch{(plane.LastError is null ? "" : $" ({plane.LastError})")}. Next: journalctl -u overlayd");
        }

        // A dynamic neighbour that is gone may never come back; one that is configured is missed.
        foreach (var neighbor in evpn.Where(neighbor => !neighbor.IsDynamic && neighbor.State is not ("established" or "shutdown")))
        {
            _reasons.Add($"BGP neighbour {neighbor.Name} is {neighbor.State}{(neighbor.StaleRoutes > 0 ? $", {neighbor.StaleRoutes} routes of it are stale but in force" : "")}. Next: {Ctl($"evpn neighbor show {neighbor.Name}")}");
        }

        foreach (var reason in new[] { DropReason.UnderlayUnreachable, DropReason.UnderlaySendRefused })
        {
            if (sampler.LastMinute(Direction.Tx, reason) is > 0 and var dropped)
            {
                _reasons.Add($"{dropped} frames dropped in the last minute as {DropReasons.Name(reason)}: {DropReasons.Sentence(reason)} Next: {Ctl("doctor")}");
            }
        }

        if (snapshot.WorkerFaults > 0)
        {
            _reasons.Add($"{snapshot.WorkerFaults} batches were abandoned because of a defect of overlayd. Next: journalctl -u overlayd");
        }
    }

    private string Ctl(string verb) => $"overlayctl {socketArgument}{verb}";
}
