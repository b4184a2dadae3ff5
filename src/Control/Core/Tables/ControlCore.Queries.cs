using System.Collections.Immutable;
using Overlay.Control.Loop;
using Overlay.Control.Queries;
using Overlay.Control.Vteps;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;

namespace Overlay.Control.Tables;

/// <content>Rows for operators.</content>
internal sealed partial class ControlCore
{
    /// <summary>Cursor: VNI in the high word, index in the low one.</summary>
    public FdbPage FdbShow(Vni? only, long cursor, int limit)
    {
        ImmutableArray<FdbEntryRow>.Builder rows = ImmutableArray.CreateBuilder<FdbEntryRow>();
        uint fromVni = (uint)(cursor >> 32);
        int from = (int)(cursor & int.MaxValue);
        foreach (MacVrf vrf in _vrfs.Values.Where(v => v.Vni.Value >= fromVni && (only is null || v.Vni == only)).OrderBy(static v => v.Vni.Value))
        {
            for (int index = vrf.Vni.Value == fromVni ? from : 0; index < vrf.Macs.High; index++)
            {
                if (!vrf.Macs[index].IsPublished || vrf.WinnerOf(index) == -1)
                {
                    continue;
                }

                if (rows.Count == limit)
                {
                    return new FdbPage(rows.ToImmutable(), ((long)vrf.Vni.Value << 32) | (uint)index);
                }

                rows.Add(RowOf(vrf, index));
            }
        }

        return new FdbPage(rows.ToImmutable(), 0);
    }

    public FdbExplanation FdbWhy(Vni vni, MacAddress mac)
    {
        _ = _vrfs.TryGetValue(vni.Value, out MacVrf? vrf);
        VniSpec? spec = vrf?.Spec;
        string onMiss = spec?.UnknownUnicast == UnknownUnicast.Drop ? "drop" : "flood";
        if (spec is { AsksOnMiss: true })
        {
            onMiss = "asks";
        }

        if (_negative.TryGetValue((vni.Value, mac.Value), out uint until) && until > Now)
        {
            onMiss = "nobody has it";
        }

        if (vrf is null || !vrf.TryFind(mac, out int index) || vrf.Macs[index].IsEmpty)
        {
            string unknown = spec is null ? $"VNI {vni} is not configured" : mac.IsMulticast ? $"{mac} is a group address: it is flooded" : $"no port, peer or plane has named {mac}";
            return new FdbExplanation(vni, mac, spec is not null, unknown, null, [], 0, onMiss);
        }

        int winner = vrf.WinnerOf(index);
        var rows = new List<FdbCandidateRow>();
        PrecedenceRule decisive = PrecedenceRule.OnlyCandidate;
        int rival = -1;
        for (int at = vrf.First(index); at != -1; at = vrf.Next(index, at))
        {
            if (at == winner)
            {
                continue;
            }

            PrecedenceRule rule = PrecedenceRule.NotUsable;
            if (winner != -1 && vrf.TargetOf(index, at).Current is not null)
            {
                _ = _precedence.Decide(StandingOf(vrf, index, winner), StandingOf(vrf, index, at), out rule);
                if (rival == -1 || _precedence.Decide(StandingOf(vrf, index, at), StandingOf(vrf, index, rival), out _) < 0)
                {
                    rival = at;
                    decisive = rule;
                }
            }

            rows.Add(CandidateRowOf(vrf, index, at, false, rule));
        }

        FdbCandidateRow? won = winner != -1 ? CandidateRowOf(vrf, index, winner, true, decisive) : null;
        ImmutableArray<FdbCandidateRow> all = won is null ? [.. rows] : [won, .. rows];
        string verdict;
        if (spec is null)
        {
            verdict = $"VNI {vni} is not configured, so none of {all.Length} candidates is in force";
        }
        else if (won is null)
        {
            verdict = $"none of {all.Length} candidates can be used, so frames to {mac} are handled as unknown ({onMiss})";
        }
        else
        {
            string place = won.Port is not null ? $"port {won.Port}" : $"peer {won.Peer}";
            string held = vrf.Macs[index].IsPublished ? "goes to" : "would go to (the forwarding table is full)";
            verdict = $"{mac} {held} {place} by {FdbOriginName(won.Origin)}: {won.Why}";
            if (vrf.Macs[index].IsFrozen)
            {
                MoveRecord record = vrf.Moves.Of(index);
                verdict += $"; it moved too often and is frozen there for {Span(record.FrozenUntil > Now ? record.FrozenUntil - Now : 0).TotalSeconds:0} s (last: {record.To} claimed it)";
            }
            else if (vrf.Moves.TryFind(index, out int at) && vrf.Moves[at].IsContested)
            {
                verdict += $"; {vrf.Moves[at].Rival} claims it again and again";
            }
        }

        return new FdbExplanation(vni, mac, spec is not null, verdict, won, all, vrf.Macs[index].Moves, onMiss);
    }

