namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>What the type 5 routes of a list ask of the attributes they come with (RFC 9136 §3.2, table 1).</summary>
[Flags]
internal enum EvpnNlriTraits : byte
{
    None = 0,

    /// <summary>One has a gateway and a segment.</summary>
    TwoIndexes = 1,

    /// <summary>One has neither: a router MAC would be the overlay index.</summary>
    NoIndex = 2,

    /// <summary>One has neither, and no label.</summary>
    NoIndexNoLabel = 4,
}
