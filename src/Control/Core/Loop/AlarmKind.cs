namespace Overlay.Control.Loop;

/// <summary>What an alarm is about. Names in snake case are the interface: <see cref="AlarmNames"/>.</summary>
internal enum AlarmKind
{
    RouteLimit,
    TableFull,
    VniLearnLimit,
    PortMacLimit,
    VtepLearnLimit,
    TotalLearnLimit,
    ImplicitVtepLimit,
    PlaneStale,
    VniLimit,
    ControlFailure,
    NeighborLimit,
    DuplicateAddress,
    MacFrozen,
    MacContested,
    MoveRecordLimit,
    MassWithdraw,
    VtepClaimed,
}