    public ImmutableArray<VtepRow> Vteps()
    {
        var targets = new Dictionary<VtepIdentity, List<(MacVrf Vrf, RouteTarget Target)>>();
        foreach (MacVrf vrf in _vrfs.Values)
        {
            foreach (VrfPeer peer in vrf.Peers.Values)
            {
                foreach (RouteTarget target in peer.Targets)
                {
                    if (!targets.TryGetValue(peer.Vtep, out List<(MacVrf, RouteTarget)>? list))
                    {
                        targets.Add(peer.Vtep, list = []);
                    }

                    list.Add((vrf, target));
                }
            }
        }

        ImmutableArray<VtepRow>.Builder rows = ImmutableArray.CreateBuilder<VtepRow>();
        foreach (VtepIdentity vtep in _vteps.All.Where(static v => v.Canonical == v).OrderBy(static v => v.Endpoint.Name, StringComparer.Ordinal))
        {
            List<(MacVrf Vrf, RouteTarget Target)> uses = targets.GetValueOrDefault(vtep) ?? [];
            if (!vtep.IsDescribed && uses.Count == 0)
            {
                continue;
            }

            RouteTarget? main = uses.OrderBy(static u => u.Vrf.Vni.Value).Select(static u => u.Vrf.Peers.GetValueOrDefault(u.Target.Peer!.Vtep)?.Main).FirstOrDefault(static t => t is not null);
            rows.Add(new VtepRow(
                vtep.Endpoint.Name,
                vtep.Addresses,
                [.. _vteps.All.Where(v => v.Canonical == vtep && v != vtep).Select(static v => v.Endpoint.Name).Order(StringComparer.Ordinal)],
                [.. vtep.Descriptions.Select(static d => d.Source.Plane.Name).Distinct(StringComparer.Ordinal)],
                main?.Spec.Address ?? default,
                main?.Spec.Encap ?? vtep.Encap,
                main?.Spec.Port ?? 0,
                vtep.State,
                vtep.Id,
                [.. uses.Where(static u => u.Target.Held is not null).Select(static u => u.Target.Held!.Value).Distinct().OrderBy(static n => n.Index)],
                [.. uses.Where(static u => u.Target.Peer!.IsAdmitted).Select(static u => u.Vrf.Vni).Distinct().Order()],
                uses.Sum(static u => u.Target.Winners)));
        }

        return rows.ToImmutable();
    }

    public ImmutableArray<PlaneRow> Planes()
    {
        uint now = Now;
        return
        [
            .. _planes.Select(p =>
            {
                uint? since = p.Sources.Where(static s => s.StaleSince is not null).Min(static s => s.StaleSince);
                return new PlaneRow(
                    p.Name, p.Origin, p.IsRunning, p.Sources.Any(static s => s.IsConnected), p.Sources.Sum(static s => s.MacRoutes), p.Sessions.Count,
                    since is { } from ? Span(now - from) : null, p.Upserts, p.Withdraws, p.Swept, p.Refused, p.Restarts, p.Feed.Lost, p.LastError);
            }),
        ];
    }

    public ImmutableArray<VniRow> Vnis() =>
    [
        .. _vrfs.Values.OrderBy(static v => v.Vni.Value).Select(v => new VniRow(
            v.Vni,
            v.Spec,
            [.. _ports.Values.Where(p => p.Vnis.Contains(v.Vni.Value)).Select(static p => p.Name).Order(StringComparer.Ordinal)],
            v.MacCount - RememberedOnly(v),
            v.Targets.Where(static t => t?.Port is not null).Sum(static t => t!.Winners),
            v.Learned,
            v.Seen,
            v.FloodList?.Length ?? 0,
            v.AllowList?.Length ?? 0,
            v.RemoteLearning ?? false,
            v.MoveCount,
            v.Frozen,
            v.Refused)),
    ];

    public ControlFigures Figures()
    {
        ImmutableArray<VniFigures>.Builder vnis = ImmutableArray.CreateBuilder<VniFigures>(_vrfs.Count);
        foreach (MacVrf vrf in _vrfs.Values)
        {
            if (vrf.Spec is not null)
            {
                vnis.Add(new VniFigures(vrf.Vni, vrf.Seen, vrf.MoveCount, vrf.Frozen, vrf.Refused));
            }
        }

        return new ControlFigures(vnis.ToImmutable(), Planes(), Alarms(), LearnCounters()) { Guard = [.. GuardRows()], Misses = MissCounters() };
    }

