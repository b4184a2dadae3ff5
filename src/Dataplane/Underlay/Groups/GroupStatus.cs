using Overlay.Encap;

namespace Overlay.Dataplane.Underlay.Groups;

/// <summary>Membership in a multicast group at one moment.</summary>
/// <param name="Group">The group.</param>
/// <param name="Device">The device it is to be joined on.</param>
/// <param name="IsJoined">The kernel has it.</param>
/// <param name="Problem">Why it is not joined; null if it is.</param>
public readonly record struct GroupStatus(UnderlayAddress Group, string Device, bool IsJoined, string? Problem);
