using Overlay.Api;
using Overlay.Encap;
using Overlay.Host.Api;

namespace Overlay.Host.Tests.Api;

/// <summary>Answers with fixed rows; throws when told to.</summary>
internal sealed class FakeBackend : IAdminBackend
{
    public string Health { get; set; } = "ok";

    public Exception? Fault { get; set; }

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

    public Task<FdbResponse> FdbAsync(Vni? vni, CancellationToken cancellation)
    {
        LastFdb = (vni, true);
        return Task.FromResult(new FdbResponse { Entries = [new FdbEntryInfo { Vni = 100, Mac = "02:00:00:00:00:02", Origin = "static", Flags = [], Peer = "b", UdpPort = 4789 }] });
    }

    public Task<FdbWhyResponse> WhyAsync(Vni vni, MacAddress mac, CancellationToken cancellation) =>
        Task.FromResult(new FdbWhyResponse { Vni = (int)vni.Value, Mac = mac.ToString(), Verdict = "nobody", Candidates = [], Moves = 0 });

    public Task<NeighborsResponse> NeighborsAsync(Vni? vni) => Task.FromResult(new NeighborsResponse
    {
        Neighbors =
        [
            new NeighborInfo { Vni = 100, Address = "10.0.0.2", Mac = "02:00:00:00:00:02", Origin = "static", Plane = "static", Router = false, Answered = true, Duplicate = false },
        ],
        Vnis = [],
    });

    public DropsResponse Drops(bool all)
    {
        var none = new DirectionTotals { Received = 0, Delivered = 0, Consumed = 0, Dropped = 0, Copies = 0, CopyDrops = 0 };
        return new DropsResponse { Drops = [], Totals = new DropTotals { Tx = none, Rx = none }, Anomalies = [], Kernel = [] };
    }

    public StormResponse Storm(Vni? vni) =>
        new() { Limits = [new StormRow { Vni = (int?)vni?.Value ?? 100, Class = "broadcast", Limit = 1000, Burst = 1000, Passed = 3, Dropped = 0, Storms = 0 }] };

    public string Source { get; set; } = "/etc/x";

    public ConfigResponse Configuration() => new() { Revision = 1, Yaml = "node: {}\n", Source = Source };

    public Task<ReloadOutcome> ReloadAsync(CancellationToken cancellation) => Task.FromResult(Reload());
}
