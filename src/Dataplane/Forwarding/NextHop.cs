using System.Runtime.CompilerServices;
using Overlay.Dataplane.Diagnostics;
using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Dataplane.Forwarding;

/// <summary>
/// A way to a VTEP, ready to use: address, encapsulation, port; or a group of such ways. Immutable but for the VTEP's state, which is
/// read through <see cref="Vtep"/>, and for what is counted and seen. Published by a release store into the next-hop table; dropped by the garbage
/// collector when no worker can see it any more.
/// </summary>
public sealed class NextHop
{
    private const long NothingSeen = -1;
    private long _seenPolicy = NothingSeen;
    private long _seenIdentity = NothingSeen;
    private const int ProbeAfter = 4096;
    private const int OuterIPv4Length = 20 + 8;
    private const int OuterIPv6Length = 40 + 8;
    private const int LongestIPv4Payload = 65_535 - 20 - 8;
    private const int LongestIPv6Payload = 65_535 - 8;
    private bool _isReleased;
    private int _trainLimit = int.MaxValue;
    private int _untilProbe;
    private int _payloadLimit;
    private TooBigHistory? _tooBig;

    // Columns of Traffic beside those of the directions: frames over the known limit and those of them whose sender was told; those that were lost without a word
    // and those that the kernel refused. Two counts a column: there are no octets to count.
    private const int TooBigColumn = 2;
    private const int SilentColumn = 3;

    /// <summary>Makes a next hop.</summary>
    /// <param name="id">Its index.</param>
    /// <param name="vtep">The VTEP behind it; for a group, any.</param>
    /// <param name="spec">What it was made from.</param>
    /// <param name="members">Members if it is a group; empty otherwise.</param>
    /// <param name="workers">Workers that may count, 1 or more.</param>
    public NextHop(NextHopId id, Vtep vtep, in NextHopSpec spec, NextHop[] members, int workers = 1)
    {
        Id = id;
        Vtep = vtep;
        Spec = spec;
        Members = members;
        Traffic = new TrafficCounters(workers);
        _payloadLimit = LongestPayload;
    }

    /// <summary>Its index.</summary>
    public NextHopId Id { get; }

    /// <summary>The VTEP whose state decides.</summary>
    public Vtep Vtep { get; }

    /// <summary>Address, encapsulation, port.</summary>
    public NextHopSpec Spec { get; }

    /// <summary>Members of a group; empty for a plain next hop.</summary>
    public NextHop[] Members { get; }

    /// <summary>Where this is a multicast group: the device it is sent by. Null for a VTEP.</summary>
    public GroupPath? Path { get; internal init; }

    /// <summary>True if this is a group of next hops.</summary>
    public bool IsGroup => Members.Length != 0;

    /// <summary>Datagrams and octets of UDP payload: column <see cref="Direction.Tx"/> sent to it, <see cref="Direction.Rx"/> delivered from it.</summary>
    public TrafficCounters Traffic { get; }

    /// <summary>The policy id that last came from it; null if none ever did.</summary>
    public uint? SeenPolicy => Volatile.Read(ref _seenPolicy) is var seen && seen == NothingSeen ? null : (uint)seen;

    /// <summary>The source identity that last came from it; null if none ever did.</summary>
    public uint? SeenIdentity => Volatile.Read(ref _seenIdentity) is var seen && seen == NothingSeen ? null : (uint)seen;

    /// <summary>
    /// Octets of a datagram that may share a message with others (UDP_SEGMENT): what is longer did not fit the path, or 0 where the kernel refuses such messages at all.
    /// Tried again after some thousand datagrams.
    /// </summary>
    public int TrainLimit => Volatile.Read(ref _trainLimit);

    /// <summary>The path MTU that our kernel or the network told us, outer IP header included; 0 if it told none.</summary>
    public int PathMtu => PayloadLimit is var limit && limit == LongestPayload ? 0 : limit + OuterLength;

    /// <summary>Octets of UDP payload that the path takes by what the network told us; without that, what a UDP datagram can carry.</summary>
    public int PayloadLimit => Volatile.Read(ref _payloadLimit);

    /// <summary>Frames that were too long for the path: over the known limit, or refused by the kernel.</summary>
    public long TooBigFrames => Traffic.Frames(TooBigColumn) + RefusedFrames;

    /// <summary>Those of them whose sender was told.</summary>
    public long ToldFrames => Traffic.Octets(TooBigColumn);

    /// <summary>Those of them whose sender cannot be told: not IP, IPv4 without DF, copies of flooded frames.</summary>
    public long SilentFrames => Traffic.Frames(SilentColumn);

    /// <summary>Those of them that the kernel refused, by which the limit becomes known.</summary>
    public long RefusedFrames => Traffic.Octets(SilentColumn);

