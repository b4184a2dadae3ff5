using System.Collections.Immutable;
using System.Globalization;
using Overlay.Control.Evpn.Bgp.Session;
using Overlay.Control.Evpn.Bgp.Wire;
using Overlay.Control.Evpn.Queries;
using Overlay.Encap;

namespace Overlay.Control.Evpn.Rib;

/// <content>Rows for the operator. They are the caller's; the lock is held for a slice at a time.</content>
internal sealed partial class EvpnRib
{
    /// <summary>What the table knows of a neighbour, added to what its session knows.</summary>
    public EvpnNeighborRow Complete(EvpnNeighborRow row)
    {
        lock (_gate)
        {
            return !_peerByName.TryGetValue(row.Name, out RibPeer? peer) ? row : row with
            {
                Routes = peer.Routes,
                StaleRoutes = peer.StaleRoutes,
                HasEndOfRib = peer.HasEndOfRib,
                Faults = row.Faults.SetItems(peer.Faults.Select(f => KeyValuePair.Create(f.Key, f.Value + row.Faults.GetValueOrDefault(f.Key)))),
            };
        }
    }

    /// <summary>Neighbours that have routes here or had a session, and those that the control loop has routes of from before our restart.</summary>
    public ImmutableArray<string> PeerNames()
    {
        lock (_gate)
        {
            return [.. _peerByName.Keys.Union(_restored, StringComparer.Ordinal)];
        }
    }

    /// <summary>The sessions in being.</summary>
    public ImmutableArray<IBgpSession> Sessions()
    {
        lock (_gate)
        {
            return [.. _sessions.Keys];
        }
    }

    /// <summary>The session of a neighbour, or null.</summary>
    public IBgpSession? SessionOf(string name)
    {
        lock (_gate)
        {
            return _peerByName.GetValueOrDefault(name)?.Session;
        }
    }

    /// <summary>What is counted.</summary>
    public EvpnFigures Figures()
    {
        lock (_gate)
        {
            return new EvpnFigures(
                [.. _routesByType], _announced, _withdrawn, _swept, _refused, _sessions.Count, _peerByName.Count, _peerByName.Values.Sum(static p => (long)p.StaleRoutes), _attributes.Count);
        }
    }

    /// <summary>Routes of peers, a page of them.</summary>
    /// <param name="filter">Which.</param>
    /// <param name="cursor">0 to begin.</param>
    /// <param name="limit">Rows at most.</param>
    /// <param name="rows">Where they go.</param>
    /// <returns>The next cursor; 0 at the end.</returns>
    public int Read(EvpnRouteFilter filter, int cursor, int limit, ImmutableArray<EvpnRouteRow>.Builder rows)
    {
        while (true)
        {
            lock (_gate)
            {
                int end = Math.Min(_paths.High, cursor + Slice);
                for (; cursor < end; cursor++)
                {
                    if (_paths[cursor].Attributes != 0 && IsWanted(filter, _paths[cursor]))
                    {
                        rows.Add(RowOf(cursor));
                        if (rows.Count >= limit)
                        {
                            return cursor + 1 < _paths.High ? cursor + 1 : 0;
                        }
                    }
                }

                if (cursor >= _paths.High)
                {
                    return 0;
                }
            }
        }
    }

    /// <summary>Why a MAC of a VNI goes where routes say.</summary>
    public EvpnExplanation Explain(Vni vni, MacAddress mac)
    {
        lock (_gate)
        {
            var steps = new List<string>();
            var rows = new List<EvpnRouteRow>();
            if (!_importIndex.TryGet(ImportKey.OfMac(vni.Value, mac), out int at))
            {
                steps.Add(_policy.Vnis.Contains(vni.Value)
                    ? $"no route that can be used here names MAC {mac} in VNI {vni}"
                    : $"VNI {vni} is not configured here, so nothing is imported into it");
            }
            else
            {
                ExplainImport(at, steps, rows);
            }

            AddUnused(vni, mac, steps, rows);
            return new EvpnExplanation(vni.Value, mac.ToString(), [.. steps], [.. rows]);
        }
    }

