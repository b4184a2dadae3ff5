using System.Collections.Immutable;
using Overlay.Control.Evpn.Queries;
using Overlay.Control.Queries;
using Overlay.Dataplane;
using Overlay.Dataplane.Underlay;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Host.Composition;

namespace Overlay.Host.Events;

/// <summary>
/// Looks at the daemon once a second and notes what is another than the second before. What comes and goes within a second is not seen; of one kind
/// at most <see cref="MaxOfAKind"/> events a second are noted, the rest is counted in one <c>omitted</c>.
/// </summary>
/// <remarks>One caller of <see cref="TickAsync"/> at a time.</remarks>
internal sealed class EventWatch(EventLog log)
{
    /// <summary>Events of one kind that a second may have.</summary>
    public const int MaxOfAKind = 50;

    private const int MaxMoves = 200;
    private readonly Dictionary<string, DataplaneSnapshot.PortStatus> _ports = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _peers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _paths = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (VtepState State, int Mtu, UnderlayAddress Address)> _hops = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _alarms = new(StringComparer.Ordinal);
    private readonly Dictionary<(Vni Vni, MacAddress Mac), (int Moves, bool Frozen)> _moves = [];
    private readonly Dictionary<string, (bool IsUp, long Sessions)> _neighbors = new(StringComparer.Ordinal);
    private readonly HashSet<string> _hostAlarms = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _noted = new(StringComparer.Ordinal);
    private IReadOnlyList<string> _storms = [];
    private UnderlayChange? _underlay;
    private (long Moved, long Frozen) _moved;
    private bool _hasFrozen;

    /// <summary>Looks.</summary>
    public async Task TickAsync(DaemonRuntime runtime)
    {
        _noted.Clear();
        WatchPorts(runtime);
        WatchUnderlay(runtime.Dataplane.Underlay);
        WatchPeers(runtime);
        WatchStorms(runtime.Storms.Alarms);
        WatchEvpn(runtime.Evpn?.Neighbors() ?? []);
        WatchAlarms(await runtime.Control.Alarms());
        WatchHostAlarms(runtime.HostAlarms.Lines);
        await WatchMovesAsync(runtime);
        foreach (var (name, count) in _noted)
        {
            if (count > MaxOfAKind)
            {
                log.Add(EventNames.Omitted, name, $"{count - MaxOfAKind} more events {name} in the same second are not noted one by one", ("count", $"{count - MaxOfAKind}"));
            }
        }
    }

    private void Note(string name, string? subject, string message, params ReadOnlySpan<(string Name, string Value)> fields)
    {
        var count = _noted[name] = _noted.GetValueOrDefault(name) + 1;
        if (count <= MaxOfAKind)
        {
            log.Add(name, subject, message, fields);
        }
    }

    // A session that was lost and came back between two looks is both events.
    private void WatchEvpn(ImmutableArray<EvpnNeighborRow> neighbors)
    {
        foreach (var neighbor in neighbors)
        {
            var (wasUp, sessions) = _neighbors.GetValueOrDefault(neighbor.Name);
            var isUp = neighbor.State == "established";
            _neighbors[neighbor.Name] = (isUp, neighbor.Established);
            if (wasUp && (!isUp || neighbor.Established > sessions))
            {
                Note(EventNames.EvpnNeighborDown, neighbor.Name, $"the session with BGP neighbour {neighbor.Name} ended: {neighbor.LastError ?? "no reason known"}; {neighbor.StaleRoutes} routes of it are stale but in force",
                    ("state", neighbor.State), ("reason", neighbor.LastError ?? ""), ("stale", $"{neighbor.StaleRoutes}"));
            }

            if (isUp && (!wasUp || neighbor.Established > sessions))
            {
                Note(EventNames.EvpnNeighborUp, neighbor.Name, $"the session with BGP neighbour {neighbor.Name}, AS {neighbor.As}, is established", ("as", $"{neighbor.As}"), ("router_id", neighbor.RouterId ?? ""));
            }
        }

        if (_neighbors.Count > neighbors.Length)
        {
            foreach (var gone in _neighbors.Keys.Except(neighbors.Select(neighbor => neighbor.Name), StringComparer.Ordinal).ToArray())
            {
                if (_neighbors.Remove(gone, out var last) && last.IsUp)
                {
                    Note(EventNames.EvpnNeighborDown, gone, $"BGP neighbour {gone} was removed", ("state", "removed"));
                }
            }
        }
    }

