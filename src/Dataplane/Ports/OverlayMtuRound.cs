using Overlay.Dataplane.Forwarding;
using Overlay.Dataplane.Underlay;
using Overlay.Encap;
using Overlay.Forwarding.Topology;

namespace Overlay.Dataplane.Ports;

/// <summary>
/// One computation of the MTUs of many ports: the next hops of each VNI are looked at once. <b>Threading:</b> one caller at a time.
/// </summary>
/// <param name="vnis">Which VNIs the ports are in.</param>
/// <param name="underlay">The local side of the underlay.</param>
/// <param name="hops">The next hops of a VNI.</param>
/// <param name="paths">What the path to an address takes, as far as ports are to follow it; null for nothing known.</param>
/// <param name="before">The round before. A VNI whose peers are all gone for now keeps what their links took, if the underlay is the same.</param>
internal sealed class OverlayMtuRound(
    PortVnis vnis, UnderlayChange underlay, Func<Vni, IReadOnlyList<NextHop>>? hops, Func<UnderlayAddress, int?>? paths, OverlayMtuRound? before = null)
{
    private readonly UnderlayChange _underlay = underlay;
    private readonly Dictionary<Vni, VniRoom> _rooms = [];
    private readonly OverlayMtuRound? _before = before is not null && ReferenceEquals(before._underlay, underlay) ? before : null;

    /// <summary>Which VNIs the ports are in.</summary>
    internal PortVnis Vnis { get; } = vnis;

    /// <summary>What a port's packets may have.</summary>
    internal OverlayMtuLimits Compute(PortSpec port) => OverlayMtu.Compute(port, Vnis[port.Name], RoomOf, _underlay);

    private VniRoom RoomOf(Vni vni)
    {
        if (_rooms.TryGetValue(vni, out VniRoom room))
            return room;
        room = OverlayMtu.RoomOf(hops?.Invoke(vni) ?? [], _underlay, paths);
        if (!room.HasPeers && _before is not null && _before._rooms.TryGetValue(vni, out VniRoom last) && last.HasPeers)
            room = last with { PlainPath = int.MaxValue, OptionedPath = int.MaxValue };
        _rooms.Add(vni, room);
        return room;
    }
}
