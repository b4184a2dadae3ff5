using Overlay.Control.Tables;
using Overlay.Encap;

namespace Overlay.Control.Loop;

/// <summary>
/// A message in the mailbox: a struct, so that a route on its way costs no object. Fields are used as the kind needs them;
/// <see cref="Mac"/>, <see cref="Flag"/> and <see cref="Number"/> serve several.
/// </summary>
internal struct ControlMessage
{
    public ControlMessageKind Kind;

    /// <summary>Connected, router, sticky or meant.</summary>
    public bool Flag;

    /// <summary>The plane it is from; null for calls.</summary>
    public PlaneState? Plane;

    public string? Session;

    public Vni Vni;

    public MacAddress Mac;

    public UnderlayAddress Address;

    public NextHopRef NextHop;

    /// <summary>Sequence, group or cause.</summary>
    public uint Number;

    /// <summary>Expiry or hold in ticks; -1 for none.</summary>
    public long Ticks;

    /// <summary>The VNI names a scope.</summary>
    public bool HasVni;

    /// <summary>A description, the members of a group, or the call.</summary>
    public object? Payload;
}
