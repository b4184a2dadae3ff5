using Overlay.Encap;

namespace Overlay.Forwarding;

/// <summary>
/// "I saw this source MAC where the FDB does not say it is", or "I have a frame to this MAC, which the FDB does not have." Written by a worker into its bounded ring, read by the control loop, which alone
/// decides and writes. A hint that does not fit is counted and lost; the next frame makes a new one.
/// </summary>
public struct LearnHint : IEquatable<LearnHint>
{
    /// <summary>The VNI in which the frame was seen.</summary>
    public Vni Vni;

    /// <summary>The inner source MAC, of a miss the destination: unicast, not zero.</summary>
    public MacAddress Mac;

    /// <summary>Where it was seen: a port, or the next hop that answers to the outer source.</summary>
    public FdbTarget Seen;

    /// <summary>The outer source address when it was admitted by a prefix and has no next hop yet; the tenant's address with <see cref="IsNeighbor"/>; default otherwise.</summary>
    public UnderlayAddress Source;

    /// <summary>The encapsulation it came in; meaningful with <see cref="Source"/>.</summary>
    public EncapKind Encap;

    /// <summary>True when <see cref="Source"/> is set and <see cref="Seen"/> is not.</summary>
    public bool SourceHasNoNextHop;

    /// <summary>The hint is about a neighbour: <see cref="Mac"/> said at <see cref="Seen"/> that it has the tenant's address <see cref="Source"/>.</summary>
    public bool IsNeighbor;

    /// <summary>With <see cref="IsNeighbor"/>: it said that it is a router.</summary>
    public bool IsRouter;

    /// <summary>
    /// The hint is about a destination: nobody is known to have <see cref="Mac"/>, and a frame from <see cref="Seen"/> waits at the worker until
    /// <see cref="IForwardingWriter.ReleaseHeld"/>. It is never lost silently: a frame whose hint does not fit is dropped.
    /// </summary>
    public bool IsMiss;

    /// <inheritdoc/>
    public readonly bool Equals(LearnHint other) =>
        Vni == other.Vni && Mac == other.Mac && Seen == other.Seen && Source.Equals(other.Source) && Encap == other.Encap &&
        SourceHasNoNextHop == other.SourceHasNoNextHop && IsNeighbor == other.IsNeighbor && IsRouter == other.IsRouter && IsMiss == other.IsMiss;

    /// <inheritdoc/>
    public override readonly bool Equals(object? obj) => obj is LearnHint other && Equals(other);

    /// <inheritdoc/>
    public override readonly int GetHashCode() => HashCode.Combine(Vni, Mac, Seen);

    /// <summary>Equality.</summary>
    public static bool operator ==(LearnHint left, LearnHint right) => left.Equals(right);

    /// <summary>Inequality.</summary>
    public static bool operator !=(LearnHint left, LearnHint right) => !left.Equals(right);
}
