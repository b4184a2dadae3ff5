using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Overlay.Control.Loop;
using Overlay.Control.Vteps;
using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Control.Tables;

/// <summary>
/// The rules of the control loop without its thread: what a route, a hint, a tick or a topology does to the tables. Every member runs on the
/// control thread, one after the other; after a batch of them <see cref="Flush"/> writes what depends on more than one MAC.
/// </summary>
/// <remarks>
/// The parts: planes and resyncs here, routes in <c>.Routes</c>, the choice per MAC in <c>.Publish</c>, what a VNI resolves to in
/// <c>.Settle</c>, learning in <c>.Learning</c>, ageing and other work in slices in <c>.Work</c>, topology in <c>.Topology</c>, rows in <c>.Queries</c>.
/// </remarks>
internal sealed partial class ControlCore
{

    private readonly IForwardingWriter _writer;
    private readonly ControlOptions _options;
    private readonly Precedence _precedence;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly long _started;
    private readonly Dictionary<uint, MacVrf> _vrfs = [];
    private readonly Queue<MacVrf> _dirty = [];
    private readonly VtepRegistry _vteps;
    private readonly List<PlaneState> _planes = [];
    private readonly List<SourceState?> _sources = [null];
    private int _routes;
    private uint _heldNow;

    public ControlCore(IForwardingWriter writer, ControlOptions options, TimeProvider time, ILogger log)
    {
        _writer = writer;
        _options = options;
        _precedence = new Precedence(options.Precedence);
        _time = time;
        _log = log;
        _started = time.GetTimestamp();
        _vteps = new VtepRegistry(writer, _precedence);
        _guard = options.Guard;
        _staleHold = options.StaleHold;
        _lastEpoch = _lastSecond = Beginning - 1;
        _epochTimes[writer.Epoch] = Beginning;
    }

    /// <summary>Tenths of a second since <see cref="Beginning"/> before the start; 32 bits last for thirteen years.</summary>
    public uint Now => _heldNow != 0 ? _heldNow : Clock();

    /// <summary>MAC and flood routes of all planes.</summary>
    public int RouteCount => _routes;

    public ImmutableArray<UnderlayAddress> LocalAddresses => _vteps.Local;

    public PlaneState AddPlane(string name, RouteOrigin origin, TimeSpan? staleHold, bool answersMisses = false)
    {
        var plane = new PlaneState(_planes.Count, name, origin, staleHold, new PlaneFeed(_options.LocalEventSize)) { AnswersMisses = answersMisses };
        _planes.Add(plane);
        _ = SourceOf(plane, null);
        return plane;
    }

    public void PlaneEnded(PlaneState plane, string? error)
    {
        plane.IsRunning = false;
        plane.Restarts++;
        plane.LastError = error;
        plane.Resyncs.Clear();
        plane.Feed.Close();
        plane.Alarms.Clear();
        ReportConnected(plane, null, false);
    }

    /// <summary>In touch or not, of a session or (null) of the whole plane. Ends staleness only where no resync is going to.</summary>
    public void ReportConnected(PlaneState plane, string? session, bool connected)
    {
        if (session is not null)
        {
            SetConnected(SourceOf(plane, session), connected);
            return;
        }

        foreach (SourceState source in plane.Sources.ToArray())
        {
            // A plane that is back says nothing of its sessions; they report for themselves.
            if (!connected || source.Session is null)
            {
                SetConnected(source, connected);
            }
        }
    }

    /// <summary>Sweeps what was not given again since the resync of the scope began.</summary>
    /// <param name="plane">The plane.</param>
    /// <param name="scope">The scope.</param>
    /// <param name="isMeant">Its owner takes everything back: nothing is held.</param>
    public void CompleteResync(PlaneState plane, ResyncScope scope, bool isMeant = false)
    {
        if (!plane.Resyncs.Remove(scope, out uint began))
        {
            return;
        }

        SourceState[] covered = [.. plane.Sources.Where(s => scope.Session is null || s.Session == scope.Session)];
        bool ofGroups = scope is { Session: null, Vni: null };
        if (isMeant)
        {
            SweepAll(plane, covered, scope.Vni, began, ofGroups);
        }
        else
        {
            SweepGuarded(plane, covered, scope.Vni, began, ofGroups);
        }

        if (scope.Vni is null)
        {
            foreach (SourceState source in covered)
            {
                source.StaleSince = null;
            }
        }
    }

    public void Describe(PlaneState plane, string? session, VtepDescription vtep)
    {
        if (string.IsNullOrEmpty(vtep.Vtep.Name))
        {
            plane.Refused++;
            return;
        }

        SourceState source = SourceOf(plane, session);
        _vteps.Describe(source, vtep);
        if (source.HeldVteps.Count > 0)
        {
            _ = source.HeldVteps.Remove(_vteps.GetOrAdd(vtep.Vtep));
        }
    }

