using System.Collections.Immutable;
using Overlay.Control.Evpn.Bgp.Session;
using Overlay.Control.Evpn.Options;
using Overlay.Control.Evpn.Queries;

namespace Overlay.Control.Evpn.Tests.Rib.Support;

/// <summary>A speaker without connections: the test opens sessions by itself.</summary>
internal sealed class FakeSpeaker(IBgpRoutes routes) : IEvpnSpeaker
{
    public IBgpRoutes Routes { get; } = routes;

    public bool IsRestarting { get; set; }

    public bool? EndedToRestart { get; private set; }

    public void Start()
    {
    }

    public Task ApplyAsync(EvpnOptions options) => Task.CompletedTask;

    public ImmutableArray<EvpnNeighborRow> Neighbors() => [new EvpnNeighborRow { Name = "192.0.2.9", State = "established" }];

    /// <summary>What <see cref="Clear"/> answers.</summary>
    public int Cleared { get; set; } = 1;

    public int Clear(string? name, bool isSoft) => Cleared;

    public Task StopAsync(bool isRestart)
    {
        EndedToRestart = isRestart;
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