    public ImmutableArray<AlarmRow> Alarms()
    {
        uint now = Now;
        return [.. _alarms.Select(a => new AlarmRow(AlarmNames.Of(a.Key.Kind), SubjectOf(a.Key.On, a.Key.Vtep), SentenceOf(a.Key.Kind, a.Value), Span(now - a.Value.Since), a.Value.Count))];
    }

    public LearnCounters LearnCounters() => new()
    {
        InForce = _seen,
        Learned = _learned,
        Moved = _moved,
        Aged = _aged,
        Flushed = _flushed,
        Frozen = _frozen,
        Undamped = _undamped,
        RefusedFrozen = _refusedFrozen,
        RefusedStatic = _refusedStatic,
        RefusedSticky = _refusedSticky,
        RefusedInvalid = _refusedInvalid,
        Yielded = _yielded,
        RefusedByVni = _refusedByVni,
        RefusedByPort = _refusedByPort,
        RefusedByVtep = _refusedByVtep,
        RefusedByTotal = _refusedByTotal,
    };

    private static string FdbOriginName(FdbOrigin origin) => origin.ToString().ToLowerInvariant();

    private static TimeSpan Span(uint tenths) => TimeSpan.FromMilliseconds(tenths * 100.0);

    /// <summary>MACs that are nowhere, and are known because they moved not long ago.</summary>
    private static int RememberedOnly(MacVrf vrf)
    {
        int count = 0;
        for (int at = 0; at < vrf.Moves.High && vrf.Moves.Count > 0; at++)
        {
            count += vrf.Moves[at].IsUsed && vrf.Macs[vrf.Moves[at].Mac].IsEmpty ? 1 : 0;
        }

        return count;
    }

    private static string? PeerNameOf(RouteTarget target) =>
        target.Port is not null ? null : target.Group is { } group ? $"group {group.Number}" : (target.Peer?.Vtep ?? target.Named!.Canonical).Endpoint.Name;

    private FdbEntryRow RowOf(MacVrf vrf, int mac)
    {
        ref MacState state = ref vrf.Macs[mac];
        var address = new MacAddress(state.Mac);
        _ = _writer.TryGetMac(vrf.Vni, address, out FdbRow row);
        int winner = vrf.WinnerOf(mac);
        RouteTarget target = vrf.TargetOf(mac, winner);
        bool isSeen = winner == MacVrf.SeenAt;
        bool isVtep = target.Named is not null && target.Held is not null;
        return new FdbEntryRow(
            vrf.Vni, address, row.Origin, row.Flags, target.Port?.Name, PeerNameOf(target), target.Address,
            isVtep ? target.Spec.Encap : null, isVtep ? target.Spec.Port : (ushort)0, AgeOf(vrf, mac, winner),
            isSeen ? vrf.SequenceOf(mac) : vrf.Candidates[winner].Sequence, isSeen && state.IsPermanent);
    }

    private FdbCandidateRow CandidateRowOf(MacVrf vrf, int mac, int at, bool wins, PrecedenceRule rule)
    {
        RouteTarget target = vrf.TargetOf(mac, at);
        RouteStanding standing = StandingOf(vrf, mac, at);
        SourceState? source = at == MacVrf.SeenAt ? null : _sources[vrf.Candidates[at].Source];
        bool isVtep = target.Named is not null && target.Held is not null;
        string? plane = source?.Session is { } session ? $"{source.Plane.Name}/{session}" : source?.Plane.Name;
        return new FdbCandidateRow(
            standing.Origin, plane, target.Port?.Name, PeerNameOf(target), target.Address, isVtep ? target.Spec.Encap : null, isVtep ? target.Spec.Port : (ushort)0,
            standing.Sequence, standing.Sticky, standing.Stale, AgeOf(vrf, mac, at), wins, rule, Precedence.Sentence(rule));
    }

    private TimeSpan AgeOf(MacVrf vrf, int mac, int at) => Span(Now - (at == MacVrf.SeenAt ? LastSeen(vrf, vrf.Macs[mac]) : vrf.Candidates[at].Since));

    /// <summary>When a MAC was seen last. Reading for ageing passes over those in use, so the forwarding table knows better.</summary>
    private uint LastSeen(MacVrf vrf, in MacState state)
    {
        if (!_writer.TryGetMac(vrf.Vni, new MacAddress(state.Mac), out FdbRow row) || row.LastUseEpoch == state.SeenEpoch)
        {
            return state.SeenTime;
        }

        return Math.Max(state.SeenTime, _epochTimes[row.LastUseEpoch]);
    }
}
