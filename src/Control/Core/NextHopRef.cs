using Overlay.Encap;

namespace Overlay.Control;

/// <summary>
/// How a route names the way to a VTEP. Either a VTEP (by identity, with an address if the plane says which), or a group that the plane has
/// defined with <see cref="IRouteSink.UpsertGroup"/>.
/// </summary>
/// <param name="Vtep">The VTEP's identity; a plane that knows only addresses uses the address as the name. Default for a group.</param>
/// <param name="Address">The outer destination; default means "any of the VTEP's addresses".</param>
/// <param name="Encap">The encapsulation the plane asks for; null leaves it to the peer's configuration.</param>
/// <param name="Port">The UDP port the plane asks for; 0 leaves it to the peer's configuration.</param>
/// <param name="Group">The group's number within the plane, or 0 for none.</param>
public readonly record struct NextHopRef(VtepEndpoint Vtep, UnderlayAddress Address, EncapKind? Encap, ushort Port, int Group)
{
    /// <summary>A reference to a VTEP by name, all else by its description.</summary>
    public static NextHopRef To(VtepEndpoint vtep) => new(vtep, default, null, 0, 0);

    /// <summary>A reference to a group of the same plane.</summary>
    public static NextHopRef ToGroup(int group) => new(default, default, null, 0, group);

    /// <summary>True if it names a group.</summary>
    public bool IsGroup => Group != 0;
}
