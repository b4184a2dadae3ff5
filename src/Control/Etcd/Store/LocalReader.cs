using System.Threading.Channels;
using Overlay.Control.Etcd.Model;

namespace Overlay.Control.Etcd.Store;

/// <summary>Reads what happens on our side.</summary>
internal sealed class LocalReader(StoreContext context, ChannelReader<LocalEvent> local)
{
    private readonly HashSet<uint> _vnis = [];

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await foreach (LocalEvent fact in local.ReadAllAsync(cancellationToken))
        {
            Take(fact);
        }
    }

    private void Take(in LocalEvent fact)
    {
        switch (fact.Kind)
        {
            case LocalEventKind.Resync:
                _vnis.Clear();
                context.Facts.BeginRound();
                break;
            case LocalEventKind.ResyncEnd:
                context.Facts.EndRound();
                context.Watcher.Retain(_vnis);
                context.Watcher.Ready();
                break;
            case LocalEventKind.MacLearned or LocalEventKind.MacMoved:
                // VNIs are told before MACs, and there may be many MACs.
                context.Watcher.Ready();
                context.Facts.Have(EtcdKey.OfMac(fact.Vni, fact.Mac), fact.Sequence);
                if (context.IsOnDemand(fact.Vni))
                {
                    context.Misses.Forget(EtcdKey.OfMac(fact.Vni, fact.Mac));
                }

                break;
            case LocalEventKind.MacAged:
                context.Facts.Lack(EtcdKey.OfMac(fact.Vni, fact.Mac));
                break;
            case LocalEventKind.NeighborLearned or LocalEventKind.NeighborMoved:
                context.Facts.Have(EtcdKey.OfNeighbor(fact.Vni, fact.Address), 0, fact.Mac);
                break;
            case LocalEventKind.NeighborAged:
                context.Facts.Lack(EtcdKey.OfNeighbor(fact.Vni, fact.Address));
                break;
            case LocalEventKind.VniAttached:
                _ = _vnis.Add(fact.Vni.Value);
                context.Watcher.Attach(fact.Vni);
                context.Facts.Have(EtcdKey.OfMember(fact.Vni, context.Options.Node));
                break;
            case LocalEventKind.VniDetached:
                _ = _vnis.Remove(fact.Vni.Value);
                context.Watcher.Detach(fact.Vni);
                context.Facts.LackVni(fact.Vni);
                break;
            case LocalEventKind.LocalVtepChanged:
                context.Vtep.SetAddresses(fact.LocalAddresses);
                break;
            case LocalEventKind.Miss:
                context.Misses.Miss(fact.Vni, fact.Mac, fact.Address);
                break;
        }
    }
}
