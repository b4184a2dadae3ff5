using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Forwarding;
using Overlay.Encap;

namespace Overlay.Dataplane.Pipeline;

/// <summary>Counts what became of a batch of datagrams, each exactly once. Owned by one worker.</summary>
internal sealed class DecapTally(Egress egress, WorkerCounters counters)
{
    /// <summary>Counts a batch that is done.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="count">Its datagrams.</param>
    /// <param name="sources">Index by index the next hop that answers to the outer source; negative for none.</param>
    internal void Count(DatagramBatch batch, int count, int[] sources)
    {
        FrameOutcomes outcomes = egress.Outcomes;
        int delivered = 0;
        int consumed = 0;
        Run run = default;
        for (int i = 0; i < count; i++)
        {
            if (outcomes.IsDelivered(i))
            {
                delivered++;
                BridgeDomain? domain = egress.DomainOf(i);
                if (sources[i] != run.Source || domain != run.Domain || batch.Info[i].Encap != run.Encap)
                {
                    Add(in run);
                    run = new Run { Domain = domain, Source = sources[i], Encap = batch.Info[i].Encap };
                }

                run.Frames++;
                run.Octets += batch.Items[i].Length;
            }
            else if (outcomes.IsConsumed(i))
            {
                consumed++;
            }
            else
            {
                DropReason reason = outcomes.IsPending(i) ? DropReason.InternalError : outcomes.ReasonOf(i);
                counters.AddDropped(Direction.Rx, reason);
                counters.OfferSample(Direction.Rx, reason, batch.Datagram(i), egress.DomainOf(i)?.Vni, batch.Info[i].Source);
            }
        }

        Add(in run);
        counters.AddDelivered(Direction.Rx, delivered);
        counters.AddConsumed(Direction.Rx, consumed);
        counters.AddReceived(Direction.Rx, count);
    }

    private void Add(in Run run)
    {
        if (run.Frames == 0)
            return;

        run.Domain?.State.Traffic.Add(counters.Index, DomainState.ColumnOf(Direction.Rx, run.Encap), run.Frames, run.Octets);
        if (run.Source >= 0)
            egress.FindNextHop(run.Source)?.Traffic.Add(counters.Index, (int)Direction.Rx, run.Frames, run.Octets);
    }

    // Delivered datagrams one after the other that move the same counters.
    private struct Run
    {
        internal BridgeDomain? Domain;
        internal int Source;
        internal EncapKind Encap;
        internal int Frames;
        internal long Octets;
    }
}