    /// <summary>Forgets a description, and the routes of the same source to that VTEP.</summary>
    public void WithdrawVtep(PlaneState plane, string? session, VtepEndpoint vtep, WithdrawCause cause = WithdrawCause.Owner)
    {
        SourceState source = SourceOf(plane, session);
        if (!_vteps.TryGet(vtep, out VtepIdentity identity))
        {
            return;
        }

        bool isDoubted = IsDoubted(source, cause);
        if (!isDoubted)
        {
            _ = _vteps.Forget((i, s, _) => i == identity && s == source);
        }

        foreach (MacVrf vrf in _vrfs.Values)
        {
            foreach (RouteTarget target in vrf.Targets.Where(t => t?.Named == identity).ToArray()!)
            {
                foreach (int index in CandidatesOn(vrf, target))
                {
                    if (vrf.Candidates[index].Source == source.Id && IsOn(vrf, index, target) && !IsSuspected(source, cause, vrf, index))
                    {
                        RemoveRoute(vrf, index);
                    }
                }
            }

            foreach (((ushort Source, string Vtep) key, FloodEntry entry) in vrf.Floods.Where(f => f.Key.Source == source.Id && f.Value.Target.Named == identity).ToArray())
            {
                if (!IsSuspected(source, cause, vrf, key, entry))
                {
                    RemoveFlood(vrf, key, entry);
                }
            }
        }

        if (isDoubted && source.HeldVteps.Add(identity))
        {
            plane.Guard.Suspects.Add(new GuardState.Suspect(source, default, default, default, null, identity));
        }
    }

    public void UpsertGroup(PlaneState plane, int number, IReadOnlyList<NextHopRef> members)
    {
        NextHopRef[] plain = [.. members.Where(static m => !m.IsGroup && !string.IsNullOrEmpty(m.Vtep.Name)).Select(m => Sanitised(plane, m)).Distinct().Take(64)];
        if (number < 1 || plain.Length == 0)
        {
            plane.Refused++;
            return;
        }

        GroupState group = GroupOf(plane, number);
        group.Generation = plane.Generation;
        if (!group.Members.AsSpan().SequenceEqual(plain))
        {
            group.Members = plain;
            group.Version++;
            MarkUsersDirty(group);
        }
    }

    public void WithdrawGroup(PlaneState plane, int number)
    {
        if (plane.Groups.TryGetValue(number, out GroupState? group))
        {
            group.Members = [];
            group.Version++;
            MarkUsersDirty(group);
            if (!_vrfs.Values.Any(v => v.Targets.Any(t => t?.Group == group)))
            {
                _ = plane.Groups.Remove(number);
            }
        }
    }

    public void SetLocalAddresses(ImmutableArray<UnderlayAddress> addresses)
    {
        if (_vteps.SetLocal(addresses))
        {
            Tell(new LocalEvent { Kind = LocalEventKind.LocalVtepChanged, LocalAddresses = addresses });
        }
    }

    /// <summary>Switches a VTEP on or off; false if nobody knows it.</summary>
    public bool SetVtepState(VtepEndpoint vtep, VtepState state)
    {
        if (!_vteps.TryGet(vtep, out VtepIdentity identity))
        {
            return false;
        }

        identity = identity.Canonical;
        if (identity.State != state)
        {
            identity.State = state;
            if (identity.Id is { } id)
            {
                _writer.SetVtepState(id, state);
            }
        }

        return true;
    }

    private uint Clock() => (uint)(_time.GetElapsedTime(_started).TotalMilliseconds / 100) + Beginning;

    private static NextHopRef Sanitised(PlaneState plane, in NextHopRef reference) =>
        plane.Origin != RouteOrigin.Static && reference.Address.IsIPv6 && reference.Address.IsLinkLocal ? reference with { Address = default } : reference;

    private static GroupState GroupOf(PlaneState plane, int number)
    {
        if (!plane.Groups.TryGetValue(number, out GroupState? group))
        {
            group = new GroupState(number);
            plane.Groups.Add(number, group);
        }

        return group;
    }

    private void MarkUsersDirty(GroupState group)
    {
        foreach (MacVrf vrf in _vrfs.Values)
        {
            if (vrf.Targets.Any(t => t?.Group == group))
            {
                MarkDirty(vrf);
            }
        }
    }

    private SourceState SourceOf(PlaneState plane, string? session)
    {
        if (session is null && plane.Own is { } own)
        {
            return own;
        }

        if (session is not null && plane.Sessions.TryGetValue(session, out SourceState? known))
        {
            return known;
        }

        SourceState source = AddSource(plane, session);
        if (session is null)
        {
            plane.Own = source;
        }
        else
        {
            plane.Sessions.Add(session, source);
        }

        return source;
    }

    private void SetConnected(SourceState source, bool connected)
    {
        bool was = source.IsConnected;
        source.IsConnected = connected;
        if (connected)
        {
            if (source.StaleSince is not null && !source.Plane.IsResyncing(source.Session))
            {
                source.StaleBelow = 0;
                source.StaleSince = null;
                RefreshFlags(source);
            }

            return;
        }

        if (was || source.StaleSince is null)
        {
            source.StaleBelow = ++source.Plane.Generation;
            source.StaleSince ??= Now;
            if (StaleHoldOf(source.Plane) == TimeSpan.Zero)
            {
                Sweep(source.Plane, [source], null, source.StaleBelow);
                return;
            }

            ControlLog.PlaneLost(_log, source.Plane.Name, source.Session ?? "-", source.MacRoutes);
            RefreshFlags(source);
        }
    }

    private MacVrf VrfOf(Vni vni)
    {
        if (!_vrfs.TryGetValue(vni.Value, out MacVrf? vrf))
        {
            vrf = new MacVrf(vni);
            _vrfs.Add(vni.Value, vrf);
        }

        return vrf;
    }

    private void MarkDirty(MacVrf vrf)
    {
        if (!vrf.IsDirty)
        {
            vrf.IsDirty = true;
            _dirty.Enqueue(vrf);
        }
    }

    private void Tell(in LocalEvent fact)
    {
        foreach (PlaneState plane in _planes)
        {
            if (plane.IsRunning)
            {
                plane.Feed.Tell(fact);
            }
        }
    }
}