    /// <summary>Frames that were lost without a word in the last minute; the kernel's refusals only where they go on. Any thread.</summary>
    public long SilentLately => Volatile.Read(ref _tooBig) is { } history ? history.SilentSince(SilentFrames, RefusedFrames) : SilentFrames;

    /// <summary>True if nobody refers to it any more and its index waits to be reused.</summary>
    public bool IsReleased
    {
        get => Volatile.Read(ref _isReleased);
        internal set => Volatile.Write(ref _isReleased, value);
    }

    /// <summary>The next hop to send to: itself, or a group's member, chosen by flow hash among those whose VTEP is up.</summary>
    /// <param name="flowHash">Flow hash of the frame.</param>
    /// <returns>Null if nobody is up (<c>vtep_down</c>).</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public NextHop? Choose(uint flowHash)
    {
        if (Members.Length == 0)
            return Vtep.State == VtepState.Up ? this : null;

        return ChooseMember(flowHash);
    }

    /// <summary>Takes over what is known of the path, or forgets it (0). One word is stored, so that readers see one state. By <see cref="Underlay.PathMtuTable"/> alone.</summary>
    internal void SetPathMtu(int mtu)
    {
        int limit = mtu == 0 ? LongestPayload : Math.Min(mtu - OuterLength, LongestPayload);
        if (Volatile.Read(ref _payloadLimit) != limit)
            Volatile.Write(ref _payloadLimit, limit);
    }

    /// <summary>Counts frames over the known limit. By the worker alone, as the others.</summary>
    internal void CountTooBig(int worker, int frames) => Traffic.Add(worker, TooBigColumn, frames, 0);

    /// <summary>Counts those of them whose sender was told.</summary>
    internal void CountTold(int worker, int frames) => Traffic.Add(worker, TooBigColumn, 0, frames);

    /// <summary>Counts those of them whose sender cannot be told.</summary>
    internal void CountSilent(int worker, int frames) => Traffic.Add(worker, SilentColumn, frames, 0);

    /// <summary>Counts frames that the kernel refused as too long.</summary>
    internal void CountRefused(int worker, int frames) => Traffic.Add(worker, SilentColumn, 0, frames);

    /// <summary>Notes where the counters are, for <see cref="SilentLately"/>. Every five seconds, by one thread.</summary>
    internal void SampleTooBig()
    {
        (long silent, long refused) = (SilentFrames, RefusedFrames);
        TooBigHistory? history = _tooBig;
        if (history is null)
        {
            if (silent + refused == 0)
                return;
            history = new TooBigHistory();
        }

        history.Add(silent, refused);
        Volatile.Write(ref _tooBig, history);
    }

    private int OuterLength => Spec.Address.IsIPv4 ? OuterIPv4Length : OuterIPv6Length;

    private int LongestPayload => Spec.Address.IsIPv4 ? LongestIPv4Payload : LongestIPv6Payload;

    /// <summary>Whether datagrams of a length may share a message; counts down to the next try. Several threads may do so: the count need not be exact.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool MayTrain(int datagramLength) => datagramLength <= _trainLimit || MayTrainAgain();

    /// <summary>A message of several datagrams was refused.</summary>
    /// <param name="limit">Octets of a datagram that may still share one.</param>
    internal void TrainsRefused(int limit)
    {
        Volatile.Write(ref _untilProbe, ProbeAfter);
        Volatile.Write(ref _trainLimit, limit);
    }

    /// <summary>Notes what a frame from it carried. Stores only what differs, so that workers do not dirty the line with every frame.</summary>
    internal void NoteOptions(in TunnelInfo info)
    {
        if (info.HasPolicy && Volatile.Read(ref _seenPolicy) != info.PolicyId)
            Volatile.Write(ref _seenPolicy, info.PolicyId);

        if (info.HasIdentity && Volatile.Read(ref _seenIdentity) != info.Identity)
            Volatile.Write(ref _seenIdentity, info.Identity);
    }

    private bool MayTrainAgain()
    {
        if (--_untilProbe > 0)
            return false;

        Volatile.Write(ref _trainLimit, int.MaxValue);
        return true;
    }

    // The flow's own member first: when another member dies, only that member's flows move.
    private NextHop? ChooseMember(uint flowHash)
    {
        NextHop preferred = Members[flowHash % (uint)Members.Length];
        if (preferred.Vtep.State == VtepState.Up)
            return preferred;

        uint up = 0;
        foreach (NextHop member in Members)
            up += member.Vtep.State == VtepState.Up ? 1u : 0;

        if (up == 0)
            return null;

        uint wanted = (flowHash / (uint)Members.Length) % up;
        foreach (NextHop member in Members)
        {
            if (member.Vtep.State == VtepState.Up && wanted-- == 0)
                return member;
        }

        // A member went down between the two passes.
        return null;
    }
}