    private void WatchPorts(DaemonRuntime runtime)
    {
        foreach (var port in runtime.LastPorts)
        {
            var isKnown = _ports.TryGetValue(port.Name, out var before);
            _ports[port.Name] = port;
            if ((!isKnown && port.IsUp) || (isKnown && port.IsUp && !before.IsUp))
            {
                Note(EventNames.PortUp, port.Name, $"port {port.Name} ({port.Device}) is up", ("device", port.Device), ("mac", port.Mac.ToString()));
            }
            else if (!port.IsUp && (!isKnown || before.IsUp))
            {
                Note(EventNames.PortDown, port.Name, $"port {port.Name} ({port.Device}) is down: its tenants cannot be reached", ("device", port.Device));
            }

            if (isKnown && port.Queues != before.Queues)
            {
                Note(EventNames.PortQueues, port.Name, $"port {port.Name} has {port.Queues} queues; it had {before.Queues}", ("queues", $"{port.Queues}"), ("before", $"{before.Queues}"));
            }

            if (isKnown && port.Mtu != before.Mtu)
            {
                Note(EventNames.PortMtu, port.Name, $"port {port.Name} has an MTU of {port.Mtu}; it had {before.Mtu}", ("mtu", $"{port.Mtu}"), ("before", $"{before.Mtu}"));
            }
        }

        if (_ports.Count > runtime.LastPorts.Length)
        {
            foreach (var gone in _ports.Keys.Except(runtime.LastPorts.Select(port => port.Name), StringComparer.Ordinal).ToArray())
            {
                _ports.Remove(gone);
            }
        }
    }

    private void WatchUnderlay(UnderlayChange now)
    {
        var before = _underlay;
        _underlay = now;
        if (ReferenceEquals(before, now) || before is null)
        {
            return;
        }

        foreach (var local in now.Addresses)
        {
            var old = before.Addresses.FirstOrDefault(other => other.Address == local.Address);
            var address = local.Address.ToString();
            if (local.Present != old.Present)
            {
                Note(EventNames.UnderlayAddress, address, local.Present ? $"local address {address} is on {local.Device}" : $"local address {address} is on no device any more",
                    ("present", local.Present ? "true" : "false"), ("device", local.Device ?? old.Device ?? ""));
            }
            else if (local.Present && (local.LinkUp != old.LinkUp || local.Device != old.Device))
            {
                Note(EventNames.UnderlayLink, local.Device, $"the link of {local.Device} ({address}) is {(local.LinkUp ? "up" : "down")}", ("address", address), ("up", local.LinkUp ? "true" : "false"));
            }
            else if (local.Present && local.Mtu != old.Mtu)
            {
                Note(EventNames.UnderlayLink, local.Device, $"the link of {local.Device} ({address}) has an MTU of {local.Mtu}; it had {old.Mtu}", ("address", address), ("mtu", $"{local.Mtu}"), ("before", $"{old.Mtu}"));
            }
        }
    }

    // What is configured, by what the forwarding tables have of it. VTEPs that nobody configured come and go with tenants: they are no events.
    private void WatchPeers(DaemonRuntime runtime)
    {
        _hops.Clear();
        var hops = runtime.Dataplane.Forwarding.ListNextHops();
        for (var i = 0; i < hops.Count; i++)
        {
            if (hops[i] is { IsGroup: false } hop)
            {
                var mtu = hop.PathMtu;
                var known = _hops.GetValueOrDefault(hop.Vtep.Name);
                _hops[hop.Vtep.Name] = (hop.Vtep.State, known.Mtu > 0 && mtu > 0 ? Math.Min(known.Mtu, mtu) : Math.Max(known.Mtu, mtu), hop.Spec.Address);
            }
        }

        var peers = runtime.Config.Routes.Peers;
        foreach (var peer in peers)
        {
            var name = peer.Vtep.Vtep.Name;
            var hasHop = _hops.TryGetValue(name, out var hop);
            var state = peer.Vnis.IsEmpty ? "idle" : !hasHop ? "unusable" : hop.State == VtepState.Down ? "down" : "up";
            var before = _peers.GetValueOrDefault(name);
            if (state != before)
            {
                _peers[name] = state;
                Tell(name, state, before, hop.Address);
            }

            if (hasHop && hop.Mtu != _paths.GetValueOrDefault(name))
            {
                if (_paths.TryGetValue(name, out var old) && old > 0 && hop.Mtu > 0)
                {
                    Note(EventNames.PeerMtu, name, $"the path to peer {name} takes {hop.Mtu} octets; it took {old}", ("mtu", $"{hop.Mtu}"), ("before", $"{old}"));
                }

                _paths[name] = hop.Mtu;
            }
        }

        if (_peers.Count > peers.Length)
        {
            foreach (var gone in _peers.Keys.Except(peers.Select(peer => peer.Vtep.Vtep.Name), StringComparer.Ordinal).ToArray())
            {
                _peers.Remove(gone);
                _paths.Remove(gone);
            }
        }
    }

