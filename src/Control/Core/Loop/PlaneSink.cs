using Overlay.Control.Tables;
using Overlay.Encap;

namespace Overlay.Control.Loop;

/// <summary>The sink of one plane: puts what it says into the mailbox, in order.</summary>
internal sealed class PlaneSink(ControlLoop loop, PlaneState plane) : IRouteSink
{
    public void BeginResync(ResyncScope scope) => loop.Post(Scope(ControlMessageKind.BeginResync, scope));

    public void CompleteResync(ResyncScope scope) => CompleteResync(scope, isMeant: false);

    public void CompleteResync(ResyncScope scope, bool isMeant) => loop.Post(Scope(ControlMessageKind.CompleteResync, scope) with { Flag = isMeant });

    public void UpsertVtep(VtepDescription vtep, string? session = null)
    {
        ArgumentNullException.ThrowIfNull(vtep);
        loop.Post(Of(ControlMessageKind.Vtep, session) with { Payload = vtep });
    }

    public void WithdrawVtep(VtepEndpoint vtep, string? session = null) => WithdrawVtep(vtep, session, WithdrawCause.Owner);

    public void WithdrawVtep(VtepEndpoint vtep, string? session, WithdrawCause cause) =>
        loop.Post(Of(ControlMessageKind.WithdrawVtep, session) with { NextHop = NextHopRef.To(vtep), Number = (uint)cause });

    public void UpsertGroup(int group, IReadOnlyList<NextHopRef> members)
    {
        ArgumentNullException.ThrowIfNull(members);
        loop.Post(Of(ControlMessageKind.Group, null) with { Number = (uint)group, Payload = members.ToArray() });
    }

    public void WithdrawGroup(int group) => loop.Post(Of(ControlMessageKind.WithdrawGroup, null) with { Number = (uint)group });

    public void Upsert(in MacRoute route, string? session = null) => loop.Post(Of(ControlMessageKind.Mac, session, route));

    public void Upsert(in FloodRoute route, string? session = null) =>
        loop.Post(Of(ControlMessageKind.Flood, session) with { Vni = route.Vni, NextHop = route.NextHop });

    public void Upsert(in NeighborRoute route, string? session = null) => loop.Post(Of(ControlMessageKind.Neighbor, session) with
    {
        Vni = route.Vni,
        Address = route.Address,
        Mac = route.Mac,
        Flag = route.IsRouter,
    });

    public void WithdrawMac(Vni vni, MacAddress mac, string? session = null) => WithdrawMac(vni, mac, session, WithdrawCause.Owner);

    public void WithdrawMac(Vni vni, MacAddress mac, string? session, WithdrawCause cause) =>
        loop.Post(Of(ControlMessageKind.WithdrawMac, session) with { Vni = vni, Mac = mac, Number = (uint)cause });

    public void WithdrawFlood(Vni vni, NextHopRef nextHop, string? session = null) => WithdrawFlood(vni, nextHop, session, WithdrawCause.Owner);

    public void WithdrawFlood(Vni vni, NextHopRef nextHop, string? session, WithdrawCause cause) =>
        loop.Post(Of(ControlMessageKind.WithdrawFlood, session) with { Vni = vni, NextHop = nextHop, Number = (uint)cause });

    public void WithdrawNeighbor(Vni vni, UnderlayAddress address, string? session = null) => WithdrawNeighbor(vni, address, session, WithdrawCause.Owner);

    public void WithdrawNeighbor(Vni vni, UnderlayAddress address, string? session, WithdrawCause cause) =>
        loop.Post(Of(ControlMessageKind.WithdrawNeighbor, session) with { Vni = vni, Address = address, Number = (uint)cause });

    public void Answer(in MacRoute route) => loop.Post(Of(ControlMessageKind.Answer, null, route));

    public void NoSuchMac(Vni vni, MacAddress mac, TimeSpan hold) =>
        loop.Post(Of(ControlMessageKind.NoSuchMac, null) with { Vni = vni, Mac = mac, Ticks = hold.Ticks });

    public void ReportConnected(bool connected, string? session = null) =>
        loop.Post(Of(ControlMessageKind.Connected, session) with { Flag = connected });