    private void ExplainImport(int at, List<string> steps, List<EvpnRouteRow> rows)
    {
        int best = _imports[at].Best;
        ExplainEntry(best, steps, rows);
        Standing standing = StandingOf(_paths[_entries[best].Best]);
        int shown = 0;
        for (int entry = _imports[at].Head; entry >= 0 && shown < ShownEntries; entry = _entries[entry].Main.Next)
        {
            if (entry == best)
            {
                continue;
            }

            shown++;
            ExplainEntry(entry, steps, rows);
            _ = standing.CompareTo(StandingOf(_paths[_entries[entry].Best]), out ImportRule rule);
            steps.Add($"{PrefixOf(_entries[best].Key)} of {RdOf(best)} is in force before {PrefixOf(_entries[entry].Key)} of {RdOf(entry)}: {RuleSentences.Of(rule)}");
        }

        ref RibPath winner = ref _paths[_entries[best].Best];
        RouteAttributes set = SetOf(winner.Attributes);
        if (winner.Extra != 0 && !_extras[winner.Extra].Esi.IsZero)
        {
            steps.Add("its Ethernet segment is not zero: routes of the same segment are one host behind several VTEPs and no move (RFC 7432 §15); the lowest VTEP gets the traffic, which is not shared");
        }

        steps.Add($"in force: VTEP {set.NextHopName} by {set.Encap.ToString().ToLowerInvariant()}, sequence {set.Sequence}, from {_peers[winner.Peer]!.Name}; whether a port or another plane comes before it: overlayctl fdb why");
    }

    private const int ShownEntries = 32;

    private void ExplainEntry(int entry, List<string> steps, List<EvpnRouteRow> rows)
    {
        int best = _entries[entry].Best;
        rows.Add(RowOf(best));
        for (int at = _entries[entry].Head; at >= 0; at = _paths[at].Next)
        {
            if (at == best)
            {
                continue;
            }

            rows.Add(RowOf(at));
            _ = ComparePaths(_paths[best], _paths[at], out PathRule rule);
            steps.Add($"{PrefixOf(_entries[entry].Key)} of {RdOf(entry)}: the path from {NeighborOf(best)} is preferred to the one from {NeighborOf(at)}: {RuleSentences.Of(rule)}");
        }
    }

    /// <summary>Routes of the MAC that are not imported; found by a look at all, and so for an explanation alone.</summary>
    private void AddUnused(Vni vni, MacAddress mac, List<string> steps, List<EvpnRouteRow> rows)
    {
        for (int at = 0; at < _paths.High && rows.Count < 4 * ShownEntries; at++)
        {
            ref RibPath path = ref _paths[at];
            if (path.Attributes == 0 || path.Label != vni.Value)
            {
                continue;
            }

            ref RibEntry entry = ref _entries[path.Entry];
            if (entry.Key.Type == EvpnRouteType.MacIp && entry.Key.Mac == mac && entry.Main.At < 0)
            {
                rows.Add(RowOf(at));
                steps.Add($"{PrefixOf(entry.Key)} of {RdOf(path.Entry)} from {NeighborOf(at)} is not used: {PathProblems.Sentence(path.Problem)}");
            }
        }
    }

    private string NeighborOf(int path) => _peers[_paths[path].Peer]!.Name;

    private string RdOf(int entry) => new RouteDistinguisher(_entries[entry].Key.Rd).ToText();

    private bool IsWanted(EvpnRouteFilter filter, in RibPath path)
    {
        ref readonly RibKey key = ref _entries[path.Entry].Key;
        return (filter.Type is not { } type || (int)key.Type == type) && (filter.Mac is not { } mac || (key.Type == EvpnRouteType.MacIp && key.Mac == mac)) &&
            (filter.Vni is not { } vni || (HasLabel(key.Type) && path.Label == vni.Value)) &&
            (filter.Neighbor is not { } name || string.Equals(_peers[path.Peer]!.Name, name, StringComparison.Ordinal));
    }

    private static bool HasLabel(EvpnRouteType type) => type != EvpnRouteType.EthernetSegment;

