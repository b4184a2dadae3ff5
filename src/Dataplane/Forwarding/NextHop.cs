using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Dataplane.Forwarding;

/// <summary>
/// A way to a VTEP, ready to use: address, encapsulation, port and the tunnel header templates. Immutable but for the VTEP's state, which is
/// read through <see cref="Vtep"/>. Published by a release store into the next-hop table; dropped by the garbage collector when no worker can see it any more.
/// </summary>
public sealed class NextHop
{
    /// <summary>Makes a next hop.</summary>
    /// <param name="id">Its index.</param>
    /// <param name="vtep">The VTEP behind it; for a group, any.</param>
    /// <param name="spec">What it was made from.</param>
    /// <param name="members">Members if it is a group; empty otherwise.</param>
    public NextHop(NextHopId id, Vtep vtep, in NextHopSpec spec, NextHop[] members)
    {
        Id = id;
        Vtep = vtep;
        Spec = spec;
        Members = members;
    }

    /// <summary>Its index.</summary>
    public NextHopId Id { get; }

    /// <summary>The VTEP whose state decides.</summary>
    public Vtep Vtep { get; }

    /// <summary>Address, encapsulation, port.</summary>
    public NextHopSpec Spec { get; }

    /// <summary>Members of a group; empty for a plain next hop.</summary>
    public NextHop[] Members { get; }

    /// <summary>True if this is a group.</summary>
    public bool IsGroup => Members.Length != 0;
}
