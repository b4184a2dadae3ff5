namespace Overlay.Dataplane.Ports;

/// <summary>
/// What the next hops of one VNI leave for a tenant's packet, less what a port adds: octets, <see cref="int.MaxValue"/> for what limits nothing.
/// </summary>
/// <param name="HasPeers">It has next hops, of whatever kind.</param>
/// <param name="Plain">By the links to those that are sent no options (VXLAN).</param>
/// <param name="Optioned">By the links to those that are sent options (Geneve).</param>
/// <param name="PlainPath">By the known paths to those that are sent no options.</param>
/// <param name="OptionedPath">By the known paths to those that are sent options.</param>
internal readonly record struct VniRoom(bool HasPeers, int Plain, int Optioned, int PlainPath, int OptionedPath)
{
    /// <summary>Nothing is known that limits.</summary>
    internal static VniRoom Unlimited { get; } = new(HasPeers: false, int.MaxValue, int.MaxValue, int.MaxValue, int.MaxValue);
}
