using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Overlay.Control.Evpn.Bgp.Session;
using Overlay.Control.Evpn.Options;
using Overlay.Control.Evpn.Queries;

namespace Overlay.Control.Evpn;

/// <summary>What owns the sessions, as the plane sees it.</summary>
internal interface IEvpnSpeaker : IAsyncDisposable
{
    /// <summary>OPENs say that we have just restarted (RFC 4724 §3).</summary>
    bool IsRestarting { get; set; }

    /// <summary>Listens and connects.</summary>
    void Start();

    /// <summary>Takes another configuration; completes when sessions that it ends have ended.</summary>
    Task ApplyAsync(EvpnOptions options);

    /// <summary>All neighbours.</summary>
    ImmutableArray<EvpnNeighborRow> Neighbors();

    /// <summary>Ends sessions, which begin anew, or asks for routes again.</summary>
    int Clear(string? name, bool isSoft);

    /// <summary>Ends everything; for a moment only, or for good.</summary>
    Task StopAsync(bool isRestart);
}

/// <summary>The real one.</summary>
internal sealed class EvpnSpeaker : IEvpnSpeaker
{
    private readonly BgpSpeaker _speaker;

    public EvpnSpeaker(EvpnOptions options, IBgpRoutes routes, TimeProvider time, ILogger log, EvpnPlane plane)
    {
        _speaker = new BgpSpeaker(options, routes, time, log)
        {
            IsRestarting = plane.IsRestarting,
            KeepsForwarding = plane.KeepsForwarding,
            NeighborChanged = change => plane.NeighborChanged?.Invoke(new EvpnNeighborChange(change.Neighbor, change.As, change.IsUp, change.Reason)),
        };
    }

    public bool IsRestarting
    {
        get => _speaker.IsRestarting;
        set => _speaker.IsRestarting = value;
    }

    public void Start() => _speaker.Start();

    public Task ApplyAsync(EvpnOptions options) => _speaker.ApplyAsync(options);

    public ImmutableArray<EvpnNeighborRow> Neighbors() => _speaker.Neighbors();

    public int Clear(string? name, bool isSoft) => _speaker.Clear(name, isSoft);

    public Task StopAsync(bool isRestart) => _speaker.StopAsync(isRestart);

    public ValueTask DisposeAsync() => _speaker.DisposeAsync();
}
