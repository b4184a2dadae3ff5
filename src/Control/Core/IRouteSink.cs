using Overlay.Encap;

namespace Overlay.Control;

/// <summary>
/// What a control plane may do: <em>list, then watch, with mark and sweep</em>. Begin a resync, give everything again, complete it; what was
/// not given again within the scope is swept. Outside a resync, upsert and withdraw. Each plane has a sink of its own.
/// </summary>
/// <remarks>
/// <b>Threading:</b> one caller at a time; calls go through the control loop's mailbox and take effect in order, soon after they return.
/// <b>Back-pressure:</b> the mailbox is bounded; members that return a task complete when there is room, the others block for at most as long as
/// the loop needs to make room. <b>Errors:</b> a route that cannot be used (unknown VNI, a next hop of a family we have no address in) is kept as a
/// candidate and takes effect when it can; nothing throws for a route's content.
/// </remarks>
public interface IRouteSink
{
    /// <summary>Begins a resync of a scope. Resyncs of different sessions may overlap; a second one of the same scope replaces the first.</summary>
    void BeginResync(ResyncScope scope);

    /// <summary>
    /// Ends the resync of a scope: sweeps what was not given again since it began, or holds it if it is much (<see cref="GuardOptions"/>). Without a beginning it does nothing.
    /// </summary>
    void CompleteResync(ResyncScope scope);

    /// <summary>As <see cref="CompleteResync(ResyncScope)"/>.</summary>
    /// <param name="scope">The scope.</param>
    /// <param name="isMeant">What is swept is meant to be, as by a change of configuration: none of it is held.</param>
    void CompleteResync(ResyncScope scope, bool isMeant) => CompleteResync(scope);

    /// <summary>
    /// Takes everything of a scope back, at once: the owner means it. For a session that ended for good (a Cease, a hard reset, a neighbour that was removed from the
    /// configuration). What <see cref="CompleteResync(ResyncScope)"/> sweeps may be held if it is much (<see cref="GuardOptions"/>); this never is.
    /// </summary>
    void WithdrawAll(ResyncScope scope)
    {
        BeginResync(scope);
        CompleteResync(scope, isMeant: true);
    }

    /// <summary>Describes a VTEP, or describes it anew.</summary>
    void UpsertVtep(VtepDescription vtep, string? session = null);

    /// <summary>Takes back what this plane said of a VTEP. Its routes go with it.</summary>
    void WithdrawVtep(VtepEndpoint vtep, string? session = null);

    /// <summary>As <see cref="WithdrawVtep(VtepEndpoint, string?)"/>, and says who took it back. A sink that does not tell them apart takes it for the owner.</summary>
    void WithdrawVtep(VtepEndpoint vtep, string? session, WithdrawCause cause) => WithdrawVtep(vtep, session);

    /// <summary>Defines a group of next hops, or defines it anew.</summary>
    /// <param name="group">The plane's number for it, 1 or more.</param>
    /// <param name="members">1–64 references to VTEPs.</param>
    void UpsertGroup(int group, IReadOnlyList<NextHopRef> members);

    /// <summary>Takes a group back. Routes to it lose their effect.</summary>
    void WithdrawGroup(int group);

    /// <summary>Gives a MAC route, new or changed.</summary>
    void Upsert(in MacRoute route, string? session = null);

    /// <summary>Gives a flood route, new or changed.</summary>
    void Upsert(in FloodRoute route, string? session = null);

    /// <summary>Gives a neighbour binding, new or changed.</summary>
    void Upsert(in NeighborRoute route, string? session = null);

    /// <summary>Takes a MAC route back.</summary>
    void WithdrawMac(Vni vni, MacAddress mac, string? session = null);

    /// <summary>Takes a flood route back.</summary>
    void WithdrawFlood(Vni vni, NextHopRef nextHop, string? session = null);

    /// <summary>Takes a neighbour binding back.</summary>
    void WithdrawNeighbor(Vni vni, UnderlayAddress address, string? session = null);

    /// <summary>As <see cref="WithdrawMac(Vni, MacAddress, string?)"/>, and says who took it back.</summary>
    void WithdrawMac(Vni vni, MacAddress mac, string? session, WithdrawCause cause) => WithdrawMac(vni, mac, session);

    /// <summary>As <see cref="WithdrawFlood(Vni, NextHopRef, string?)"/>, and says who took it back.</summary>
    void WithdrawFlood(Vni vni, NextHopRef nextHop, string? session, WithdrawCause cause) => WithdrawFlood(vni, nextHop, session);

    /// <summary>As <see cref="WithdrawNeighbor(Vni, UnderlayAddress, string?)"/>, and says who took it back.</summary>
    void WithdrawNeighbor(Vni vni, UnderlayAddress address, string? session, WithdrawCause cause) => WithdrawNeighbor(vni, address, session);

    /// <summary>
    /// Answers a miss: as <see cref="Upsert(in MacRoute, string?)"/>, written at once, and frames that wait for it go. Without a miss it is an upsert. A route that leads nowhere is as good as
    /// <see cref="NoSuchMac"/>.
    /// </summary>
    void Answer(in MacRoute route);

    /// <summary>
    /// Answers a miss: nobody has it. Held as a negative answer for <paramref name="hold"/> (100 ms or more), but for no more MACs than <see cref="ControlOptions.NegativeAnswerLimit"/>; frames that
    /// wait go as unknown unicast. Where several planes were asked, all have to say so. A route for the MAC, of whomever, ends it.
    /// </summary>
    void NoSuchMac(Vni vni, MacAddress mac, TimeSpan hold);

    /// <summary>
    /// Says whether the plane, or a session of it, is in touch with its source; routes of one that is not are in force but stale. A plane that is
    /// back and is going to give everything again begins the resync first: then routes stay stale until they are given. Without a resync they are live at once.
    /// </summary>
    /// <param name="connected">In touch.</param>
    /// <param name="session">The session; null for the plane: out of touch then goes for its sessions too.</param>
    void ReportConnected(bool connected, string? session = null);

    /// <summary>
    /// Raises an alarm of the plane's own, or counts it once more and takes over its words. A plane has 64 at most, more are not shown. It is on until <see cref="ClearAlarm"/>,
    /// or until the plane's run ends: what is still so then is raised again by the next run. A sink without alarms does nothing.
    /// </summary>
    void RaiseAlarm(in PlaneAlarm alarm)
    {
    }

    /// <summary>Ends an alarm that <see cref="RaiseAlarm"/> raised; nothing if it is not on.</summary>
    void ClearAlarm(PlaneAlarmKind kind, string subject)
    {
    }
}
