using Overlay.Control.Etcd.Model;
using Overlay.Encap;

namespace Overlay.Control.Etcd.Store;

/// <summary>The sink, for one caller at a time, in words of the store.</summary>
internal sealed class SinkGate(IRouteSink sink)
{
    private readonly Lock _gate = new();
    private bool? _connected;

    public void Do(Action<IRouteSink> action)
    {
        lock (_gate)
        {
            action(sink);
        }
    }

    public void Mac(in EtcdKey key, in EtcdValue value)
    {
        lock (_gate)
        {
            sink.Upsert(RouteOf(key, value));
        }
    }

    public void Answer(in EtcdKey key, in EtcdValue value)
    {
        lock (_gate)
        {
            sink.Answer(RouteOf(key, value));
        }
    }

    public void Neighbor(in EtcdKey key, in EtcdValue value)
    {
        lock (_gate)
        {
            sink.Upsert(new NeighborRoute(key.Vni, key.Address, value.Mac, value.IsRouter));
        }
    }

    public void Flood(in EtcdKey key)
    {
        lock (_gate)
        {
            sink.Upsert(new FloodRoute(key.Vni, NextHopRef.To(new VtepEndpoint(key.Name!))));
        }
    }

    public void Vtep(VtepDescription vtep)
    {
        lock (_gate)
        {
            sink.UpsertVtep(vtep);
        }
    }

    /// <summary>Takes back what a key said.</summary>
    /// <param name="key">The key.</param>
    /// <param name="byOwner">Its owner did, or is gone; else somebody else deleted it, and many of those are held.</param>
    public void Withdraw(in EtcdKey key, bool byOwner)
    {
        WithdrawCause cause = byOwner ? WithdrawCause.Owner : WithdrawCause.Foreign;
        lock (_gate)
        {
            switch (key.Kind)
            {
                case EtcdKeyKind.Mac:
                    sink.WithdrawMac(key.Vni, key.Mac, null, cause);
                    break;
                case EtcdKeyKind.Neighbor:
                    sink.WithdrawNeighbor(key.Vni, key.Address, null, cause);
                    break;
                case EtcdKeyKind.Member:
                    sink.WithdrawFlood(key.Vni, NextHopRef.To(new VtepEndpoint(key.Name!)), null, cause);
                    break;
                case EtcdKeyKind.Vtep:
                    sink.WithdrawVtep(new VtepEndpoint(key.Name!), null, cause);
                    break;
            }
        }
    }

    /// <summary>Says whether we are in touch, if that is news.</summary>
    /// <returns>True if it was.</returns>
    public bool Connected(bool connected)
    {
        lock (_gate)
        {
            if (_connected == connected)
            {
                return false;
            }

            _connected = connected;
            sink.ReportConnected(connected);
            return true;
        }
    }

    private static MacRoute RouteOf(in EtcdKey key, in EtcdValue value) =>
        new(key.Vni, key.Mac, NextHopRef.To(new VtepEndpoint(value.Vtep)), value.Sequence, value.Sticky);
}
