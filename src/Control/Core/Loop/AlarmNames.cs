namespace Overlay.Control.Loop;

/// <summary>The words for alarms in API, CLI and log.</summary>
internal static class AlarmNames
{
    public static string Of(AlarmKind kind) => kind switch
    {
        AlarmKind.RouteLimit => "route_limit",
        AlarmKind.TableFull => "fdb_full",
        AlarmKind.VniLearnLimit => "learn_limit_vni",
        AlarmKind.PortMacLimit => "mac_limit_port",
        AlarmKind.VtepLearnLimit => "learn_limit_vtep",
        AlarmKind.TotalLearnLimit => "learn_limit_total",
        AlarmKind.ImplicitVtepLimit => "implicit_vtep_limit",
        AlarmKind.PlaneStale => "plane_stale",
        AlarmKind.VniLimit => "vni_limit",
        AlarmKind.ControlFailure => "control_failure",
        AlarmKind.NeighborLimit => "neighbor_limit",
        AlarmKind.DuplicateAddress => "duplicate_address",
        AlarmKind.MacFrozen => "mac_frozen",
        AlarmKind.MacContested => "mac_contested",
        AlarmKind.MoveRecordLimit => "move_record_limit",
        AlarmKind.MassWithdraw => "mass_withdraw",
        AlarmKind.VtepClaimed => "vtep_claimed",
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    public static string Sentence(AlarmKind kind) => kind switch
    {
        AlarmKind.RouteLimit => "as many routes as the daemon holds; new ones are refused",
        AlarmKind.TableFull => "the forwarding table is full; routes wait for room",
        AlarmKind.VniLearnLimit => "as many MACs are learned as learning.limit allows; no more are learned",
        AlarmKind.PortMacLimit => "as many MACs are learned as mac_limit allows; no more are learned",
        AlarmKind.VtepLearnLimit => "as many MACs are learned from this VTEP as learning.vtep_limit allows; no more are learned",
        AlarmKind.TotalLearnLimit => "as many MACs are learned as the daemon holds; no more are learned",
        AlarmKind.ImplicitVtepLimit => "as many VTEPs as prefixes may admit; nothing is learned from others",
        AlarmKind.PlaneStale => "out of touch with its source; its routes are in force but stale",
        AlarmKind.VniLimit => "as many VNIs as planes may name; routes of further ones are refused",
        AlarmKind.NeighborLimit => "as many neighbours are learned as the VNI, a port or a peer in it, or the daemon may have; questions for others are flooded",
        AlarmKind.DuplicateAddress => "a tenant's address is claimed by several MACs in turn; questions for it are flooded for three minutes",
        AlarmKind.MacFrozen => "MACs that moved too often are frozen where they were first: two hosts claim one, or there is a loop",
        AlarmKind.MacContested => "a port and a VTEP claim one MAC in turn, and the port has it: two hosts have it, one pretends, or there is a loop",
        AlarmKind.MoveRecordLimit => "as many MACs moved as are remembered; moves of others are not damped",
        AlarmKind.MassWithdraw => "much of what it gave was taken back at once and is held: in force but stale, until it is approved, given again, or the time is over",
        AlarmKind.VtepClaimed => "somebody else says to be this VTEP: two nodes have the same name or address, or one pretends; what it says of it is not used",
        AlarmKind.ControlFailure => "something went wrong that never should; the log says what, and until a restart tables may lack what it was about",
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };
}
