using Overlay.Control.Loop;
using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Control.Tables;

/// <content>Telling a plane everything, at its start and after a loss.</content>
internal sealed partial class ControlCore
{
    private const int MacStage = 3;
    private const int NeighborStage = 4;

    /// <summary>
    /// Tells the next part while the plane has room. The cursor is stage (high 8 bits), VNI (24) and index (32): marker, addresses and ports,
    /// VNIs, then local MACs, then neighbours of ours, in ascending order of VNI. What happens meanwhile is told as it happens; facts may come twice.
    /// </summary>
    private void Replay(PlaneFeed feed)
    {
        while (feed.HasRoom)
        {
            int stage = (int)(feed.Cursor >> 56);
            switch (stage)
            {
                case 0:
                    feed.Tell(new LocalEvent { Kind = LocalEventKind.Resync });
                    feed.Tell(new LocalEvent { Kind = LocalEventKind.LocalVtepChanged, LocalAddresses = _vteps.Local });
                    feed.Cursor = 1L << 56;
                    break;
                case 1:
                    foreach (PortState port in _ports.Values)
                    {
                        feed.Tell(new LocalEvent { Kind = port.IsUp ? LocalEventKind.PortUp : LocalEventKind.PortDown, Port = port.Name, Mac = port.Mac });
                    }

                    feed.Cursor = 2L << 56;
                    break;
                case 2:
                    foreach (MacVrf vrf in _vrfs.Values.Where(static v => v.Spec is not null))
                    {
                        feed.Tell(new LocalEvent { Kind = LocalEventKind.VniAttached, Vni = vrf.Vni });
                    }

                    feed.Cursor = (long)MacStage << 56;
                    break;
                case MacStage:
                    if (!ReplayMacs(feed))
                    {
                        feed.Cursor = (long)NeighborStage << 56;
                    }

                    break;
                default:
                    if (!ReplayNeighbors(feed))
                    {
                        feed.EndReplay();
                        feed.Tell(new LocalEvent { Kind = LocalEventKind.ResyncEnd });
                        return;
                    }

                    break;
            }
        }
    }

    /// <summary>One slice of one VNI's local MACs; false at the end of all.</summary>
    private bool ReplayMacs(PlaneFeed feed)
    {
        uint vni = (uint)(feed.Cursor >> 32) & Vni.MaxValue;
        int index = (int)(feed.Cursor & int.MaxValue);
        MacVrf? vrf = _vrfs.Values.Where(v => v.Vni.Value >= vni).MinBy(static v => v.Vni.Value);
        if (vrf is null)
        {
            return false;
        }

        index = vrf.Vni.Value == vni ? index : 0;
        while (index < vrf.Macs.High && feed.HasRoom)
        {
            ref MacState state = ref vrf.Macs[index];
            if (state.SeenOrigin == FdbOrigin.Local)
            {
                uint sequence = vrf.SequenceOf(index);
                feed.Tell(new LocalEvent
                {
                    Kind = sequence > 0 ? LocalEventKind.MacMoved : LocalEventKind.MacLearned,
                    Vni = vrf.Vni,
                    Mac = new MacAddress(state.Mac),
                    Port = vrf.Targets[state.SeenTarget]!.Port!.Name,
                    Sequence = sequence,
                });
            }

            index++;
        }

        bool isDone = index >= vrf.Macs.High;
        if (isDone && vrf.Vni.Value == Vni.MaxValue)
        {
            return false;
        }

        feed.Cursor = ((long)MacStage << 56) | ((long)(isDone ? vrf.Vni.Value + 1 : vrf.Vni.Value) << 32) | (uint)(isDone ? 0 : index);
        return true;
    }

    /// <summary>One slice of one VNI's neighbours on ports; false at the end of all.</summary>
    private bool ReplayNeighbors(PlaneFeed feed)
    {
        uint vni = (uint)(feed.Cursor >> 32) & Vni.MaxValue;
        int index = (int)(feed.Cursor & int.MaxValue);
        MacVrf? vrf = _vrfs.Values.Where(v => v.Vni.Value >= vni).MinBy(static v => v.Vni.Value);
        if (vrf is null)
        {
            return false;
        }

        index = vrf.Vni.Value == vni ? index : 0;
        StructPool<SeenNeighbor> seen = vrf.SeenNeighbors.Items;
        while (index < seen.High && feed.HasRoom)
        {
            ref SeenNeighbor neighbor = ref seen[index++];
            if (neighbor.Mac != 0 && neighbor.HeldUntil == 0 && new FdbTarget(neighbor.Place).IsPort)
            {
                feed.Tell(EventOf(vrf, LocalEventKind.NeighborLearned, neighbor));
            }
        }

        bool isDone = index >= seen.High;
        if (isDone && vrf.Vni.Value == Vni.MaxValue)
        {
            return false;
        }

        feed.Cursor = ((long)NeighborStage << 56) | ((long)(isDone ? vrf.Vni.Value + 1 : vrf.Vni.Value) << 32) | (uint)(isDone ? 0 : index);
        return true;
    }
}