    public void RaiseAlarm(in PlaneAlarm alarm)
    {
        ArgumentNullException.ThrowIfNull(alarm.Subject, nameof(alarm));
        loop.Post(Of(ControlMessageKind.Alarm, null) with { Payload = alarm });
    }

    public void ClearAlarm(PlaneAlarmKind kind, string subject)
    {
        ArgumentNullException.ThrowIfNull(subject);
        loop.Post(Of(ControlMessageKind.ClearAlarm, null) with { Number = (uint)kind, Payload = subject });
    }

    /// <summary>Does what a message of a plane asks for. On the control thread.</summary>
    internal static void Apply(ControlCore core, in ControlMessage m)
    {
        PlaneState plane = m.Plane!;
        switch (m.Kind)
        {
            case ControlMessageKind.Mac:
                core.Upsert(plane, m.Session, RouteOf(m));
                break;
            case ControlMessageKind.Answer:
                core.Answer(plane, RouteOf(m));
                break;
            case ControlMessageKind.Flood:
                core.Upsert(plane, m.Session, new FloodRoute(m.Vni, m.NextHop));
                break;
            case ControlMessageKind.Neighbor:
                core.Upsert(plane, m.Session, new NeighborRoute(m.Vni, m.Address, m.Mac, m.Flag));
                break;
            case ControlMessageKind.WithdrawMac:
                core.WithdrawMac(plane, m.Session, m.Vni, m.Mac, (WithdrawCause)m.Number);
                break;
            case ControlMessageKind.WithdrawFlood:
                core.WithdrawFlood(plane, m.Session, m.Vni, m.NextHop, (WithdrawCause)m.Number);
                break;
            case ControlMessageKind.WithdrawNeighbor:
                core.WithdrawNeighbor(plane, m.Session, m.Vni, m.Address, (WithdrawCause)m.Number);
                break;
            case ControlMessageKind.Vtep:
                core.Describe(plane, m.Session, (VtepDescription)m.Payload!);
                break;
            case ControlMessageKind.WithdrawVtep:
                core.WithdrawVtep(plane, m.Session, m.NextHop.Vtep, (WithdrawCause)m.Number);
                break;
            case ControlMessageKind.Group:
                core.UpsertGroup(plane, (int)m.Number, (NextHopRef[])m.Payload!);
                break;
            case ControlMessageKind.WithdrawGroup:
                core.WithdrawGroup(plane, (int)m.Number);
                break;
            case ControlMessageKind.NoSuchMac:
                core.NoSuchMac(plane, m.Vni, m.Mac, TimeSpan.FromTicks(m.Ticks));
                break;
            case ControlMessageKind.BeginResync:
                plane.BeginResync(ScopeOf(m));
                break;
            case ControlMessageKind.CompleteResync:
                core.CompleteResync(plane, ScopeOf(m), isMeant: m.Flag);
                break;
            case ControlMessageKind.Alarm:
                core.RaiseAlarm(plane, (PlaneAlarm)m.Payload!);
                break;
            case ControlMessageKind.ClearAlarm:
                core.ClearAlarm(plane, (PlaneAlarmKind)m.Number, (string)m.Payload!);
                break;
            case ControlMessageKind.Connected:
                core.ReportConnected(plane, m.Session, m.Flag);
                break;
            default:
                throw new InvalidOperationException($"{m.Kind} is no message of a plane");
        }
    }

    private static MacRoute RouteOf(in ControlMessage m) => new(m.Vni, m.Mac, m.NextHop, m.Number, m.Flag, m.Ticks < 0 ? null : TimeSpan.FromTicks(m.Ticks));

    private static ResyncScope ScopeOf(in ControlMessage m) => new(m.Session, m.HasVni ? m.Vni : null);

    private ControlMessage Of(ControlMessageKind kind, string? session) => new() { Kind = kind, Plane = plane, Session = session };

    private ControlMessage Of(ControlMessageKind kind, string? session, in MacRoute route) => Of(kind, session) with
    {
        Vni = route.Vni,
        Mac = route.Mac,
        NextHop = route.NextHop,
        Number = route.Sequence,
        Flag = route.Sticky,
        Ticks = route.Expiry?.Ticks ?? -1,
    };

    private ControlMessage Scope(ControlMessageKind kind, ResyncScope scope) =>
        Of(kind, scope.Session) with { Vni = scope.Vni ?? default, HasVni = scope.Vni is not null };
}
