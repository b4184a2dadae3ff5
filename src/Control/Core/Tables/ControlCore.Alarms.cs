using Overlay.Control.Loop;
using Overlay.Control.Vteps;
using Overlay.Forwarding.Topology;

namespace Overlay.Control.Tables;

/// <content>Alarms: raised by a refusal, over when there is room again. As many as there are limits and things limited.</content>
internal sealed partial class ControlCore
{
    private const int PlaneAlarmLimit = 64;
    private const int SubjectLength = 128;
    private const int DetailLength = 256;
    private readonly Dictionary<(AlarmKind Kind, object On, VtepIdentity? Vtep), Alarm> _alarms = [];

    /// <summary>Raises an alarm, or counts once more what it is about. True if it was not on.</summary>
    private bool RaiseAlarm(AlarmKind kind, object on, VtepIdentity? vtep = null, string? detail = null)
    {
        bool isNew = !_alarms.TryGetValue((kind, on, vtep), out Alarm? alarm);
        if (alarm is null)
        {
            alarm = new Alarm(Now) { Detail = detail };
            _alarms.Add((kind, on, vtep), alarm);
            ControlLog.AlarmRaised(_log, AlarmNames.Of(kind), SubjectOf(on, vtep), SentenceOf(kind, alarm));
        }

        alarm.Count++;
        alarm.Detail = detail;
        return isNew;
    }

    /// <summary>An alarm of a plane's own. It is on until the plane says otherwise or its run ends.</summary>
    public void RaiseAlarm(PlaneState plane, in PlaneAlarm alarm)
    {
        var on = new PlaneSubject(plane, Clean(alarm.Subject, SubjectLength));
        AlarmKind kind = KindOf(alarm.Kind);
        if (!plane.Alarms.Contains((kind, on.Subject)) && plane.Alarms.Count >= PlaneAlarmLimit)
        {
            return;
        }

        _ = plane.Alarms.Add((kind, on.Subject));
        _ = RaiseAlarm(kind, on, detail: alarm.Detail is { } detail ? Clean(detail, DetailLength) : null);
    }

    public void ClearAlarm(PlaneState plane, PlaneAlarmKind kind, string subject)
    {
        if (plane.Alarms.Remove((KindOf(kind), Clean(subject, SubjectLength))))
        {
            ClearAlarms();
        }
    }

    private static AlarmKind KindOf(PlaneAlarmKind kind) => kind switch
    {
        PlaneAlarmKind.VtepClaimed => AlarmKind.VtepClaimed,
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    // What a plane read from others may hold anything: one line, and no more of it than a line takes.
    private static string Clean(string text, int limit) =>
        string.Create(Math.Min(text.Length, limit), text, static (to, from) =>
        {
            for (int i = 0; i < to.Length; i++)
            {
                to[i] = char.IsControl(from[i]) ? '?' : from[i];
            }
        });

    private void ClearAlarms()
    {
        if (_alarms.Count == 0)
        {
            return;
        }

        foreach ((AlarmKind kind, object on, VtepIdentity? vtep) key in _alarms.Keys.Where(k => !IsStillOn(k.Kind, k.On, k.Vtep)).ToArray())
        {
            _ = _alarms.Remove(key, out Alarm? over);
            ControlLog.AlarmCleared(_log, AlarmNames.Of(key.kind), SubjectOf(key.on, key.vtep), over!.Count);
        }
    }

    private bool IsStillOn(AlarmKind kind, object on, VtepIdentity? vtep)
    {
        VniSpec? spec = (on as MacVrf)?.Spec;
        return kind switch
        {
            AlarmKind.RouteLimit => _routes >= _options.RouteLimit,
            AlarmKind.VniLimit => _vrfs.Count >= _options.VniLimit,
            AlarmKind.TotalLearnLimit => _options.LearnLimit > 0 && _seen >= _options.LearnLimit,
            AlarmKind.TableFull => spec is not null && ((MacVrf)on).Unwritten > 0,
            AlarmKind.VniLearnLimit => spec is { LearnLimit: > 0 } && ((MacVrf)on).Seen >= spec.LearnLimit,
            AlarmKind.ImplicitVtepLimit => spec is not null && ((MacVrf)on).Implicit >= _options.ImplicitVtepLimit,
            AlarmKind.VtepLearnLimit => spec is { VtepLearnLimit: > 0 } && ((MacVrf)on).Peers.TryGetValue(vtep!, out VrfPeer? peer) && peer.Seen >= spec.VtepLearnLimit,
            AlarmKind.PortMacLimit => ((PortState)on).MacLimit > 0 && _ports.ContainsValue((PortState)on) && ((PortState)on).Seen >= ((PortState)on).MacLimit,
            AlarmKind.NeighborLimit => spec is not null && HasNeighborAlarm((MacVrf)on),
            AlarmKind.DuplicateAddress => spec is not null && Now < ((MacVrf)on).NeighborsHeldUntil,
            AlarmKind.MacFrozen => spec is not null && ((MacVrf)on).Frozen > 0,
            AlarmKind.MacContested => spec is not null && ((MacVrf)on).Contested > 0,
            AlarmKind.MoveRecordLimit => spec is not null && AreMovesFull((MacVrf)on),
            AlarmKind.MassWithdraw => ((PlaneState)on).Guard.IsHolding,
            AlarmKind.PlaneStale => ((PlaneState)on).Sources.Any(static s => s.StaleSince is not null),
            AlarmKind.VtepClaimed => on is PlaneSubject own && own.Plane.Alarms.Contains((kind, own.Subject)),
            _ => false,
        };
    }

    private static string SentenceOf(AlarmKind kind, Alarm alarm) => alarm.Detail is null ? AlarmNames.Sentence(kind) : $"{AlarmNames.Sentence(kind)} ({alarm.Detail})";

    private static string SubjectOf(object on, VtepIdentity? vtep) => on switch
    {
        MacVrf vrf when vtep is not null => $"vni {vrf.Vni}, peer {vtep.Endpoint.Name}",
        MacVrf vrf => $"vni {vrf.Vni}",
        PortState port => $"port {port.Name}",
        PlaneState plane => $"plane {plane.Name}",
        PlaneSubject own => $"plane {own.Plane.Name}, {own.Subject}",
        _ => "all VNIs",
    };

    /// <summary>What an alarm of a plane's own is about.</summary>
    private sealed record PlaneSubject(PlaneState Plane, string Subject);
}
