using System.Collections.Immutable;
using Overlay.Control.Etcd.Queries;
using Overlay.Control.Evpn.Queries;
using Overlay.Control.Queries;
using Overlay.Dataplane;
using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Forwarding;
using Overlay.Host.Configuration;

namespace Overlay.Host.Metrics;

/// <summary>Everything that one page of metrics shows, read at one moment. What is per VNI is read from its counters while the page is written.</summary>
internal sealed class MetricsReading
{
    /// <summary>The configuration in force.</summary>
    public required OverlayConfig Config { get; init; }

    /// <summary>The dataplane's sums and states.</summary>
    public required DataplaneSnapshot Dataplane { get; init; }

    /// <summary>FDB entries in all VNIs together, and how many there may be.</summary>
    public required (int Count, int Limit) Fdb { get; init; }

    /// <summary>Frames that wait for who has their destination.</summary>
    public int HeldFrames { get; init; }

    /// <summary>The counters of each worker.</summary>
    public required IReadOnlyList<WorkerCounters> Workers { get; init; }

    /// <summary>VNIs that have series, with their label.</summary>
    public required IReadOnlyList<(string Label, BridgeDomain Domain)> Vnis { get; init; }

    /// <summary>What the control loop counts of those VNIs, with their label; empty while it does not answer.</summary>
    public required IReadOnlyList<(string Label, VniFigures Figures)> VniFigures { get; init; }

    /// <summary>What else the control loop counts; null while it does not answer.</summary>
    public required ControlFigures? Control { get; init; }

    /// <summary>Peers that have series.</summary>
    public required IReadOnlyList<PeerFigures> Peers { get; init; }

    /// <summary>Ports that have series.</summary>
    public required ImmutableArray<DataplaneSnapshot.PortStatus> Ports { get; init; }

    /// <summary>Ports of the configuration that have series, and are not open: no device, or one that cannot be used.</summary>
    public required IReadOnlyList<string> MissingPorts { get; init; }

    /// <summary>The etcd plane; null without one.</summary>
    public EtcdStatusRow? Etcd { get; init; }

    /// <summary>BGP neighbours that have series; empty without EVPN.</summary>
    public required ImmutableArray<EvpnNeighborRow> EvpnNeighbors { get; init; }

    /// <summary>Alarms that are on, by name.</summary>
    public required IReadOnlyDictionary<string, int> Alarms { get; init; }

    /// <summary>Why nothing is forwarded; empty if it is.</summary>
    public required IReadOnlyList<string> NotReady { get; init; }

    /// <summary>What reloads came to, and the configuration's revision.</summary>
    public required ReloadFigures Reloads { get; init; }

    /// <summary>The process.</summary>
    public required ProcessFigures Process { get; init; }

    /// <summary>What the metrics themselves cost and left out.</summary>
    public required OwnFigures Own { get; init; }
}

/// <summary>A peer in metrics.</summary>
/// <param name="Name">Its name.</param>
/// <param name="IsUp">Frames can be sent to it.</param>
/// <param name="Mtu">Octets that an inner IP packet to it may have; 0 if unknown.</param>
/// <param name="TxFrames">Datagrams sent to it.</param>
/// <param name="RxFrames">Datagrams delivered from it.</param>
/// <param name="TxOctets">Octets of UDP payload sent to it.</param>
/// <param name="RxOctets">Octets of UDP payload delivered from it.</param>
internal readonly record struct PeerFigures(string Name, bool IsUp, int Mtu, long TxFrames, long RxFrames, long TxOctets, long RxOctets);

/// <summary>What reloads came to.</summary>
/// <param name="Revision">The configuration's revision.</param>
/// <param name="Applied">Reloads that were applied.</param>
/// <param name="Refused">Reloads that were refused.</param>
/// <param name="IsLastApplied">The last one was applied, or there was none.</param>
/// <param name="AppliedAt">Unix time at which the configuration in force was taken over, in seconds.</param>
internal readonly record struct ReloadFigures(long Revision, long Applied, long Refused, bool IsLastApplied, double AppliedAt);

/// <summary>What the metrics themselves cost and left out.</summary>
/// <param name="CutVnis">VNIs without series.</param>
/// <param name="CutPeers">Peers without series.</param>
/// <param name="CutPorts">Ports without series.</param>
/// <param name="ReadingSeconds">How long it took to read all this.</param>
/// <param name="Scrapes">Pages served before this one.</param>
/// <param name="Refused">Pages refused because too many were asked for at once.</param>
/// <param name="Pushed">OTLP exports that were accepted.</param>
/// <param name="NotPushed">OTLP exports that failed.</param>
internal readonly record struct OwnFigures(int CutVnis, int CutPeers, int CutPorts, double ReadingSeconds, long Scrapes, long Refused, long Pushed, long NotPushed);
