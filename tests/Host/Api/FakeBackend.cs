using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Overlay.Api;
using Overlay.Control.Evpn.Queries;
using Overlay.Control.Queries;
using Overlay.Encap;
using Overlay.Host.Api;
using Overlay.Host.Configuration.Changes;

namespace Overlay.Host.Tests.Api;

/// <summary>Answers with fixed rows; throws when told to.</summary>
internal sealed class FakeBackend : IAdminBackend
{
    public string Health { get; set; } = "ok";

    public Exception? Fault { get; set; }

    public Task<HealthResponse> AliveAsync() => Task.FromResult(new HealthResponse { Status = Health, Reasons = [] });

    public HealthResponse Ready() => new() { Status = Health, Reasons = Health == "ok" ? [] : ["a reason"] };

    public Func<ReloadOutcome> Reload { get; set; } = () => new ReloadOutcome(new ConfigReloadResponse { Revision = 2, Changes = ["peer b: changed"], Warnings = [] }, null);

    public (Vni? Vni, bool Asked) LastFdb { get; private set; }

    public Task<StatusResponse> StatusAsync(CancellationToken cancellation) => Fault is not null ? throw Fault : Task.FromResult(new StatusResponse
    {
        Verdict = "ok",
        Reasons = [],
        Node = "a",
        Version = "1",
        UptimeSeconds = 1.5,
        Revision = 1,
        Pid = 7,
        Local = [],
        Peers = [],
        Vnis = [],
        Ports = [],
        Planes = [],
        Alarms = [],
    });

    public Task<ProbeResponse?> ProbeAsync(string? peer, CancellationToken cancellation) => Task.FromResult(
        peer is null or "b" ? new ProbeResponse { Probes = [], LeftOut = 0, NetworkErrors = new Dictionary<string, long>() } : null);

    public LogLevelResponse SetLogLevel(LogLevel? level)
    {
        Level = level ?? Level;
        return new LogLevelResponse { Level = Overlay.Host.Logging.LogLevels.Name(Level), Configured = "info" };
    }

    public LogLevel Level { get; private set; } = LogLevel.Information;

    public Task<Listing<FdbEntryInfo>> FdbAsync(Vni? vni)
    {
        LastFdb = (vni, true);
        return Task.FromResult(new Listing<FdbEntryInfo>(
            Pages<FdbEntryInfo>([[new FdbEntryInfo { Vni = 100, Mac = "02:00:00:00:00:02", Origin = "static", Flags = [], Peer = "b", UdpPort = 4789 }], [], FurtherFdb]), () => FurtherFdb.Length > 0));
    }

    public FdbEntryInfo[] FurtherFdb { get; set; } = [];

    /// <summary>The pages break off with this.</summary>
    public Exception? Breaks { get; set; }

    private async IAsyncEnumerable<IReadOnlyList<T>> Pages<T>(T[][] pages)
    {
        foreach (T[] page in pages)
        {
            await Task.Yield();
            yield return page;
        }

        if (Breaks is not null)
        {
            throw Breaks;
        }
    }

    public Task<FdbWhyResponse> WhyAsync(Vni vni, MacAddress mac, CancellationToken cancellation) =>
        Task.FromResult(new FdbWhyResponse { Vni = (int)vni.Value, Mac = mac.ToString(), Verdict = "nobody", Candidates = [], Moves = 0 });

    public Task<MtuResponse> MtuAsync() => Task.FromResult(new MtuResponse { Peers = [], Ports = [] });

    public Task<Listing<NeighborInfo>> NeighborsAsync(Vni? vni) => Task.FromResult(new Listing<NeighborInfo>(
        Pages<NeighborInfo>([[new NeighborInfo { Vni = 100, Address = "10.0.0.2", Mac = "02:00:00:00:00:02", Origin = "static", Plane = "static", Router = false, Answered = true, Duplicate = false }]]),
        IsTruncated: static () => false));

    public IReadOnlyList<NeighborVni> Suppression(Vni? vni) => [];

    public EtcdStatusResponse? EtcdStatus() => null;

    public List<(int Limit, EtcdDumpNext? Next)> EtcdDumps { get; } = [];

    public Task<(bool IsOn, EtcdDumpResponse? Answer, string? Failure)> EtcdDumpAsync(Vni? vni, int limit, EtcdDumpNext? next, CancellationToken cancellation)
    {
        EtcdDumps.Add((limit, next));
        return Task.FromResult<(bool, EtcdDumpResponse?, string?)>((false, null, null));
    }

    /// <summary>EVPN is configured.</summary>
    public bool HasEvpn { get; set; }

    public EvpnRouteFilter? LastRoutes { get; private set; }

    public (string? Neighbor, bool IsSoft)? LastClear { get; private set; }

    public EvpnNeighborsResponse? EvpnNeighbors(string? neighbor) =>
        HasEvpn ? new EvpnNeighborsResponse { As = 65001, RouterId = "192.0.2.1", LocalRoutes = 1, Routes = 0, Neighbors = [] } : null;

    public Listing<EvpnRouteInfo>? EvpnRoutes(EvpnRouteFilter filter)
    {
        LastRoutes = filter;
        return HasEvpn ? new Listing<EvpnRouteInfo>(Pages<EvpnRouteInfo>([[]]), static () => true) : null;
    }