    private void Tell(string name, string state, string? before, UnderlayAddress address)
    {
        switch (state)
        {
            case "up":
                Note(EventNames.PeerUp, name, $"peer {name} is sent to at {address}", ("address", address.ToString()), ("before", before ?? "unknown"));
                break;
            case "down":
                Note(EventNames.PeerDown, name, $"peer {name} is down: nothing is sent to it", ("before", before ?? "unknown"));
                break;
            case "unusable":
                Note(EventNames.PeerUnusable, name, $"peer {name} cannot be reached from any local address", ("before", before ?? "unknown"));
                break;
        }
    }

    private void WatchStorms(IReadOnlyList<string> now)
    {
        if (ReferenceEquals(now, _storms))
        {
            return;
        }

        foreach (var begun in now.Except(_storms, StringComparer.Ordinal))
        {
            Note(EventNames.StormBegan, null, begun);
        }

        foreach (var over in _storms.Except(now, StringComparer.Ordinal))
        {
            Note(EventNames.StormEnded, null, $"over: {over}");
        }

        _storms = now;
    }

    private void WatchAlarms(IReadOnlyList<AlarmRow> rows)
    {
        if (rows.Count == 0 && _alarms.Count == 0)
        {
            return;
        }

        var now = new HashSet<string>(StringComparer.Ordinal);
        foreach (var row in rows)
        {
            var key = $"{row.Name} {row.Subject}";
            now.Add(key);
            if (_alarms.TryAdd(key, row.Name))
            {
                Note(IsLimit(row.Name) ? EventNames.LimitReached : EventNames.AlarmRaised, row.Subject, $"{row.Name} {row.Subject}: {row.Sentence}", ("alarm", row.Name));
            }
        }

        foreach (var (key, name) in _alarms.Where(pair => !now.Contains(pair.Key)).ToArray())
        {
            _alarms.Remove(key);
            Note(IsLimit(name) ? EventNames.LimitCleared : EventNames.AlarmCleared, key[(name.Length + 1)..], $"over: {key}", ("alarm", name));
        }
    }

    // A line each, which begins with the alarm's name; there are few, so a name is on once.
    private void WatchHostAlarms(IReadOnlyList<string> lines)
    {
        if (lines.Count == 0 && _hostAlarms.Count == 0)
        {
            return;
        }

        foreach (var line in lines)
        {
            var name = line.Split(' ', 2)[0];
            if (_hostAlarms.Add(name))
            {
                Note(EventNames.AlarmRaised, name, line, ("alarm", name));
            }
        }

        foreach (var over in _hostAlarms.Where(name => !lines.Any(line => line.Split(' ', 2)[0] == name)).ToArray())
        {
            _hostAlarms.Remove(over);
            Note(EventNames.AlarmCleared, over, $"over: {over}", ("alarm", over));
        }
    }

    private static bool IsLimit(string alarm) => alarm.Contains("limit", StringComparison.Ordinal) || alarm is "fdb_full";

    // Asked for only while something moves or is frozen.
    private async Task WatchMovesAsync(DaemonRuntime runtime)
    {
        var counters = await runtime.Control.LearnCounters();
        if ((counters.Moved, counters.Frozen) == _moved && !_hasFrozen)
        {
            return;
        }

        _moved = (counters.Moved, counters.Frozen);
        var moves = await runtime.Control.FdbMoves(limit: MaxMoves);
        foreach (var row in moves.Rows)
        {
            var key = (row.Vni, row.Mac);
            var before = _moves.GetValueOrDefault(key);
            var isFrozen = row.FrozenFor is not null;
            _moves[key] = (row.Moves, isFrozen);
            var fields = new (string, string)[] { ("vni", row.Vni.ToString()), ("from", row.From), ("to", row.To), ("moves", $"{row.Moves}") };
            if (isFrozen && !before.Frozen)
            {
                Note(EventNames.MacFrozen, row.Mac.ToString(), $"{row.Mac} in VNI {row.Vni} is frozen at {row.Place ?? "no place"}: it moved {row.Moves} times, last from {row.From} to {row.To}", fields);
            }
            else if (!isFrozen && before.Frozen)
            {
                Note(EventNames.MacUnfrozen, row.Mac.ToString(), $"{row.Mac} in VNI {row.Vni} may move again", fields);
            }
            else if (row.Moves > before.Moves && !isFrozen)
            {
                Note(EventNames.MacMoved, row.Mac.ToString(), $"{row.Mac} in VNI {row.Vni} moved from {row.From} to {row.To}", fields);
            }
        }

        // What is forgotten, or was let go by an operator.
        foreach (var (key, known) in _moves.Where(pair => !moves.Rows.Any(row => (row.Vni, row.Mac) == pair.Key)).ToArray())
        {
            _moves.Remove(key);
            if (known.Frozen)
            {
                Note(EventNames.MacUnfrozen, key.Mac.ToString(), $"{key.Mac} in VNI {key.Vni} may move again", ("vni", key.Vni.ToString()));
            }
        }

        _hasFrozen = _moves.Any(pair => pair.Value.Frozen);
    }
}
