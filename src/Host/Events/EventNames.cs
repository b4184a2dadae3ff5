using System.Collections.Frozen;

namespace Overlay.Host.Events;

/// <summary>The names of events. A name is never changed; docs/api.md is tested against <see cref="All"/>.</summary>
internal static class EventNames
{
    public const string Started = "started";
    public const string Ready = "ready";
    public const string Stopping = "stopping";
    public const string ConfigApplied = "config.applied";
    public const string ConfigRefused = "config.refused";
    public const string ConfigSaved = "config.saved";
    public const string PortAdded = "port.added";
    public const string PortRemoved = "port.removed";
    public const string PortChanged = "port.changed";
    public const string PortUp = "port.up";
    public const string PortDown = "port.down";
    public const string PortQueues = "port.queues";
    public const string PortMtu = "port.mtu";
    public const string VniAdded = "vni.added";
    public const string VniRemoved = "vni.removed";
    public const string VniChanged = "vni.changed";
    public const string PeerAdded = "peer.added";
    public const string PeerRemoved = "peer.removed";
    public const string PeerChanged = "peer.changed";
    public const string PeerUp = "peer.up";
    public const string PeerDown = "peer.down";
    public const string PeerUnusable = "peer.unusable";
    public const string PeerMtu = "peer.mtu";
    public const string UnderlayAddress = "underlay.address";
    public const string UnderlayLink = "underlay.link";
    public const string MacAdded = "mac.added";
    public const string MacRemoved = "mac.removed";
    public const string MacChanged = "mac.changed";
    public const string MacMoved = "mac.moved";
    public const string MacFrozen = "mac.frozen";
    public const string MacUnfrozen = "mac.unfrozen";
    public const string FdbFlushed = "fdb.flushed";
    public const string ControlApproved = "control.approved";
    public const string AlarmRaised = "alarm.raised";
    public const string AlarmCleared = "alarm.cleared";
    public const string LimitReached = "limit.reached";
    public const string LimitCleared = "limit.cleared";
    public const string StormBegan = "storm.began";
    public const string StormEnded = "storm.ended";
    public const string EvpnNeighborUp = "evpn.neighbor_up";
    public const string EvpnNeighborDown = "evpn.neighbor_down";
    public const string Omitted = "omitted";
    public const string Reset = "reset";
    public const string Lost = "lost";

    /// <summary>Every name.</summary>
    public static FrozenSet<string> All { get; } = new[]
    {
        Started, Ready, Stopping, ConfigApplied, ConfigRefused, ConfigSaved, PortAdded, PortRemoved, PortChanged, PortUp, PortDown, PortQueues, PortMtu, VniAdded, VniRemoved,
        VniChanged, PeerAdded, PeerRemoved, PeerChanged, PeerUp, PeerDown, PeerUnusable, PeerMtu, UnderlayAddress, UnderlayLink, MacAdded, MacRemoved, MacChanged, MacMoved, MacFrozen,
        MacUnfrozen, FdbFlushed, ControlApproved, AlarmRaised, AlarmCleared, LimitReached, LimitCleared, StormBegan, StormEnded, EvpnNeighborUp, EvpnNeighborDown, Omitted, Reset, Lost,
    }.ToFrozenSet(StringComparer.Ordinal);
}
