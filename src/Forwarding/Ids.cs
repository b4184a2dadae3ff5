namespace Overlay.Forwarding;

/// <summary>Index of a VTEP in the forwarding tables. Reused only after every worker has passed a batch boundary.</summary>
/// <param name="Index">0-based index.</param>
public readonly record struct VtepId(int Index);

/// <summary>Index of a next hop, or of a group of next hops, in the forwarding tables. Reused only after every worker has passed a batch boundary.</summary>
/// <param name="Index">0-based index.</param>
public readonly record struct NextHopId(int Index);

/// <summary>Index of a port in the forwarding tables. Reused only after every worker has passed a batch boundary.</summary>
/// <param name="Index">0-based index.</param>
public readonly record struct PortId(int Index);
