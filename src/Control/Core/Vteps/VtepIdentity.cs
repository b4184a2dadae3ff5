using System.Collections.Immutable;
using Overlay.Control.Tables;
using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Control.Vteps;

/// <summary>
/// A VTEP by name: what planes said of it, merged; and, if it is the one that speaks for its addresses (<see cref="Canonical"/> is itself), its
/// place in the forwarding tables.
/// </summary>
internal sealed class VtepIdentity
{
    public VtepIdentity(VtepEndpoint endpoint)
    {
        Endpoint = endpoint;
        Canonical = this;
    }

    public VtepEndpoint Endpoint { get; }

    /// <summary>Who said what, in no order.</summary>
    public List<(SourceState Source, VtepDescription Description, uint Generation)> Descriptions { get; } = [];

    /// <summary>Targets of all VNIs that name it.</summary>
    public int References { get; set; }

    /// <summary>Addresses by preference: the best description's first; of an identity nobody described, its name if that is an address.</summary>
    public ImmutableArray<UnderlayAddress> Addresses { get; set; } = [];

    public ImmutableArray<UnderlayAddress> AlsoFrom { get; set; } = [];

    public EncapKind? Encap { get; set; }

    /// <summary>The port that goes with <see cref="Encap"/>; 0 for the default.</summary>
    public ushort Port { get; set; }

    public PolicyOptionMode PolicyOption { get; set; }

    /// <summary>Rank of the best description; those nobody described come last.</summary>
    public int Rank { get; set; } = int.MaxValue;

    /// <summary>The identity this one is another name of; itself if of none.</summary>
    public VtepIdentity Canonical { get; set; }

    /// <summary>Whether it may be sent to; survives the coming and going of its next hops.</summary>
    public VtepState State { get; set; }

    /// <summary>Its index while any next hop is held.</summary>
    public VtepId? Id { get; set; }

    /// <summary>Next hops held.</summary>
    public int Holds { get; set; }

    public bool IsDescribed => Descriptions.Count > 0;
}
