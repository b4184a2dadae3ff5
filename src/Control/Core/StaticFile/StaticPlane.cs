using System.Collections.Immutable;
using System.Threading.Channels;
using Overlay.Encap;

namespace Overlay.Control.StaticFile;

/// <summary>
/// The configuration file as a control plane: every <see cref="Replace"/> is one resync of the whole plane, so a reload touches what changed and
/// nothing else. It has no session and cannot be lost.
/// </summary>
/// <remarks><b>Threading:</b> <see cref="Replace"/> may be called by any thread, before and while it runs; of several in quick succession the last counts.</remarks>
public sealed class StaticPlane : IControlPlane
{
    private readonly Channel<bool> _changed = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Lock _gate = new();
    private StaticRoutes _routes = StaticRoutes.Empty;
    private TaskCompletionSource _taken = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <inheritdoc/>
    public string Name => "static";

    /// <inheritdoc/>
    public RouteOrigin Origin => RouteOrigin.Static;

    /// <summary>Replaces all static routes.</summary>
    /// <returns>Completes when the routes are in the control loop's mailbox; <see cref="ControlLoop.SettleAsync"/> then waits for their effect.</returns>
    public Task Replace(StaticRoutes routes)
    {
        ArgumentNullException.ThrowIfNull(routes);
        Task taken;
        lock (_gate)
        {
            _routes = routes;
            taken = _taken.Task;
        }

        _ = _changed.Writer.TryWrite(true);
        return taken;
    }

    /// <inheritdoc/>
    public async Task RunAsync(IRouteSink routes, ChannelReader<LocalEvent> local, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(routes);
        ArgumentNullException.ThrowIfNull(local);
        routes.ReportConnected(true);
        Task drained = DrainAsync(local, cancellationToken);
        _ = _changed.Writer.TryWrite(true);
        while (await _changed.Reader.WaitToReadAsync(cancellationToken))
        {
            _ = _changed.Reader.TryRead(out _);
            StaticRoutes current;
            TaskCompletionSource taken;
            lock (_gate)
            {
                current = _routes;
                taken = _taken;
                _taken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            try
            {
                Give(routes, current);
                taken.SetResult();
            }
            catch (Exception error)
            {
                taken.SetException(error);
                throw;
            }
        }

        await drained;
    }

    /// <summary>Our side is of no interest to a file; the channel is read so that it never counts as full.</summary>
    private static async Task DrainAsync(ChannelReader<LocalEvent> local, CancellationToken cancellationToken)
    {
        while (await local.WaitToReadAsync(cancellationToken))
        {
            while (local.TryRead(out _))
            {
            }
        }
    }

    private static void Give(IRouteSink sink, StaticRoutes routes)
    {
        sink.BeginResync(ResyncScope.Plane);
        var encaps = new Dictionary<(string Peer, uint Vni), EncapKind?>();
        foreach (StaticPeer peer in routes.Peers)
        {
            sink.UpsertVtep(peer.Vtep);
            foreach (StaticPeerVni vni in peer.Vnis)
            {
                encaps[(peer.Vtep.Vtep.Name, vni.Vni.Value)] = vni.Encap;
                sink.Upsert(new FloodRoute(vni.Vni, NextHopRef.To(peer.Vtep.Vtep) with { Encap = vni.Encap }));
            }
        }

        foreach (StaticMac mac in routes.Macs)
        {
            EncapKind? encap = encaps.GetValueOrDefault((mac.Peer.Name, mac.Vni.Value));
            sink.Upsert(new MacRoute(mac.Vni, mac.Mac, NextHopRef.To(mac.Peer) with { Encap = encap }, Sticky: mac.Sticky));
            ImmutableArray<UnderlayAddress> addresses = mac.Addresses.IsDefault ? [] : mac.Addresses;
            foreach (UnderlayAddress address in addresses)
            {
                sink.Upsert(new NeighborRoute(mac.Vni, address, mac.Mac));
            }
        }

        sink.CompleteResync(ResyncScope.Plane);
    }
}
