using System.Runtime.CompilerServices;
using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Forwarding;
using Overlay.Dataplane.Pipeline.Misses;
using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Dataplane.Pipeline;

/// <content>
/// Frames to destinations that are asked for. Such a frame is copied into the worker's <see cref="MissQueue"/> and leaves its batch uncounted; the first to a destination makes a hint. It is
/// looked at again before each batch, so that no frame to its destination overtakes it, and when the control thread says that the destination was dealt with. What it finds in the
/// FDB then takes it there; without that it goes as unknown unicast. It is counted then: received and what became of it, once.
/// </content>
public sealed partial class EncapPipeline
{
    private readonly MissInbox _inbox;
    private MissQueue? _misses;
    private int[] _leaving = [];
    private uint _lookedAt;

    /// <summary>Frames that wait. The worker's thread.</summary>
    internal int HeldCount => _misses?.Count ?? 0;

    /// <summary>Says how the worker is woken when a destination was dealt with; it calls <see cref="ReleaseHeld"/> then. Before it starts.</summary>
    /// <param name="wake">Runs on the control thread.</param>
    internal void WakeBy(Action wake) => _inbox.Wake = wake;

    /// <summary>Lets frames go whose destination is known now, or was dealt with. The caller is inside its <see cref="WorkerEpoch"/>.</summary>
    /// <param name="queue">As for <see cref="Process"/>.</param>
    internal void ReleaseHeld(int queue)
    {
        _misses?.Rollback();
        bool isAnswered = !_inbox.IsEmpty;
        bool hasAll = isAnswered && _inbox.BeginTaking();
        if (_misses is not { Count: > 0 } held)
        {
            while (isAnswered && _inbox.TryTake(out _, out _))
            {
            }

            return;
        }

        uint changes = _state.ChangeCount;
        if (!isAnswered && changes == _lookedAt)
            return;

        _lookedAt = changes;
        if (isAnswered)
            NoteAnswers(held, hasAll);

        if (Select(held, _state.Current, hasAll))
            Resend(held, queue);
    }

    /// <summary>For tests: the next look finds nothing new, as if it had been a moment earlier.</summary>
    internal void SkipLook() => _lookedAt = _state.ChangeCount;

    /// <summary>Lets every frame go that waits: at the end of the worker. The caller is inside its <see cref="WorkerEpoch"/>.</summary>
    /// <param name="queue">As for <see cref="Process"/>.</param>
    /// <param name="forwards">Where the FDB says or as unknown unicast; otherwise they are counted as <c>shutting_down</c>.</param>
    internal void FlushHeld(int queue, bool forwards)
    {
        _misses?.Rollback();
        if (_misses is not { Count: > 0 } held)
            return;

        _ = Select(held, _state.Current, all: true);
        if (forwards)
        {
            Resend(held, queue);
            return;
        }

        foreach (ref HeldFrame item in held.Items.AsSpan(0, held.Count))
            CountLost(in item, DropReason.ShuttingDown);

        held.RemoveLeaving();
    }

    // While one to the same destination waits, those that come later wait behind it, whatever the FDB says now.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool WaitsFor(BridgeDomain domain, MacAddress destination) => _misses is { Count: > 0 } held && held.Find(domain.Vni, destination) >= 0;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private DropReason Hold(in OutgoingFrame frame, DomainPort from, MacAddress destination)
    {
        MissQueue held = _misses ??= MakeQueue();
        Vni vni = frame.Domain.Vni;
        bool isAsked = held.Find(vni, destination) >= 0;
        if (!held.TryAdd(from.Port, vni, destination, _egress.OctetsOf(in frame), in frame.Vnet, in frame.Super))
            return DropReason.MissQueueFull;

        // In this order: who reads the hint knows that a frame waits here.
        if (!isAsked && !_ring.TryAdd(new LearnHint { Vni = vni, Mac = destination, Seen = from.Target, IsMiss = true }))
        {
            held.RemoveLast();
            return DropReason.MissQueueFull;
        }

        _egress.Outcomes.MarkHeld(frame.Frame);
        return DropReason.None;
    }

    // Once in a worker's life, and only where a VNI asks.
    private MissQueue MakeQueue()
    {
        _leaving = new int[_options.BatchSize];
        return new MissQueue(_inbox);
    }

    private void NoteAnswers(MissQueue held, bool hasAll)
    {
        while (_inbox.TryTake(out Vni vni, out MacAddress mac))
        {
            // The first stands for all to the same destination.
            if (!hasAll && held.Find(vni, mac) is >= 0 and int first)
                held.Items[first].IsAnswered = true;
        }

        int turns = _inbox.Turns;
        int limit = _inbox.TurnLimit;
        foreach (ref HeldFrame item in held.Items.AsSpan(0, held.Count))
            item.IsAnswered |= limit > 0 && turns - item.Turn > limit;
    }