    public EvpnExplainResponse? EvpnExplain(Vni vni, MacAddress mac) =>
        HasEvpn ? new EvpnExplainResponse { Vni = (int)vni.Value, Mac = mac.ToString(), Steps = ["nobody"], Candidates = [] } : null;

    public int? EvpnClear(string? neighbor, bool soft)
    {
        LastClear = (neighbor, soft);
        return !HasEvpn ? null : neighbor is null ? 2 : neighbor == "192.0.2.254" ? 1 : 0;
    }

    public FdbFilter? LastFilter { get; private set; }

    public Task<FdbMovesResponse> MovesAsync(Vni? vni, CancellationToken cancellation) => Task.FromResult(new FdbMovesResponse { Moves = [] });

    public Task<FdbFlushResult> FlushAsync(FdbFilter filter, CancellationToken cancellation)
    {
        LastFilter = filter;
        return Task.FromResult(filter.Port == "gone" ? new FdbFlushResult(0, "there is no port 'gone'") : new FdbFlushResult(3, null));
    }

    public Task<FdbUnfreezeResult> UnfreezeAsync(Vni? vni, MacAddress? mac, CancellationToken cancellation)
    {
        LastFilter = new FdbFilter(vni, null, null, mac);
        return Task.FromResult(vni is { Value: 999 } ? new FdbUnfreezeResult(0, "VNI 999 is not configured") : new FdbUnfreezeResult(1, null));
    }

    public string? LastApproved { get; private set; }

    public Task<ImmutableArray<GuardRow>> GuardAsync() => Task.FromResult<ImmutableArray<GuardRow>>(
        [new GuardRow("evpn", true, 500, 200, TimeSpan.FromSeconds(12), TimeSpan.FromSeconds(18), 300, 90, 10, 0)]);

    public Task<GuardApproval> ApproveAsync(string? plane)
    {
        LastApproved = plane ?? "all";
        return Task.FromResult(plane == "gone" ? new GuardApproval(0, "there is no control plane 'gone'") : new GuardApproval(200, null));
    }

    public Task<VnisResponse?> VnisAsync(Vni? vni, CancellationToken cancellation) =>
        Task.FromResult(vni is { Value: 999 } ? null : Overlay.Host.Composition.LearningView.Vnis([], new LearnCounters
        {
            InForce = 1,
            Learned = 2,
            Moved = 3,
            Aged = 4,
            Flushed = 5,
            Frozen = 6,
            Undamped = 16,
            RefusedFrozen = 7,
            RefusedStatic = 8,
            RefusedSticky = 9,
            RefusedInvalid = 10,
            Yielded = 11,
            RefusedByVni = 12,
            RefusedByPort = 13,
            RefusedByVtep = 14,
            RefusedByTotal = 15,
        }, 1_048_576));

    public DropsResponse Drops(bool all)
    {
        var none = new DirectionTotals { Received = 0, Delivered = 0, Consumed = 0, Dropped = 0, Copies = 0, CopyDrops = 0 };
        return new DropsResponse { Drops = [], Totals = new DropTotals { Tx = none, Rx = none }, Anomalies = [], Kernel = [] };
    }

    public StormResponse Storm(Vni? vni) =>
        new() { Limits = [new StormRow { Vni = (int?)vni?.Value ?? 100, Class = "broadcast", Limit = 1000, Burst = 1000, Passed = 3, Dropped = 0, Storms = 0 }] };

    public string Source { get; set; } = "/etc/x";

    public ConfigResponse Configuration() => new() { Revision = 1, Yaml = "node: {}\n", Source = Source, Etag = "e-1", Saved = true };

    public Task<ReloadOutcome> ReloadAsync(CancellationToken cancellation) => Task.FromResult(Reload());

    public ChangeRequest? LastChange { get; private set; }

    public EditResult? LastEdit { get; private set; }

    public string Text { get; set; } = "node: {}\n";

    public Task<ChangeOutcome> ChangeAsync(ChangeRequest request)
    {
        LastChange = request;
        LastEdit = request.Edit(Text);
        return Task.FromResult(LastEdit.Text is null
            ? ChangeOutcome.Failed(409, new ErrorResponse { Error = new ErrorBody { Code = LastEdit.Code, Message = LastEdit.Message } })
            : new ChangeOutcome(Answer(request.DryRun), 200, null));
    }

    public Task<ChangeOutcome> SaveAsync(string? ifMatch, bool force) => Task.FromResult(new ChangeOutcome(Answer(false), 200, null));

    public Task<ConfigDiffResponse> DiffAsync() => Task.FromResult(new ConfigDiffResponse
    {
        Revision = 1,
        Etag = "e-1",
        Source = Source,
        FileValid = true,
        FileEdited = false,
        Errors = [],
        Reload = [],
        Unsaved = [],
        ReloadRefused = false,
    });

    private static ConfigChangeResponse Answer(bool isDry) =>
        new() { Revision = 2, Etag = "e-2", DryRun = isDry, Changes = [], Effects = [], Saved = true, Unsaved = [], Warnings = [] };
}
