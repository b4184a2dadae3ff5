namespace Overlay.Control.Evpn.Rib;

/// <summary>What one peer says of one NLRI: a route of its Adj-RIB-In. An item of a pool, 32 octets; never an object.</summary>
internal struct RibPath
{
    /// <summary>Index of the NLRI.</summary>
    public int Entry;

    /// <summary>Next path of the same NLRI, or -1.</summary>
    public int Next;

    /// <summary>Index of its attributes; 0 marks a free item.</summary>
    public int Attributes;

    /// <summary>The label, 24 bits: the VNI (RFC 8365 §5.1.3). Of type 3 that of the PMSI tunnel.</summary>
    public uint Label;

    /// <summary>Segment, gateway and second label, by their number in <see cref="RouteExtras"/>; 0 for none of them.</summary>
    public int Extra;

    /// <summary>The peer's generation when it was last given; mark and sweep compares it.</summary>
    public uint Generation;

    /// <summary>Tenths of a second: when it came or changed.</summary>
    public uint Since;

    /// <summary>Index of the peer.</summary>
    public ushort Peer;

    /// <summary>Why it cannot be used; by the configuration and the local addresses of now.</summary>
    public PathProblem Problem;
}