    private EvpnRouteRow RowOf(int at)
    {
        ref RibPath path = ref _paths[at];
        ref RibEntry entry = ref _entries[path.Entry];
        RouteAttributes set = SetOf(path.Attributes);
        bool isBest = entry.Best == at;
        bool isUsed = isBest && entry.Main.At >= 0;
        RouteExtra extra = _extras[path.Extra];
        return RowOf(entry.Key, set.Attributes, path.Label, extra) with
        {
            Neighbor = _peers[path.Peer]!.Name,
            IsBest = isBest,
            IsStale = IsStale(path),
            ImportedInto = isUsed ? [path.Label] : [],
            Reason = path.Problem != PathProblem.None ? PathProblems.Sentence(path.Problem) : isBest ? LoserReason(path.Entry, entry.Main.At) : BeatenBy(entry.Best, at),
            Age = TimeSpan.FromMilliseconds((Now - path.Since) * 100.0),
        };
    }

    private string? LoserReason(int entry, int import)
    {
        if (import < 0 || _imports[import].Best is not (>= 0 and int best) || best == entry)
        {
            return null;
        }

        _ = StandingOf(_paths[_entries[best].Best]).CompareTo(StandingOf(_paths[_entries[entry].Best]), out ImportRule rule);
        return rule == ImportRule.Same ? null : $"the route of {RdOf(best)} is in force: {RuleSentences.Of(rule)}";
    }

    private string BeatenBy(int best, int at)
    {
        _ = ComparePaths(_paths[best], _paths[at], out PathRule rule);
        return $"the path from {NeighborOf(best)} is preferred: {RuleSentences.Of(rule)}";
    }

    /// <summary>What a row says of a route whosoever it is.</summary>
    public static EvpnRouteRow RowOf(in RibKey key, PathAttributes attributes, uint label, in RouteExtra extra)
    {
        bool hasMac = key.Type == EvpnRouteType.MacIp;
        EthernetSegmentId esi = extra.Esi;
        return new EvpnRouteRow
        {
            Type = (int)key.Type,
            Rd = new RouteDistinguisher(key.Rd).ToText(),
            Prefix = PrefixOf(key, esi),
            NextHop = attributes.NextHop.ToString(),
            Vni = HasLabel(key.Type) ? label : null,
            Mac = hasMac ? key.Mac.ToString() : null,
            Address = !key.HasAddress ? null : key.Type == EvpnRouteType.IpPrefix ? $"{key.Address}/{key.PrefixLength}" : key.Address.ToString(),
            Esi = esi.IsZero ? null : Text(esi),
            RouteTargets = [.. attributes.ExtendedCommunities.Where(static c => c.IsRouteTarget).Select(static c => c.ToRouteTargetText()!)],
            Communities = [.. attributes.ExtendedCommunities.Where(static c => !c.IsRouteTarget).Select(static c => c.ToText())],
            AsPath = AsPathText.Format(attributes.AsPath),
            LocalPreference = attributes.LocalPreference,
        };
    }

    private string PrefixOf(in RibKey key) => PrefixOf(key, _extras[key.Extra].Esi);

    /// <summary>A key in the field's notation, that of FRR and GoBGP.</summary>
    private static string PrefixOf(in RibKey key, EthernetSegmentId esi)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        string tag = key.Tag.ToString(culture);
        string bits = key.HasAddress ? (key.Address.Length * 8).ToString(culture) : string.Empty;
        return key.Type switch
        {
            EvpnRouteType.EthernetAutoDiscovery => $"[1]:[{tag}]:[{Text(esi)}]",
            EvpnRouteType.MacIp => $"[2]:[{tag}]:[48]:[{key.Mac}]" + (key.HasAddress ? $":[{bits}]:[{key.Address}]" : string.Empty),
            EvpnRouteType.InclusiveMulticast => $"[3]:[{tag}]:[{bits}]:[{key.Address}]",
            EvpnRouteType.EthernetSegment => $"[4]:[{Text(esi)}]:[{bits}]:[{key.Address}]",
            _ => $"[5]:[{tag}]:[{key.PrefixLength.ToString(culture)}]:[{key.Address}]",
        };
    }

    private static string Text(EthernetSegmentId esi)
    {
        Span<byte> octets = stackalloc byte[10];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(octets, esi.Hi);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(octets[2..], esi.Lo);
        return string.Join(':', octets.ToArray().Select(static o => o.ToString("x2", CultureInfo.InvariantCulture)));
    }
}
