namespace Overlay.Control.Evpn.Rib;

/// <summary>A route of ours. An item of a pool, 72 octets; never an object.</summary>
internal struct LocalRoute
{
    /// <summary>The NLRI. With its route distinguisher, so that one that changes is another route and the old one is withdrawn by it.</summary>
    public RibKey Key;

    /// <summary>The VNI: its label.</summary>
    public uint Vni;

    /// <summary>Mobility sequence to announce it with; 0 for none.</summary>
    public uint Sequence;

    /// <summary>Where it stands in the order of changes.</summary>
    public int Position;

    /// <summary>The run of facts that named it last.</summary>
    public uint Generation;

    /// <summary>Of a MAC: the first of its routes with an address. Of those: the MAC's route. -1 for none.</summary>
    public int Kin;

    /// <summary>Neighbours in the list of a MAC's routes with an address.</summary>
    public int Next;

    /// <inheritdoc cref="Next"/>
    public int Previous;

    /// <summary>It is a fact here.</summary>
    public bool IsLive;

    /// <summary>It waits until every session has withdrawn it.</summary>
    public bool IsQueued;
}