    /// <summary>Marks the frames that leave. To one destination all do or none: the FDB may change while we look, and none of them may overtake an earlier one.</summary>
    private static bool Select(MissQueue held, ForwardingTables tables, bool all)
    {
        bool any = false;
        for (int i = 0; i < held.Count; i++)
        {
            ref HeldFrame item = ref held.Items[i];
            int first = held.Find(item.Vni, item.Destination);
            BridgeDomain? domain = tables.Vnis.Find(item.Vni);
            item.Leaves = all || domain is null
                || (first < i ? held.Items[first].IsAnswered : item.IsAnswered || domain.Decide(item.Destination, item.PortIndex).Verdict != ForwardingVerdict.Miss);

            // Marks what follows it too.
            item.IsAnswered = item.Leaves;
            item.Leaves |= domain is null || tables.Find(item.Port!)?.In(domain) is null;
            any |= item.Leaves;
        }

        return any;
    }

    private void Resend(MissQueue held, int queue)
    {
        ForwardingTables tables = _state.Current;
        int next = 0;
        while (next < held.Count)
        {
            int count = 0;
            for (; next < held.Count && count < _leaving.Length; next++)
            {
                if (held.Items[next].Leaves)
                    _leaving[count++] = next;
            }

            if (count != 0)
                ResendBatch(held, tables, count, next, queue);
        }

        held.RemoveLeaving();
    }

    private void ResendBatch(MissQueue held, ForwardingTables tables, int count, int next, int queue)
    {
        try
        {
            _egress.Begin(tables, held.Slab, count, queue);
            _storm.BeginBatch();
            _replies.BeginBatch();
            for (int i = 0; i < count; i++)
            {
                ref HeldFrame item = ref held.Items[_leaving[i]];
                _egress.Outcomes.SetWeight(i, item.Weight);
                DropReason reason = Forward(tables, in item, i, held.Slab);
                if (reason != DropReason.None)
                    _egress.Outcomes.MarkDropped(i, reason);
            }

            _egress.Complete();
        }
        catch
        {
            // Nothing of it was counted, and what is behind it in the queue has its turn another time.
            for (int i = 0; i < count; i++)
                CountLost(in held.Items[_leaving[i]], DropReason.InternalError);

            for (int i = next; i < held.Count; i++)
                held.Items[i].Leaves = false;

            held.RemoveLeaving();
            _lookedAt--;
            throw;
        }

        int received = 0;
        for (int i = 0; i < count; i++)
            received += TallyHeld(tables, in held.Items[_leaving[i]], i, held.Slab);

        _counters.AddReceivedHeld(Direction.Tx, received);
    }

    private DropReason Forward(ForwardingTables tables, in HeldFrame item, int index, byte[] slab)
    {
        if (tables.Vnis.Find(item.Vni) is not { } domain)
            return DropReason.VniUnknown;

        _egress.NoteDomain(index, domain);
        if (tables.Find(item.Port!)?.In(domain) is not { } place)
            return DropReason.PortDown;

        OutgoingFrame outgoing = new()
        {
            Frame = index,
            Offset = item.Offset,
            Length = item.Length,
            Domain = domain,
            Templates = place.Templates,
            Vnet = item.Vnet,
            Super = item.Super,
        };
        ForwardingDecision decision = domain.Decide(item.Destination, place.Port.Id.Index);
        if (decision.Verdict == ForwardingVerdict.Miss)
            decision = domain.OnUnknown;

        DropReason reason = Dispatch(tables, ref outgoing, decision, place, item.Destination);
        return reason == DropReason.TooBigSilent ? TellTooBig(place, in outgoing, slab) : reason;
    }

    private int TallyHeld(ForwardingTables tables, in HeldFrame item, int index, byte[] slab)
    {
        FrameOutcomes outcomes = _egress.Outcomes;
        int weight = item.Weight;
        if (tables.Find(item.Port!) is { } binding)
            binding.Port.Traffic.Add(_counters.Index, (int)Direction.Tx, weight, item.Length + ((weight - 1) * item.Vnet.HdrLen));

        DropReason reason = outcomes.IsPending(index) ? DropReason.InternalError : outcomes.ReasonOf(index);
        int lost = weight;
        if (outcomes.IsDelivered(index))
        {
            lost = outcomes.LostOf(index, out reason);
            _counters.AddDelivered(Direction.Tx, weight - lost);
        }

        if (lost != 0)
            CountDropped(slab.AsSpan(item.Offset, item.Length), index, reason, lost);

        return weight;
    }

    private void CountLost(in HeldFrame item, DropReason reason)
    {
        _counters.AddReceivedHeld(Direction.Tx, item.Weight);
        _counters.AddDropped(Direction.Tx, reason, item.Weight);
    }
}
