using System.Runtime.CompilerServices;
using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Forwarding;
using Overlay.Dataplane.Pipeline;
using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Dataplane.Neighbors;

/// <summary>
/// What a worker does about ARP and neighbour discovery in VNIs that suppress them: what a message says becomes a hint if the table does not say the same, what it asks is looked up.
/// Owned by one worker; no allocation, lock or clock.
/// </summary>
internal sealed class NeighborWatch(ForwardingState state, WorkerCounters counters, LearnRing ring)
{
    private const int FilterSize = 64;
    private readonly ulong[] _said = new ulong[FilterSize];
    private readonly uint[] _batches = new uint[FilterSize];
    private uint _batch;

    internal void BeginBatch() => _batch++;

    /// <summary>True if a frame is to be looked at in a domain.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool Concerns(BridgeDomain domain, ReadOnlySpan<byte> frame) => domain.WatchesNeighbors && NeighborMessage.MayBe(frame);

    /// <summary>Reads a frame that <see cref="Concerns"/>, and learns what it says.</summary>
    /// <param name="domain">Its VNI.</param>
    /// <param name="frame">From the destination MAC on; its source was judged.</param>
    /// <param name="seen">Where it came from; null if nothing is to be learned there.</param>
    internal NeighborMessage Read(BridgeDomain domain, ReadOnlySpan<byte> frame, FdbTarget? seen)
    {
        NeighborMessage message = NeighborMessage.Read(frame);
        bool isWatched = message.IsIPv6 ? domain.Spec.NdSuppress : domain.Spec.ArpSuppress;
        if (!isWatched)
            return default;

        if (message.Says && seen is { } place)
            Learn(domain, in message, place);

        return message;
    }

    /// <summary>
    /// Looks up the target of a question from a port. There is an answer only if its MAC is in the FDB as well, is not the asker's, and is not behind the port that asks: there, the
    /// target has heard the question itself.
    /// </summary>
    internal static bool TryFind(BridgeDomain domain, in NeighborMessage message, FdbTarget from, out NeighborEntry entry)
    {
        entry = domain.State.Neighbors.Find(message.Target, out _);
        if (!entry.IsPresent || entry.Mac == message.Mac)
            return false;

        FdbEntry place = domain.State.Fdb.Find(entry.Mac);
        return place.IsPresent && (place.Flags & FdbFlags.Frozen) == 0 && place.Target != from && (!entry.IsSeen || entry.Place == place.Target);
    }

    /// <summary>Counts a question.</summary>
    internal void Count(BridgeDomain domain, bool isIPv6, bool answered) =>
        domain.State.Questions.Add(counters.Index, DomainState.QuestionColumnOf(isIPv6, answered), 1, 0);

    private void Learn(BridgeDomain domain, in NeighborMessage message, FdbTarget seen)
    {
        NeighborEntry known = domain.State.Neighbors.Find(message.Sender, out FdbUse use);
        if (known.IsPresent && !known.IsSeen)
            return;

        // ARP does not tell who is a router, and only IPv6 wants to know.
        bool isSame = known.IsPresent && known.Mac == message.Mac && known.IsRouter == message.IsRouter;
        if (isSame && known.Place == domain.State.Fdb.Find(message.Mac).Target)
        {
            use.Touch(state.Epoch);
            return;
        }

        // One hint a batch for an address: a host that is refused, or two that fight, cost no more.
        ulong said = message.Sender.Lo ^ (message.Sender.Hi << 1) ^ ((ulong)domain.Vni.Value << 40) ^ (message.Mac.Value << 8);
        int cell = (int)((said ^ (said >> 17) ^ (said >> 41)) & (FilterSize - 1));
        if (_batches[cell] == _batch && _said[cell] == said)
            return;

        LearnHint hint = new() { Vni = domain.Vni, Mac = message.Mac, Seen = seen, Source = message.Sender, IsNeighbor = true, IsRouter = message.IsRouter };
        if (!ring.TryAdd(in hint))
        {
            counters.AddAnomaly(AnomalyKind.LearnHintLost);
            return;
        }

        _batches[cell] = _batch;
        _said[cell] = said;
    }
}
