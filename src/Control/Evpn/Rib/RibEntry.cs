namespace Overlay.Control.Evpn.Rib;

/// <summary>One NLRI and what peers say of it. An item of a pool, 72 octets; never an object.</summary>
internal struct RibEntry
{
    public RibKey Key;

    /// <summary>First of its paths, one a peer at most; -1 for none.</summary>
    public int Head;

    /// <summary>The best of them, usable or not; -1 for none.</summary>
    public int Best;

    /// <summary>The MAC or the flood list it is imported into; <see cref="ImportLink.At"/> is -1 if it is not.</summary>
    public ImportLink Main;

    /// <summary>The address binding that a MAC route with an address gives besides.</summary>
    public ImportLink Neighbor;
}

/// <summary>The place of an entry in the list of what is imported under one key.</summary>
internal struct ImportLink
{
    public int At;
    public int Next;
    public int Previous;

    public static ImportLink None => new() { At = -1, Next = -1, Previous = -1 };
}
