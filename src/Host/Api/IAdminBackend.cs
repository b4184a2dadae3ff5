using System.Collections.Immutable;
using Overlay.Api;
using Overlay.Control.Evpn.Queries;
using Overlay.Control.Queries;
using Overlay.Encap;

namespace Overlay.Host.Api;

/// <summary>What the admin API asks the daemon. Any thread; members may be called concurrently.</summary>
internal interface IAdminBackend
{
    /// <summary><c>starting</c>, <c>ok</c> or <c>stopping</c>.</summary>
    string Health { get; }

    /// <summary>Whether the process and its control thread answer.</summary>
    Task<HealthResponse> AliveAsync();

    /// <summary>Whether it forwards.</summary>
    HealthResponse Ready();

    /// <summary>How it is.</summary>
    Task<StatusResponse> StatusAsync(CancellationToken cancellation);

    /// <summary>The FDB of one VNI, or of all.</summary>
    Task<Listing<FdbEntryInfo>> FdbAsync(Vni? vni);

    /// <summary>Where a MAC is, and why.</summary>
    Task<FdbWhyResponse> WhyAsync(Vni vni, MacAddress mac, CancellationToken cancellation);

    /// <summary>What the paths to peers take.</summary>
    Task<MtuResponse> MtuAsync();

    /// <summary>Neighbour bindings of one VNI, or of all.</summary>
    Task<Listing<NeighborInfo>> NeighborsAsync(Vni? vni);

    /// <summary>What suppression did in one VNI, or in all.</summary>
    IReadOnlyList<NeighborVni> Suppression(Vni? vni);

    /// <summary>MACs that moved not long ago, of one VNI or of all.</summary>
    Task<FdbMovesResponse> MovesAsync(Vni? vni, CancellationToken cancellation);

    /// <summary>Forgets local and learned MACs.</summary>
    Task<FdbFlushResult> FlushAsync(FdbFilter filter, CancellationToken cancellation);

    /// <summary>Lets frozen MACs move again.</summary>
    Task<FdbUnfreezeResult> UnfreezeAsync(Vni? vni, MacAddress? mac, CancellationToken cancellation);

    /// <summary>What the mass-withdraw guard holds of each control plane.</summary>
    Task<ImmutableArray<GuardRow>> GuardAsync();

    /// <summary>Lets go what it holds, of one plane or (null) of all.</summary>
    Task<GuardApproval> ApproveAsync(string? plane);

    /// <summary>The VNIs, or one; null if that one is not configured.</summary>
    Task<VnisResponse?> VnisAsync(Vni? vni, CancellationToken cancellation);

    /// <summary>What was dropped.</summary>
    /// <param name="all">Rows without a drop too.</param>
    DropsResponse Drops(bool all);

    /// <summary>Storm control of one VNI, or of all.</summary>
    StormResponse Storm(Vni? vni);

    /// <summary>How the etcd plane is; null if it is off.</summary>
    EtcdStatusResponse? EtcdStatus();

    /// <summary>A page of what the store holds; the answer is null if the plane is off or the store does not answer.</summary>
    Task<(bool IsOn, EtcdDumpResponse? Answer, string? Failure)> EtcdDumpAsync(Vni? vni, int limit, EtcdDumpNext? next, CancellationToken cancellation);

    /// <summary>BGP neighbours, or one of them; null if EVPN is off, without rows if there is none such.</summary>
    EvpnNeighborsResponse? EvpnNeighbors(string? neighbor);

    /// <summary>EVPN routes; null if EVPN is off.</summary>
    Listing<EvpnRouteInfo>? EvpnRoutes(EvpnRouteFilter filter);

    /// <summary>Why EVPN has a MAC where it has it; null if EVPN is off.</summary>
    EvpnExplainResponse? EvpnExplain(Vni vni, MacAddress mac);

    /// <summary>Ends sessions, or (soft) asks for routes again; null if EVPN is off, 0 if there is no such neighbour.</summary>
    int? EvpnClear(string? neighbor, bool soft);

    /// <summary>Probes a peer, or all; null if there is none such.</summary>
    Task<ProbeResponse?> ProbeAsync(string? peer, CancellationToken cancellation);

    /// <summary>Sets the least level that is logged until the next reload; null only asks.</summary>
    LogLevelResponse SetLogLevel(LogLevel? level);

    /// <summary>The configuration in force.</summary>
    ConfigResponse Configuration();

    /// <summary>Reads the configuration file again and applies it, or refuses it whole.</summary>
    Task<ReloadOutcome> ReloadAsync(CancellationToken cancellation);

    /// <summary>Changes the configuration in force, or refuses the change whole.</summary>
    Task<ChangeOutcome> ChangeAsync(ChangeRequest request);

    /// <summary>Writes the configuration in force into its file.</summary>
    /// <param name="ifMatch">The ETag or revision that is meant; null or <c>*</c> for whichever is in force.</param>
    /// <param name="force">Overwrite a file that was edited meanwhile.</param>
    Task<ChangeOutcome> SaveAsync(string? ifMatch, bool force);

    /// <summary>The configuration file against what is in force.</summary>
    Task<ConfigDiffResponse> DiffAsync();
}

/// <summary>What came of a reload: an answer, or an error.</summary>
/// <param name="Answer">What changed; null if it was refused.</param>
/// <param name="Error">Why it was refused.</param>
internal sealed record ReloadOutcome(ConfigReloadResponse? Answer, ErrorResponse? Error);
