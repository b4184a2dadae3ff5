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
    private bool _isReleased;
    private int _trainLimit = int.MaxValue;
    private int _untilProbe;
    private int _pathMtu;
    private int _payloadLimit = int.MaxValue;

    /// <summary>The column of <see cref="Traffic"/> that counts frames too long for the path.</summary>
    public const int TooBigColumn = 2;

    /// <summary>The column of <see cref="Traffic"/> that counts those of them whose sender was told.</summary>
    public const int ToldColumn = 3;

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

    /// <summary>The path MTU that the network told us, outer IP header included; 0 if it told none.</summary>
    public int PathMtu => Volatile.Read(ref _pathMtu);

    /// <summary>Octets of UDP payload that the path takes by what the network told us; without that, no limit.</summary>
    public int PayloadLimit => Volatile.Read(ref _payloadLimit);

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

    /// <summary>Takes over what the network says of the path, or forgets it (0). Any thread.</summary>
    internal void SetPathMtu(int mtu)
    {
        if (Volatile.Read(ref _pathMtu) == mtu)
            return;

        Volatile.Write(ref _pathMtu, mtu);
        Volatile.Write(ref _payloadLimit, mtu == 0 ? int.MaxValue : mtu - (Spec.Address.IsIPv4 ? OuterIPv4Length : OuterIPv6Length));
    }

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
